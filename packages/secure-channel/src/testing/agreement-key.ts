import { concatBytes, encodeTlv, fromHex } from '@kart/codec'

// For the tests of this package only; the entry point does not reach it.

const keyInfo = (algorithm: Uint8Array, key: Uint8Array) =>
  encodeTlv(0x30, [encodeTlv(0x30, algorithm), encodeTlv(0x03, concatBytes(Uint8Array.of(0), key))])

/** DER SubjectPublicKeyInfo of a point on brainpoolP256r1. */
export function brainpoolSpki(point: Uint8Array): Uint8Array {
  return keyInfo(fromHex('06072a8648ce3d020106092b2403030208010107'), point)
}

/** DER SubjectPublicKeyInfo of an integer, its first byte below 80, in the standardized group of this number. */
export function integerSpki(groupId: number, value: Uint8Array): Uint8Array {
  return keyInfo(concatBytes(fromHex('060704007f000701020201'), Uint8Array.of(groupId)), encodeTlv(0x02, value))
}
