import { constants, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { CryptoError, digestLength } from '@kart/crypto'
import { type TerminalAlgorithmName, type TerminalAlgorithmRow, terminalAlgorithms } from '@kart/layout'

/** Makes signatures with a private key that may lie elsewhere, in an HSM or a terminal control centre. */
export interface CvSigner {
  readonly algorithm: TerminalAlgorithmName
  /** Signs `data`, hashing it as the algorithm says: ECDSA gives r || s in the order's width, RSA as many bytes as the modulus. */
  sign(data: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/**
 * A signer with a private key in memory (DER PKCS#8), for tests and test authorities; a real authority's key stays in its HSM. Throws CryptoError for a key
 * that cannot be read or is of another kind than the algorithm.
 */
export function keySigner(privateKeyPkcs8: Uint8Array, algorithm: TerminalAlgorithmName): CvSigner {
  const row: TerminalAlgorithmRow = terminalAlgorithms.find(({ name }) => name === algorithm)!
  const key = readKey(privateKeyPkcs8)
  if (key.asymmetricKeyType !== (row.kind === 'ecdsa' ? 'ec' : 'rsa'))
    throw new CryptoError('argument', 'the algorithm is not of this kind of key')
  return { algorithm, sign: (data) => new Uint8Array(signWith(key, row, data)) }
}

function readKey(der: Uint8Array): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
  } catch {
    throw new CryptoError('invalid-key', 'the private key cannot be read') // no cause: the library's message may hold the value
  }
}

function signWith(key: KeyObject, { kind, hash }: TerminalAlgorithmRow, data: Uint8Array): Uint8Array {
  if (kind === 'ecdsa') return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' })
  if (kind === 'rsa-pkcs1') return sign(hash, data, { key, padding: constants.RSA_PKCS1_PADDING })
  return sign(hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: digestLength[hash] })
}
