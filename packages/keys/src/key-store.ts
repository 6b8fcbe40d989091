/** Ciphers of master keys; `des-ede2` is two-key triple DES, for the transport keys of older stock only. */
export const masterAlgorithms = {
  'aes-128': 16,
  'aes-192': 24,
  'aes-256': 32,
  'des-ede2': 16,
} as const satisfies Record<string, number>
export type MasterAlgorithm = keyof typeof masterAlgorithms

/** What may be known of a master key. */
export interface MasterKey {
  /** Its name in the store, which never comes to mean another key: a new version of a key has a new id. */
  readonly id: string
  readonly algorithm: MasterAlgorithm
  /** {@link masterCheckValue} of the key: 5 bytes, 3 for triple DES. */
  readonly checkValue: Uint8Array
}

/**
 * Where master keys live. They never leave it: whoever derives hands in the input and gets the output of one operation, which is what a hardware security
 * module can do with a key that is neither readable nor extractable. Any failure is final for the operation; no implementation falls back to another.
 */
export interface KeyStore {
  readonly kind: 'file' | 'pkcs11'
  /** What the store is called in messages: a folder, or the label of a token. */
  readonly name: string
  /** Whether its keys are for tests only. */
  readonly test: boolean
  /** Every master key, by id. Throws KeyStoreError. */
  list(): Promise<readonly MasterKey[]>
  /** AES-CMAC over `data`, 16 bytes (NIST SP 800-38B, 6.2; PKCS #11 CKM_AES_CMAC). Throws KeyStoreError. */
  cmac(keyId: string, data: Uint8Array): Promise<Uint8Array>
  /** Two-key triple DES of whole blocks of 8 without chaining (PKCS #11 CKM_DES3_ECB), by a `des-ede2` key. Throws KeyStoreError, InputError. */
  encryptTripleDes(keyId: string, blocks: Uint8Array): Promise<Uint8Array>
  /** Ends the sessions and wipes what is in memory; the store refuses everything from then on. */
  close(): Promise<void>
}

/**
 * Check value of a master key: the first 5 bytes of its CMAC over a block of zeros for AES (ANSI X9.24-1:2017, annex A; PCI PIN Security Requirements 3.1),
 * so that the key needs no right but to make MACs; for triple DES the first 3 bytes of an encrypted block of zeros. `mac` is that operation with the key.
 */
export async function masterCheckValue(
  algorithm: MasterAlgorithm,
  operation: {
    cmac(data: Uint8Array): Promise<Uint8Array> | Uint8Array
    encryptTripleDes(blocks: Uint8Array): Promise<Uint8Array> | Uint8Array
  },
): Promise<Uint8Array> {
  if (algorithm === 'des-ede2') return (await operation.encryptTripleDes(new Uint8Array(8))).slice(0, 3)
  return (await operation.cmac(new Uint8Array(16))).slice(0, 5)
}
