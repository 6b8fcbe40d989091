import { fromHex, InputError } from '@kart/codec'
import { decodePublicKey } from '@kart/crypto'
import * as asn1js from 'asn1js'

/** Domain parameters of a curve (SEC 2, version 2, 2.4.2 and 2.5.1), hex. */
interface CurveParameters {
  readonly p: string
  readonly a: string
  readonly b: string
  readonly g: string
  readonly n: string
}

const curves: Readonly<Record<string, CurveParameters>> = {
  'P-256': {
    p: '00ffffffff00000001000000000000000000000000ffffffffffffffffffffffff',
    a: 'ffffffff00000001000000000000000000000000fffffffffffffffffffffffc',
    b: '5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b',
    g: '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
    n: '00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  },
  'P-384': {
    p: '00fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff',
    a: 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc',
    b: 'b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef',
    g: '04aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab73617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f',
    n: '00ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  },
}

const buffer = (hex: string): ArrayBuffer => fromHex(hex).buffer as ArrayBuffer

/**
 * A SubjectPublicKeyInfo whose curve is spelled out, cofactor included, as certificates of eMRTD authorities must have it (Doc 9303-12, 8th ed., 4.1.6.3).
 * `spki` names P-256 or P-384; throws InputError for another curve, DecodeError or CryptoError for a key that is none.
 */
export function withExplicitCurve(spki: Uint8Array): asn1js.Sequence {
  const key = decodePublicKey(spki)
  const curve = key.kind === 'ec' ? curves[key.curve] : undefined
  if (key.kind !== 'ec' || curve === undefined) throw new InputError('publicKey', 'is not on P-256 or P-384')
  const parameters = new asn1js.Sequence({
    value: [
      new asn1js.Integer({ value: 1 }),
      new asn1js.Sequence({
        value: [new asn1js.ObjectIdentifier({ value: '1.2.840.10045.1.1' }), new asn1js.Integer({ valueHex: buffer(curve.p) })],
      }),
      new asn1js.Sequence({
        value: [new asn1js.OctetString({ valueHex: buffer(curve.a) }), new asn1js.OctetString({ valueHex: buffer(curve.b) })],
      }),
      new asn1js.OctetString({ valueHex: buffer(curve.g) }),
      new asn1js.Integer({ valueHex: buffer(curve.n) }),
      new asn1js.Integer({ value: 1 }),
    ],
  })
  return new asn1js.Sequence({
    value: [
      new asn1js.Sequence({ value: [new asn1js.ObjectIdentifier({ value: '1.2.840.10045.2.1' }), parameters] }),
      new asn1js.BitString({ valueHex: key.point.slice().buffer }),
    ],
  })
}
