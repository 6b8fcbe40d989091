import { DecodeError, encodeTlv, InputError } from '@kart/codec'
import { type DerNode, derBitString, derTag } from '../asn1/der.ts'

/** A flag by its name, or by its bit number where the edition that we know names none. */
export type Flag<N extends string> = N | number

/** CommonObjectFlags (ISO/IEC 7816-15:2016, 8.2.8): the position in the list is the bit. */
export const objectFlagNames = ['private', 'modifiable', 'internal'] as const

/** KeyUsageFlags (ISO/IEC 7816-15:2016, 8.2.9). */
export const keyUsageFlagNames = [
  'encipher',
  'decipher',
  'sign',
  'signRecover',
  'keyEncipher',
  'keyDecipher',
  'verify',
  'verifyRecover',
  'derive',
  'nonRepudiation',
] as const

/** KeyAccessFlags (ISO/IEC 7816-15:2016, 8.2.9): how the key came to be and whether it can leave. */
export const keyAccessFlagNames = ['sensitive', 'extractable', 'alwaysSensitive', 'neverExtractable', 'cardGenerated'] as const

/** PasswordFlags, of which biometric objects use some (ISO/IEC 7816-15:2016, 8.9.2 and 8.9.3). */
export const passwordFlagNames = [
  'case-sensitive',
  'local',
  'change-disabled',
  'unblock-disabled',
  'initialized',
  'needs-padding',
  'unblockingPassword',
  'soPassword',
  'disable-allowed',
  'integrity-protected',
  'confidentiality-protected',
  'exchangeRefData',
  'resetRetryCounter1',
  'resetRetryCounter2',
] as const

/** CardFlags of EF.CIAInfo (ISO/IEC 7816-15:2016, 8.10). */
export const cardFlagNames = ['readonly', 'authRequired', 'prnGeneration'] as const

/** Operations of an AlgorithmInfo (ISO/IEC 7816-15:2016, 8.10). */
export const operationNames = [
  'compute-checksum',
  'compute-signature',
  'verify-checksum',
  'verify-signature',
  'encipher',
  'decipher',
  'hash',
  'generate-key',
] as const

export type ObjectFlag = Flag<(typeof objectFlagNames)[number]>
export type KeyUsageFlag = Flag<(typeof keyUsageFlagNames)[number]>
export type KeyAccessFlag = Flag<(typeof keyAccessFlagNames)[number]>
export type PasswordFlag = Flag<(typeof passwordFlagNames)[number]>
export type CardFlag = Flag<(typeof cardFlagNames)[number]>
export type AlgorithmOperation = Flag<(typeof operationNames)[number]>

const maxBits = 64

/**
 * Reads a named bit list in the order of its bits; bits without a name come as numbers. Zero bits at the end are taken, though DER leaves them out: cards in
 * the field write them. Throws DecodeError.
 */
export function readFlags<N extends string>(node: DerNode | undefined, names: readonly N[], what: string): Flag<N>[] {
  const { bytes, unused } = derBitString(node, what)
  const count = 8 * bytes.length - unused
  if (count > maxBits) throw new DecodeError(what, `${count} flags where at most ${maxBits} are read`, { offset: node!.offset })
  const flags: Flag<N>[] = []
  for (let bit = 0; bit < count; bit++) if ((bytes[bit >> 3]! & (0x80 >> (bit & 7))) !== 0) flags.push(names[bit] ?? bit)
  return flags
}

/** BIT STRING of a named bit list, without zero bits at the end (ISO/IEC 8825-1:2021, 11.2.2). Throws InputError for a flag that is neither a name nor 0..63. */
export function encodeFlags<N extends string>(flags: readonly Flag<N>[], names: readonly N[], field: string): Uint8Array {
  const bits = flags.map((flag) => (typeof flag === 'number' ? flag : names.indexOf(flag)))
  if (bits.some((bit) => !Number.isInteger(bit) || bit < 0 || bit >= maxBits)) throw new InputError(field, 'has a flag that does not exist')
  const count = Math.max(-1, ...bits) + 1
  const bytes = new Uint8Array(1 + Math.ceil(count / 8))
  bytes[0] = (8 - (count % 8)) % 8
  for (const bit of bits) bytes[1 + (bit >> 3)]! |= 0x80 >> (bit & 7)
  return encodeTlv(derTag.bitString, bytes)
}
