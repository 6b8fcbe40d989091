import { fromHex, joinBytes } from '@kart/codec'
import type { MessagingCipher } from '@kart/layout/profile'
import type { AgreementGroup } from '../../key-agreement/agreement-group.ts'
import { mod, toBytes, toInteger } from '../../key-agreement/modular.ts'
import { paceCiphers } from './pace-cipher.ts'

/** G' = s · G + H (Doc 9303-11, 8th ed., 4.4.3.3.1); undefined where the neutral element comes out. */
export function mapGenerically(group: AgreementGroup, nonce: Uint8Array, sharedElement: Uint8Array): Uint8Array | undefined {
  const scalar = toBytes(mod(toInteger(nonce), group.order), group.orderLength)
  if (scalar.every((byte) => byte === 0)) return undefined
  return group.combine(group.multiplier(scalar).generator(), sharedElement)
}

/** c0 and c1 by the length of the nonce (Doc 9303-11, 8th ed., 4.4.3.3.2). */
const constants = {
  16: { c0: fromHex('a668892a7c41e3ca739f40b057d85904'), c1: fromHex('a4e136ac725f738b01c1f60217c188ad') },
  32: {
    c0: fromHex('d463d65234124ef7897054986dca0a174e28df758cbaa03f240616414d5a1676'),
    c1: fromHex('54bd7255f0aaf831bec3423fcf39d69b6cbf066677d0faae5aadd99df8e53517'),
  },
} as const

/** R(s, t): so many blocks that at least 64 bits more than `fieldBits` come out (Doc 9303-11, 8th ed., 4.4.3.3.2). */
export function pseudoRandom(cipher: MessagingCipher, nonce: Uint8Array, additionalNonce: Uint8Array, fieldBits: number): Uint8Array {
  const { encrypt, keyLength, integratedNonceLength } = paceCiphers[cipher]
  const { c0, c1 } = constants[integratedNonceLength]
  const blocks: Uint8Array[] = []
  let key = encrypt(additionalNonce, nonce).subarray(0, keyLength)
  for (let bits = 0; bits < fieldBits + 64; bits += 8 * integratedNonceLength) {
    blocks.push(encrypt(key, c1))
    key = encrypt(key, c0).subarray(0, keyLength)
  }
  return joinBytes(blocks)
}

/** G' is the element that R(s, t) modulo the prime stands for (Doc 9303-11, 8th ed., 4.4.3.3.2). */
export function mapIntegratedly(
  group: AgreementGroup,
  cipher: MessagingCipher,
  nonce: Uint8Array,
  additionalNonce: Uint8Array,
): Uint8Array | undefined {
  return group.encode(toInteger(pseudoRandom(cipher, nonce, additionalNonce, group.fieldBits)))
}
