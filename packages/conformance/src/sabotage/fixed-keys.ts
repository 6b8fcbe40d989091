// Key pairs made once for the whole drill: nothing here can be sabotaged, so that every mutation finds the same ones.
import { createDiffieHellman, createECDH, generateKeyPairSync } from 'node:crypto'

/** A key pair on P-256: DER SubjectPublicKeyInfo and PKCS #8. */
function curvePair(): { readonly spki: Uint8Array; readonly pkcs8: Uint8Array } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  return {
    spki: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
    pkcs8: new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' })),
  }
}

/** CVCA, document verifier, terminal. */
export const [root, verifier, terminal] = [curvePair(), curvePair(), curvePair()] as const

/** Private key of active authentication, 2048 bits, PKCS #8. */
export const rsaKey = new Uint8Array(
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'der' }),
)

const scalar = new Uint8Array(32).fill(0x17)
const point = createECDH('prime256v1')
point.setPrivateKey(scalar)

/** Static chip key on P-256. */
export const curveChipKey = { privateKey: scalar, publicKey: new Uint8Array(point.getPublicKey()) }

/** Static chip key among the integers, in the group whose prime and generator these are. */
export function integerChipKey(
  prime: Uint8Array,
  generator: Uint8Array,
): { readonly privateKey: Uint8Array; readonly publicKey: Uint8Array } {
  const privateKey = new Uint8Array(20).fill(0x17)
  const group = createDiffieHellman(prime, generator)
  group.setPrivateKey(privateKey)
  const publicKey = group.generateKeys()
  const full = new Uint8Array(prime.length)
  full.set(publicKey, full.length - publicKey.length)
  return { privateKey, publicKey: full }
}
