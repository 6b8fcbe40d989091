import { concatBytes, encodeTlv, fromHex } from '@kart/codec'
import type { EcKeyPair } from '@kart/crypto'

// For the tests of this package only; the entry point does not reach it.

const brainpoolP256r1 = fromHex('06092b2403030208010107')
const ecPublicKey = fromHex('06072a8648ce3d0201')

/** DER SubjectPublicKeyInfo of a point on brainpoolP256r1. */
export function brainpoolSpki(point: Uint8Array): Uint8Array {
  return encodeTlv(0x30, [encodeTlv(0x30, [ecPublicKey, brainpoolP256r1]), encodeTlv(0x03, concatBytes(Uint8Array.of(0), point))])
}

/** A key pair on brainpoolP256r1 from the values that a standard prints: the scalar perhaps with a leading zero, the point uncompressed. */
export function brainpoolPair(scalar: Uint8Array, point: Uint8Array): EcKeyPair {
  const inner = encodeTlv(0x30, [fromHex('020101'), encodeTlv(0x04, scalar.slice(-32))])
  const algorithm = encodeTlv(0x30, [ecPublicKey, brainpoolP256r1])
  return { privateKeyPkcs8: encodeTlv(0x30, [fromHex('020100'), algorithm, encodeTlv(0x04, inner)]), publicKeySpki: brainpoolSpki(point) }
}
