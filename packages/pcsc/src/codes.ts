/** One PC/SC return code: what it means in plain words and what to do next. */
export interface PcscCodeRow {
  readonly code: number
  readonly name: string
  /** What happened, as the end of a sentence. */
  readonly meaning: string
  /** What the person in front of the reader, or the caller, does next. */
  readonly next: string
}

/** PC/SC return codes (PC/SC Workgroup specification part 5 v2.01.01, as pcsc-lite and winscard define them). */
export const pcscCodes = [
  {
    code: 0x80100001,
    name: 'SCARD_F_INTERNAL_ERROR',
    meaning: 'the smart-card service failed inside',
    next: 'restart the service and try again',
  },
  { code: 0x80100002, name: 'SCARD_E_CANCELLED', meaning: 'the call was cancelled', next: 'call again if it was not meant' },
  {
    code: 0x80100003,
    name: 'SCARD_E_INVALID_HANDLE',
    meaning: 'the connection is no longer known to the service',
    next: 'open the service and connect to the card again',
  },
  {
    code: 0x80100004,
    name: 'SCARD_E_INVALID_PARAMETER',
    meaning: 'the service refused a parameter',
    next: 'check the reader name and the length of the command',
  },
  {
    code: 0x80100005,
    name: 'SCARD_E_INVALID_TARGET',
    meaning: 'the registry entry of the service is wrong',
    next: 'reinstall the smart-card service',
  },
  {
    code: 0x80100006,
    name: 'SCARD_E_NO_MEMORY',
    meaning: 'the service is out of memory',
    next: 'close other programs that use readers, or restart the service',
  },
  {
    code: 0x80100007,
    name: 'SCARD_F_WAITED_TOO_LONG',
    meaning: 'an inner timer of the service ran out',
    next: 'restart the service and try again',
  },
  {
    code: 0x80100008,
    name: 'SCARD_E_INSUFFICIENT_BUFFER',
    meaning: 'the answer is longer than the largest APDU',
    next: 'ask the card for less at a time',
  },
  {
    code: 0x80100009,
    name: 'SCARD_E_UNKNOWN_READER',
    meaning: 'there is no reader of that name',
    next: 'list the readers and use one of their names',
  },
  {
    code: 0x8010000a,
    name: 'SCARD_E_TIMEOUT',
    meaning: 'there was no answer in time',
    next: 'check the reader and the card, then connect again',
  },
  {
    code: 0x8010000b,
    name: 'SCARD_E_SHARING_VIOLATION',
    meaning: 'another program is using the card',
    next: 'close that program, or connect in shared mode where it does',
  },
  { code: 0x8010000c, name: 'SCARD_E_NO_SMARTCARD', meaning: 'there is no card in the reader', next: 'insert the card' },
  {
    code: 0x8010000d,
    name: 'SCARD_E_UNKNOWN_CARD',
    meaning: 'the card is not known to the service',
    next: 'use the card that the reader holds',
  },
  { code: 0x8010000e, name: 'SCARD_E_CANT_DISPOSE', meaning: 'the reader cannot do that on disconnect', next: 'use another disposition' },
  {
    code: 0x8010000f,
    name: 'SCARD_E_PROTO_MISMATCH',
    meaning: 'card and reader have no such protocol in common',
    next: "connect with protocol 'any'",
  },
  { code: 0x80100010, name: 'SCARD_E_NOT_READY', meaning: 'the reader or the card is not ready', next: 'wait a moment and try again' },
  {
    code: 0x80100011,
    name: 'SCARD_E_INVALID_VALUE',
    meaning: 'the service refused a value',
    next: 'check share mode, protocol and disposition',
  },
  {
    code: 0x80100012,
    name: 'SCARD_E_SYSTEM_CANCELLED',
    meaning: 'the system cancelled the call',
    next: 'connect again after the system is back',
  },
  {
    code: 0x80100013,
    name: 'SCARD_F_COMM_ERROR',
    meaning: 'the link to the service broke',
    next: 'check that the service runs, then open it again',
  },
  {
    code: 0x80100014,
    name: 'SCARD_F_UNKNOWN_ERROR',
    meaning: 'the service failed for a reason it does not know',
    next: 'restart the service and try again',
  },
  {
    code: 0x80100015,
    name: 'SCARD_E_INVALID_ATR',
    meaning: "the card's answer to reset is malformed",
    next: 'clean the contacts, reinsert the card, or try another card',
  },
  {
    code: 0x80100016,
    name: 'SCARD_E_NOT_TRANSACTED',
    meaning: 'the exchange with the card did not complete',
    next: 'check that the card is still in the reader, then connect again',
  },
  { code: 0x80100017, name: 'SCARD_E_READER_UNAVAILABLE', meaning: 'the reader is gone', next: 'plug the reader in again' },
  { code: 0x80100018, name: 'SCARD_P_SHUTDOWN', meaning: 'the service is shutting down', next: 'start the service again' },
  { code: 0x80100019, name: 'SCARD_E_PCI_TOO_SMALL', meaning: 'the protocol header is too small', next: "connect with protocol 'any'" },
  {
    code: 0x8010001a,
    name: 'SCARD_E_READER_UNSUPPORTED',
    meaning: 'the driver does not support this reader',
    next: "install the reader's own driver",
  },
  { code: 0x8010001b, name: 'SCARD_E_DUPLICATE_READER', meaning: 'two readers have the same name', next: 'unplug one of them' },
  { code: 0x8010001c, name: 'SCARD_E_CARD_UNSUPPORTED', meaning: 'the reader does not support this card', next: 'use another reader' },
  {
    code: 0x8010001d,
    name: 'SCARD_E_NO_SERVICE',
    meaning: 'the smart-card service is not running',
    next: 'start it (Linux: install pcscd and start it; Windows: start the service "Smart Card")',
  },
  {
    code: 0x8010001e,
    name: 'SCARD_E_SERVICE_STOPPED',
    meaning: 'the smart-card service stopped',
    next: 'start it again, then open it again',
  },
  {
    code: 0x8010001f,
    name: 'SCARD_E_UNEXPECTED',
    meaning: 'the service met something unexpected, or the reader does not have this feature',
    next: 'do without the feature, or restart the service and try again',
  },
  {
    code: 0x80100022,
    name: 'SCARD_E_UNSUPPORTED_FEATURE',
    meaning: 'the reader does not have this feature',
    next: 'use another reader, or do without the feature',
  },
  { code: 0x8010002e, name: 'SCARD_E_NO_READERS_AVAILABLE', meaning: 'there is no reader', next: 'plug a reader in' },
  {
    code: 0x8010002f,
    name: 'SCARD_E_COMM_DATA_LOST',
    meaning: 'bytes between reader and card were lost',
    next: 'reinsert the card and connect again',
  },
  { code: 0x80100031, name: 'SCARD_E_SERVER_TOO_BUSY', meaning: 'the smart-card service is too busy', next: 'wait a moment and try again' },
  { code: 0x80100065, name: 'SCARD_W_UNSUPPORTED_CARD', meaning: 'the reader cannot speak to this card', next: 'use another reader' },
  {
    code: 0x80100066,
    name: 'SCARD_W_UNRESPONSIVE_CARD',
    meaning: 'the card does not answer to reset',
    next: 'reinsert the card, chip first and the right side up; clean its contacts',
  },
  { code: 0x80100067, name: 'SCARD_W_UNPOWERED_CARD', meaning: 'the card has no power', next: 'connect to the card again' },
  {
    code: 0x80100068,
    name: 'SCARD_W_RESET_CARD',
    meaning: 'the card was reset, so its session is gone',
    next: 'reconnect and begin the session again',
  },
  { code: 0x80100069, name: 'SCARD_W_REMOVED_CARD', meaning: 'the card was removed', next: 'insert the card and connect again' },
  {
    code: 0x8010006a,
    name: 'SCARD_W_SECURITY_VIOLATION',
    meaning: 'this user may not use the reader',
    next: 'ask the administrator for access to the smart-card service (on Linux, its polkit rule)',
  },
] as const satisfies readonly PcscCodeRow[]

/** The names of the PC/SC codes that Kart knows. */
export type PcscName = (typeof pcscCodes)[number]['name']

const byCode = new Map<number, PcscCodeRow>(pcscCodes.map((row) => [row.code, row]))
const byName = new Map<string, PcscCodeRow>(pcscCodes.map((row) => [row.name, row]))

/** The row of a PC/SC return code (32 bits, unsigned), or undefined for one that is not in the table. */
export function describePcscCode(code: number): PcscCodeRow | undefined {
  return byCode.get(code >>> 0)
}

/** The row of a PC/SC code by its name. */
export function pcscCodeNamed(name: PcscName): PcscCodeRow {
  return byName.get(name)!
}
