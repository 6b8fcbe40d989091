import type { ResponseApdu } from '@kart/apdu/card'

/** Status words that this card answers (ISO/IEC 7816-4:2020, 5.6). */
export const SW = {
  ok: 0x9000,
  moreData: 0x6100,
  endOfFile: 0x6282,
  locked: 0x6283,
  authenticationFailed: 0x6300,
  moreEntries: 0x6310,
  triesLeft: 0x63c0,
  memoryFailure: 0x6581,
  wrongLength: 0x6700,
  noLogicalChannels: 0x6881,
  noSecureMessaging: 0x6882,
  chainBroken: 0x6883,
  noChaining: 0x6884,
  securityStatus: 0x6982,
  blocked: 0x6983,
  conditions: 0x6985,
  noCurrentFile: 0x6986,
  objectMissing: 0x6987,
  objectWrong: 0x6988,
  wrongData: 0x6a80,
  notSupported: 0x6a81,
  fileNotFound: 0x6a82,
  fileFull: 0x6a84,
  wrongParameters: 0x6a86,
  dataNotFound: 0x6a88,
  fileExists: 0x6a89,
  offset: 0x6b00,
  wrongLe: 0x6c00,
  noInstruction: 0x6d00,
  noClass: 0x6e00,
  internal: 0x6f00,
  // PUT KEY's own (GlobalPlatform Card Specification 2.3.1, 11.8.3.2).
  algorithmNotSupported: 0x9484,
  checkValueWrong: 0x9485,
} as const

/** Thrown inside the card to leave a command with a status word; never leaves `process`. */
export class Refusal extends Error {
  readonly sw: number

  constructor(sw: number) {
    super(`status word ${sw.toString(16)}`)
    this.sw = sw
  }
}

/** Ends the command with this status word. */
export function refuse(sw: number): never {
  throw new Refusal(sw)
}

const nothing = new Uint8Array(0)

/** A response with 9000, or with the status word given. */
export function answer(data: Uint8Array = nothing, sw: number = SW.ok): ResponseApdu {
  return { data, sw }
}
