/** A command APDU (ISO/IEC 7816-4:2020, 5.2). */
export interface CommandApdu {
  /** Class byte, 00..FE. */
  readonly cla: number
  /** Instruction byte. */
  readonly ins: number
  readonly p1: number
  readonly p2: number
  /** Command data field, 0..65535 bytes. */
  readonly data: Uint8Array
  /** Most response bytes expected, 0..65536; 0 = none (no Le field). */
  readonly ne: number
}

/** A response APDU (ISO/IEC 7816-4:2020, 5.3). */
export interface ResponseApdu {
  /** Response data field, 0..65536 bytes. */
  readonly data: Uint8Array
  /** SW1-SW2 as a 16-bit number, 6000..6FFF or 9000..9FFF. */
  readonly sw: number
}
