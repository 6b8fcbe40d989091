import { concatBytes, encodeTlv, InputError } from '@kart/codec'
import { ObjectIdentifier } from 'asn1js'
import { derTag } from './der.ts'

/** SEQUENCE of values that are already DER. */
export function encodeSequence(...values: readonly Uint8Array[]): Uint8Array {
  return encodeTlv(derTag.sequence, values)
}

/** SET OF values that are already DER, put in ascending order as DER asks (ISO/IEC 8825-1:2021, 11.6). */
export function encodeSetOf(...values: readonly Uint8Array[]): Uint8Array {
  return encodeTlv(derTag.set, sortSetOf(values))
}

/** The members of a SET OF in DER order. */
export function sortSetOf(values: readonly Uint8Array[]): Uint8Array[] {
  return [...values].sort(compareBytes)
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}

/** OBJECT IDENTIFIER from its dotted form; throws InputError. */
export function encodeOid(dotted: string): Uint8Array {
  if (!/^[0-2](\.(0|[1-9]\d{0,15})){1,30}$/.test(dotted)) throw new InputError('oid', 'not a dotted object identifier')
  return new Uint8Array(new ObjectIdentifier({ value: dotted }).toBER())
}

/** INTEGER of a non-negative safe integer. */
export function encodeInteger(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new InputError('integer', 'not a non-negative safe integer')
  const bytes: number[] = []
  for (let rest = value; rest > 0 || bytes.length === 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  if (bytes[0]! >= 0x80) bytes.unshift(0)
  return encodeTlv(derTag.integer, Uint8Array.from(bytes))
}

/** OCTET STRING. */
export function encodeOctets(bytes: Uint8Array): Uint8Array {
  return encodeTlv(derTag.octetString, bytes)
}

/** BIT STRING of whole bytes. */
export function encodeBitString(bytes: Uint8Array): Uint8Array {
  return encodeTlv(derTag.bitString, concatBytes(Uint8Array.of(0), bytes))
}

/** NULL. */
export const encodedNull: Uint8Array = encodeTlv(derTag.null)

/** UTCTime for the years 1950..2049, GeneralizedTime outside them, whole seconds (RFC 5280, 4.1.2.5; RFC 5652, 11.3). */
export function encodeTime(time: Date): Uint8Array {
  if (Number.isNaN(time.getTime())) throw new InputError('time', 'is no time')
  const digits = time.toISOString().replace(/[-:T]|\.\d+/g, '')
  const year = time.getUTCFullYear()
  if (year < 0 || year > 9999) throw new InputError('time', 'outside the years 0..9999')
  const short = year >= 1950 && year < 2050
  return encodeTlv(short ? derTag.utcTime : derTag.generalizedTime, new TextEncoder().encode(short ? digits.slice(2) : digits))
}

/** GeneralizedTime in whole seconds, UTC, whatever the year (ISO/IEC 8825-1:2021, 11.7); years 0..9999. */
export function encodeGeneralizedTime(time: Date): Uint8Array {
  const year = time.getUTCFullYear()
  if (Number.isNaN(year) || year < 0 || year > 9999) throw new InputError('time', 'is no time of the years 0..9999')
  return encodeTlv(derTag.generalizedTime, new TextEncoder().encode(time.toISOString().replace(/[-:T]|\.\d+/g, '')))
}
