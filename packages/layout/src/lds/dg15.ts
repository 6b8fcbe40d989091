import { type Codec, DecodeError, decodeTlvList, encodeTlv } from '@kart/codec'
import {
  decodePublicKeyInfo,
  encodeEcPublicKeyInfo,
  encodeRsaPublicKeyInfo,
  type NamedCurve,
  type PublicKeyInfo,
} from './public-key-info.ts'

/** EF.DG15: the public key of active authentication. */
export interface Dg15 {
  /** SubjectPublicKeyInfo, DER as it came: hashes and signatures are checked against this. */
  readonly subjectPublicKeyInfo: Uint8Array
  /** What it holds. */
  readonly key: PublicKeyInfo
}

/** The DG15 of a point on a named curve; throws InputError for a point of another length or form. */
export function dg15FromPoint(curve: NamedCurve, point: Uint8Array): Dg15 {
  const subjectPublicKeyInfo = encodeEcPublicKeyInfo(curve, point)
  return { subjectPublicKeyInfo, key: decodePublicKeyInfo(subjectPublicKeyInfo, 'EF.DG15') }
}

/** The DG15 of an RSA key, both numbers big-endian without leading zeros; throws InputError. */
export function dg15FromRsa(modulus: Uint8Array, exponent: Uint8Array): Dg15 {
  const subjectPublicKeyInfo = encodeRsaPublicKeyInfo(modulus, exponent)
  return { subjectPublicKeyInfo, key: decodePublicKeyInfo(subjectPublicKeyInfo, 'EF.DG15') }
}

/** EF.DG15 (Doc 9303-10, 8th ed., 4.7.15): 6F { SubjectPublicKeyInfo }. Encoding writes `subjectPublicKeyInfo` as it is; decoding throws DecodeError. */
export const dg15Codec: Codec<Dg15> = {
  encode: (value) => encodeTlv(0x6f, value.subjectPublicKeyInfo),
  decode(bytes) {
    const [outer, ...beside] = decodeTlvList(bytes, { constructed: false })
    if (outer?.tag !== 0x6f || beside.length > 0) throw new DecodeError('EF.DG15', 'exactly one data object 6F is expected')
    return { subjectPublicKeyInfo: outer.value, key: decodePublicKeyInfo(outer.value, 'EF.DG15') }
  },
}
