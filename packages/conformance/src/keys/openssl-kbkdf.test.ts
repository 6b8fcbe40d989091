import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toHex } from '@kart/codec'
import { deriveKey, FileKeyStore, initTestKeys, type KeyPurpose, planDerivation, purposes } from '@kart/keys'
import { describe, expect, it } from 'vitest'

// OpenSSL is not ours: its KBKDF (SP 800-108, counter mode, CMAC; counter and length in 32 bits) has no option that could be set to fit us.
const missing = 'the openssl command line is needed for this cross-check: install the package openssl'

/** The key that OpenSSL derives, hex. */
function opensslKbkdf(keyHex: string, label: string, contextHex: string, length: number): string {
  const options = [
    'mac:CMAC',
    'mode:COUNTER',
    `cipher:AES-${keyHex.length * 4}-CBC`,
    `hexkey:${keyHex}`,
    `hexsalt:${Buffer.from(label).toString('hex')}`,
    `hexinfo:${contextHex}`,
  ]
  try {
    const args = ['kdf', '-keylen', String(length), ...options.flatMap((option) => ['-kdfopt', option]), 'KBKDF']
    return execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 })
      .replaceAll(/[:\s]/g, '')
      .toLowerCase()
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') throw new Error(missing)
    throw error
  }
}

describe.runIf(process.platform === 'linux')('openssl derives the same card keys', () => {
  it.each(['aes-128', 'aes-192', 'aes-256'] as const)('from a master key %s, for every purpose and size of key', async (algorithm) => {
    const folder = mkdtempSync(join(tmpdir(), 'kart-kbkdf-'))
    try {
      const description = await initTestKeys(folder, { algorithm })
      const store = await FileKeyStore.open(folder, description)
      const master = readFileSync(join(folder, 'card-master-1.key'), 'latin1').trim()
      for (const purpose of Object.keys(purposes) as KeyPurpose[])
        for (const length of [16, 24, 32]) {
          const serial = Uint8Array.from({ length: 10 }, (_, i) => length + i)
          const key = await deriveKey(store, 'card-master-1', planDerivation('sp800-108-cmac', purpose, serial, length))
          expect(toHex(key), `${purpose} ${length}`).toBe(opensslKbkdf(master, purposes[purpose].label, toHex(serial), length))
        }
      await store.close()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
