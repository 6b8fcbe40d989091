import type { CurveName } from '../curve.ts'
import { curveNames } from '../curve.ts'
import { EcGroup } from './ec-group.ts'
import { ModpGroup } from './modp-group.ts'
import { type ModpName, modpGroups } from './modp-parameters.ts'

/** A curve, or a subgroup of the integers modulo a prime. */
export type GroupName = CurveName | ModpName

/** Gives `length` random bytes. */
export type RandomSource = (length: number) => Uint8Array

/**
 * A group of prime order in which keys are agreed. Elements are byte strings: a point 04 || x || y, or an integer in the prime's width; private keys are integers
 * in the order's width. Nothing here lets the neutral element out: where a result would be it, CryptoError is thrown.
 */
export interface AgreementGroup {
  readonly name: GroupName
  readonly kind: 'ecdh' | 'dh'
  /** Bytes of a coded element. */
  readonly elementLength: number
  /** Bytes of a private key. */
  readonly privateLength: number
  /** Bits of the field. */
  readonly fieldBits: number
  /** The generator of the domain parameters. */
  readonly generator: Uint8Array
  /** A private key in 1..order-1, drawn until one fits (FIPS 186-5, A.2.2); `random` is the system's generator unless told. */
  generatePrivateKey(random?: RandomSource): Uint8Array
  /**
   * Checks that an element from outside is well formed, in the group, and not the neutral one: a point is on the curve, an integer is in 2..p-2 and in the subgroup
   * of prime order. Gives it in full width. Throws CryptoError.
   */
  check(element: Uint8Array): Uint8Array
  /** `element` combined with itself `exponent` times; the exponent, big-endian of any length, is taken modulo the order. Throws CryptoError for exponent 0. */
  power(element: Uint8Array, exponent: Uint8Array): Uint8Array
  /** The group operation. Throws CryptoError. */
  combine(a: Uint8Array, b: Uint8Array): Uint8Array
  /** What both sides derive keys from: the x coordinate, or the whole integer, in the field's width (TR-03111 v2.10, 4.3.1; RFC 2631, 2.1.2). */
  sharedSecret(privateKey: Uint8Array, peer: Uint8Array): Uint8Array
  /** Whether {@link mapToElement} works in this group. */
  readonly canMap: boolean
  /** A pseudo-random integer, reduced modulo the prime, and the element that it maps to (Doc 9303-11, 8th ed., Appendix B; 9.6.2). Throws CryptoError. */
  mapToElement(pseudoRandom: Uint8Array): { readonly reduced: Uint8Array; readonly element: Uint8Array }
}

const groups = new Map<GroupName, AgreementGroup>()

/** The group of this name. */
export function agreementGroup(name: GroupName): AgreementGroup {
  let group = groups.get(name)
  if (group === undefined) {
    group = isModp(name) ? new ModpGroup(name) : new EcGroup(name)
    groups.set(name, group)
  }
  return group
}

function isModp(name: GroupName): name is ModpName {
  return Object.hasOwn(modpGroups, name)
}

/** Every group that there is. */
export const groupNames: readonly GroupName[] = [...curveNames, ...(Object.keys(modpGroups) as ModpName[])]
