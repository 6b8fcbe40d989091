import { concatBytes, encodeAscii, InputError } from '@kart/codec'

/**
 * The card's identifier in terminal authentication after BAC: the document number with its check digit, filled with `<` to nine characters as in the MRZ
 * (Doc 9303-11, 8th ed., 7.1.2). After PACE it is the card's ephemeral PACE key, compressed. Throws InputError.
 */
export function idPiccFromMrz(documentNumber: string, checkDigit: string): Uint8Array {
  if (!/^[0-9A-Z<]{1,9}$/.test(documentNumber)) throw new InputError('documentNumber', 'not 1 to 9 characters of the MRZ')
  if (!/^[0-9]$/.test(checkDigit)) throw new InputError('checkDigit', 'not a digit')
  return encodeAscii(documentNumber.padEnd(9, '<') + checkDigit)
}

/** What the terminal's signature is over. */
export interface TerminalAuthenticationInput {
  /** ID_PICC: after PACE the card's compressed ephemeral key, after BAC the document number. */
  readonly idPicc: Uint8Array
  /** The card's challenge, 8 bytes. */
  readonly challenge: Uint8Array
  /** Comp(PK) of the terminal's ephemeral key: version 1 that of chip authentication before, version 2 that of chip authentication to come. */
  readonly compressedKey: Uint8Array
  /** The whole authenticated auxiliary data DO'67'; version 2 only. */
  readonly auxiliaryData?: Uint8Array
}

/** ID_PICC || r_PICC || Comp(PK_PCD) || A_PCD (BSI TR-03110-2 v2.21, 3.3.1; TR-03110-1 v2.20, 3.5; Doc 9303-11, 8th ed., 7.1.2). Throws InputError. */
export function terminalAuthenticationData(input: TerminalAuthenticationInput): Uint8Array {
  if (input.challenge.length !== 8) throw new InputError('challenge', 'not 8 bytes')
  if (input.idPicc.length === 0) throw new InputError('idPicc', 'is empty')
  if (input.compressedKey.length === 0) throw new InputError('compressedKey', 'is empty')
  return concatBytes(input.idPicc, input.challenge, input.compressedKey, input.auxiliaryData ?? new Uint8Array(0))
}
