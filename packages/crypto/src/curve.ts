import { type WeierstrassPointCons, weierstrass } from '@noble/curves/abstract/weierstrass.js'
import { brainpoolP256r1, brainpoolP384r1, brainpoolP512r1 } from '@noble/curves/misc.js'
import { p256, p384, p521 } from '@noble/curves/nist.js'

/** One named curve of Doc 9303-12 / BSI TR-03116-2. */
export interface CurveRow {
  /** Object identifier, the content bytes in hex. */
  readonly oid: string
  /** The name node:crypto knows it by. */
  readonly nodeName: string
  /** Bytes of a field element. */
  readonly fieldBytes: number
  /** Bytes of the group order, and of r and s. */
  readonly orderBytes: number
  readonly clause: string
}

/** The curves that keys may be on. */
export const curves = {
  'P-224': { oid: '2b81040021', nodeName: 'secp224r1', fieldBytes: 28, orderBytes: 28, clause: 'SEC 2 v2, 2.3.2' },
  'P-256': { oid: '2a8648ce3d030107', nodeName: 'prime256v1', fieldBytes: 32, orderBytes: 32, clause: 'SEC 2 v2, 2.4.2' },
  'P-384': { oid: '2b81040022', nodeName: 'secp384r1', fieldBytes: 48, orderBytes: 48, clause: 'SEC 2 v2, 2.5.1' },
  'P-521': { oid: '2b81040023', nodeName: 'secp521r1', fieldBytes: 66, orderBytes: 66, clause: 'SEC 2 v2, 2.6.1' },
  brainpoolP224r1: { oid: '2b2403030208010105', nodeName: 'brainpoolP224r1', fieldBytes: 28, orderBytes: 28, clause: 'RFC 5639, 3.3' },
  brainpoolP256r1: { oid: '2b2403030208010107', nodeName: 'brainpoolP256r1', fieldBytes: 32, orderBytes: 32, clause: 'RFC 5639, 3.4' },
  brainpoolP320r1: { oid: '2b2403030208010109', nodeName: 'brainpoolP320r1', fieldBytes: 40, orderBytes: 40, clause: 'RFC 5639, 3.5' },
  brainpoolP384r1: { oid: '2b240303020801010b', nodeName: 'brainpoolP384r1', fieldBytes: 48, orderBytes: 48, clause: 'RFC 5639, 3.6' },
  brainpoolP512r1: { oid: '2b240303020801010d', nodeName: 'brainpoolP512r1', fieldBytes: 64, orderBytes: 64, clause: 'RFC 5639, 3.7' },
} as const satisfies Record<string, CurveRow>

export type CurveName = keyof typeof curves

export const curveNames = Object.keys(curves) as readonly CurveName[]

const p224Domain = {
  p: 0xffffffffffffffffffffffffffffffff000000000000000000000001n,
  a: 0xfffffffffffffffffffffffffffffffefffffffffffffffffffffffen,
  b: 0xb4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4n,
  Gx: 0xb70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21n,
  Gy: 0xbd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34n,
  n: 0xffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3dn,
  h: 1n,
}

const brainpoolP224r1Domain = {
  p: 0xd7c134aa264366862a18302575d1d787b09f075797da89f57ec8c0ffn,
  a: 0x68a5e62ca9ce6c1c299803a6c1530b514e182ad8b0042a59cad29f43n,
  b: 0x2580f63ccfe44138870713b1a92369e33e2135d266dbb372386c400bn,
  Gx: 0x0d9029ad2c7e5cf4340823b2a87dc68c9e4ce3174c1e6efdee12c07dn,
  Gy: 0x58aa56f772c0726f24c6b89e4ecdac24354b9e99caa3f6d3761402cdn,
  n: 0xd7c134aa264366862a18302575d0fb98d116bc4b6ddebca3a5a7939fn,
  h: 1n,
}

const brainpoolP320r1Domain = {
  p: 0xd35e472036bc4fb7e13c785ed201e065f98fcfa6f6f40def4f92b9ec7893ec28fcd412b1f1b32e27n,
  a: 0x3ee30b568fbab0f883ccebd46d3f3bb8a2a73513f5eb79da66190eb085ffa9f492f375a97d860eb4n,
  b: 0x520883949dfdbc42d3ad198640688a6fe13f41349554b49acc31dccd884539816f5eb4ac8fb1f1a6n,
  Gx: 0x43bd7e9afb53d8b85289bcc48ee5bfe6f20137d10a087eb6e7871e2a10a599c710af8d0d39e20611n,
  Gy: 0x14fdd05545ec1cc8ab4093247f77275e0743ffed117182eaa9c77877aaac6ac7d35245d1692e8ee1n,
  n: 0xd35e472036bc4fb7e13c785ed201e065f98fcfa5b68f12a32d482ec7ee8658e98691555b44c59311n,
  h: 1n,
}

let p224: WeierstrassPointCons<bigint> | undefined
let brainpoolP224r1: WeierstrassPointCons<bigint> | undefined
let brainpoolP320r1: WeierstrassPointCons<bigint> | undefined

/** The curve's point arithmetic and domain parameters. */
export function curvePoint(name: CurveName): WeierstrassPointCons<bigint> {
  switch (name) {
    case 'P-224':
      p224 ??= weierstrass(p224Domain)
      return p224
    case 'P-256':
      return p256.Point
    case 'P-384':
      return p384.Point
    case 'P-521':
      return p521.Point
    case 'brainpoolP224r1':
      brainpoolP224r1 ??= weierstrass(brainpoolP224r1Domain)
      return brainpoolP224r1
    case 'brainpoolP256r1':
      return brainpoolP256r1.Point
    case 'brainpoolP320r1':
      brainpoolP320r1 ??= weierstrass(brainpoolP320r1Domain)
      return brainpoolP320r1
    case 'brainpoolP384r1':
      return brainpoolP384r1.Point
    case 'brainpoolP512r1':
      return brainpoolP512r1.Point
  }
}
