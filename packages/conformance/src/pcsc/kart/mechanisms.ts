import { createPublicKey, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { toHex } from '@kart/codec'
import { expect } from 'vitest'

export const hashes = ['SHA1', 'SHA224', 'SHA256', 'SHA384', 'SHA512'] as const

/** What OpenSC 0.23 offers to sign with, by the kind of the key. */
export const mechanisms = {
  rsa: [
    'RSA-X-509',
    'RSA-PKCS',
    'RSA-PKCS-PSS',
    ...hashes.flatMap((hash) => [`${hash}-RSA-PKCS`, `${hash}-RSA-PKCS-PSS`]),
    'MD5-RSA-PKCS',
    'RIPEMD160-RSA-PKCS',
  ],
  ec: ['ECDSA', ...hashes.map((hash) => `ECDSA-${hash}`)],
} as const

/** The mechanisms that `pkcs11-tool --list-mechanisms` says can sign. */
export function signingMechanisms(listed: string): string[] {
  return [...listed.matchAll(/^ {2}(\S+), .*\bsign\b/gm)].map(([, name]) => name!)
}

/** A folder in which programs run: `message`, its digests (`SHA256.digest`, ...), and public keys as `ID.pem` lie in it. */
export interface Folder {
  at(name: string): string
  /** Runs a program that must end well. */
  done(program: 'openssl', ...args: readonly string[]): Promise<string>
}

const pss = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest'] as const

/** Has openssl check `signature` over `message` with the public key `id`. Throws where it is not good. */
export function verified({ done }: Folder, id: string, hash: string, ...options: readonly string[]): Promise<string> {
  return done('openssl', 'dgst', `-${hash.toLowerCase()}`, '-verify', `${id}.pem`, ...options, '-signature', 'signature', 'message')
}

/**
 * Signs with one mechanism, `sign` running pkcs11-tool on `input` and writing `signature`, and has openssl check it. Throws where a signature is not made or not good.
 */
export async function signAndVerify(
  folder: Folder,
  { id, kind }: { readonly id: string; readonly kind: 'rsa' | 'ec' },
  mechanism: string,
  sign: (input: string, ...more: readonly string[]) => Promise<unknown>,
): Promise<void> {
  const { at, done } = folder
  const content = (name: string): Uint8Array => new Uint8Array(readFileSync(at(name)))
  const hash = /SHA\d+|MD5|RIPEMD160/.exec(mechanism)?.[0] ?? 'SHA256'
  if (mechanism === 'RSA-X-509') {
    // The bare operation: openssl opens it again.
    const block = randomBytes((createPublicKey(readFileSync(at(`${id}.pem`))).asymmetricKeyDetails?.modulusLength ?? 0) / 8)
    block[0] = 0
    writeFileSync(at('block'), block)
    await sign('block')
    const bare = ['-pkeyopt', 'rsa_padding_mode:none', '-in', 'signature', '-out', 'opened']
    await done('openssl', 'pkeyutl', '-verifyrecover', '-pubin', '-inkey', `${id}.pem`, ...bare)
    expect(toHex(content('opened'))).toBe(toHex(block))
  } else if (mechanism === 'RSA-PKCS') {
    // What is signed is taken as it comes: a bare digest, without its DigestInfo.
    await sign('SHA256.digest')
    await done('openssl', 'pkeyutl', '-verify', '-pubin', '-inkey', `${id}.pem`, '-in', 'SHA256.digest', '-sigfile', 'signature')
  } else if (mechanism === 'RSA-PKCS-PSS') {
    await sign('SHA256.digest', '--hash-algorithm', 'SHA256', '--mgf', 'MGF1-SHA256')
    await verified(folder, id, 'SHA256', ...pss)
  } else if (mechanism === 'ECDSA') {
    for (const each of hashes) {
      await sign(`${each}.digest`, '--signature-format', 'openssl')
      await verified(folder, id, each)
    }
  } else {
    await sign('message', ...(kind === 'ec' ? ['--signature-format', 'openssl'] : []))
    await verified(folder, id, hash, ...(mechanism.endsWith('PSS') ? pss : []))
  }
}
