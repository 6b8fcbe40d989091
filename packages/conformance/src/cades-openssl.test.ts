import { createPrivateKey, sign } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CardError } from '@kart/codec'
import { digest, type HashAlgorithm } from '@kart/crypto'
import { decodeCertificate, type SignatureScheme, signCades } from '@kart/layout'
import { schemeOfKey } from '@kart/signature'
import { type CadesContext, defaultPolicy, trustStore, verifyCades } from '@kart/verification'
import { afterAll, describe, expect, it } from 'vitest'
import { fileIn, opensslAuthority } from './testing/openssl-authority.ts'

const authority = opensslAuthority()
const stranger = opensslAuthority()
afterAll(() => {
  authority.remove()
  stranger.remove()
})

const document = new TextEncoder().encode('قرارداد نمونه\n'.repeat(200))
for (const { folder } of [authority, stranger]) writeFileSync(join(folder, 'document'), document)

const keys = [
  ['p256', 'P-256'],
  ['p384', 'P-384'],
  ['p521', 'P-521'],
  ['rsa2048', 'rsa:2048'],
  ['rsa3072', 'rsa:3072'],
] as const
const certificates = new Map(keys.map(([name, key]) => [name as string, authority.holder(name, key)]))
const login = authority.holder('login', 'P-256', 'digitalSignature')
const now = new Date()

/** Signs as our own code does, with the key in openssl's file. */
async function signed(
  name: string,
  scheme?: SignatureScheme,
  certificate = certificates.get(name)!,
  chain: readonly Uint8Array[] = [],
  signingTime = now,
): Promise<Uint8Array> {
  const key = createPrivateKey(readFileSync(join(authority.folder, `${name}.key`)))
  const used = scheme ?? schemeOfKey(decodeCertificate(certificate).spki)
  return signCades({
    messageDigest: digest(used.hash as HashAlgorithm, document),
    certificate,
    chain,
    scheme: used,
    signingTime,
    digest: (hash, bytes) => digest(hash as HashAlgorithm, bytes),
    sign: async (_, bytes) => new Uint8Array(sign(used.hash, bytes, key)),
  })
}

const context = (changes: Partial<CadesContext> = {}): CadesContext => ({
  authorities: [decodeCertificate(authority.certificate)],
  policy: defaultPolicy(new Date()),
  messageDigest: async (hash) => digest(hash, document),
  ...changes,
})

const failed = async (signature: Uint8Array, changes?: Partial<CadesContext>): Promise<string[]> => {
  const { checks, verdict } = await verifyCades(signature, context(changes))
  const ids = checks.filter(({ required, outcome }) => required && outcome !== 'pass').map(({ id }) => id)
  expect(verdict).toBe(ids.length === 0 ? 'accepted' : 'rejected')
  return ids
}

const verifyByOpenssl = (signature: Uint8Array, at = authority): string => {
  writeFileSync(join(at.folder, 'signature.p7s'), signature)
  // biome-ignore format: a command a line
  at.openssl('cms', '-verify', '-cades', '-binary', '-inform', 'DER', '-in', 'signature.p7s', '-content', 'document', '-CAfile', 'ca.crt', '-purpose', 'any', '-out', 'content')
  return Buffer.from(fileIn(at, 'content')).toString()
}

describe('a CAdES signature of ours', () => {
  it.each(keys)('with %s is verified by openssl cms -verify -cades, and by us', async (name) => {
    const signature = await signed(name)
    expect(verifyByOpenssl(signature)).toBe(Buffer.from(document).toString())
    expect(await failed(signature)).toEqual([])
  })

  it('is refused by openssl as by us when anything in it is changed', async () => {
    const signature = await signed('p256')
    for (const at of [signature.length - 1, signature.length - 40]) {
      const changed = signature.slice()
      changed[at]! ^= 1
      expect(() => verifyByOpenssl(changed)).toThrow()
      expect(await failed(changed)).toEqual(['sig.signature'])
    }
  })

  it('never is accepted with a byte flipped inside what was signed', async () => {
    const signature = await signed('p256')
    for (let at = 0; at < signature.length; at += 3) {
      const changed = signature.slice()
      changed[at]! ^= 0x01
      try {
        const { verdict, signers } = await verifyCades(changed, context())
        // Unsigned parts may change (a second name of an algorithm, an order): what is accepted must still be this signer's, at this time.
        if (verdict === 'accepted') expect(signers[0]!.signingTime!.getTime()).toBe(Math.floor(now.getTime() / 1000) * 1000)
      } catch (error) {
        expect(error).toBeInstanceOf(CardError)
      }
    }
  })

  it('is rejected for another file, a stranger’s authority, a key that only logs in, another time', async () => {
    const signature = await signed('p384')
    const other = document.slice(1)
    expect(await failed(signature, { messageDigest: async (hash) => digest(hash, other) })).toEqual(['sig.digest'])
    expect(await failed(signature, { authorities: [decodeCertificate(stranger.certificate)] })).toContain('sig.chain')
    expect(() => verifyByOpenssl(signature, stranger)).toThrow()
    expect(await failed(await signed('login', undefined, login))).toEqual(['sig.usage'])
    expect(await failed(signature, { policy: defaultPolicy(new Date(now.getTime() - 7 * 86_400_000)) })).toContain('sig.time')
    expect(await failed(signature, { policy: defaultPolicy(new Date(now.getTime() + 400 * 86_400_000)) })).toContain('sig.time')
  })

  it('is rejected when an authority between was revoked, whatever its own list says', async () => {
    const sub = authority.chained('sub', 'ca', ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'])
    const end = authority.chained('end', 'sub', ['basicConstraints=CA:FALSE', 'keyUsage=critical,nonRepudiation'])
    const signature = await signed('end', undefined, end, [sub], new Date())
    const against = (...lists: readonly Uint8Array[]) =>
      failed(signature, {
        ...trustStore([], [], { revocationLists: lists }),
        policy: { ...defaultPolicy(new Date()), revocation: 'required' },
      })
    const ofSub = authority.revocationList('sub')
    expect(await against(ofSub, authority.revocationList('ca'))).toEqual([])
    expect(await against(ofSub)).toEqual(['sig.revocation'])
    expect(await against(ofSub, authority.revocationList('ca', 'sub'))).toEqual(['sig.revocation'])
  })

  it('says who signed, in Persian', async () => {
    const { signers } = await verifyCades(await signed('p384'), context())
    expect(signers[0]!.certificate!.subject.text).toContain('SN=نمونه\u200cپور, GN=آزمون')
  })
})

describe('a signature made by openssl cms -sign', () => {
  const byOpenssl = (...args: readonly string[]): Uint8Array =>
    new Uint8Array(authority.openssl('cms', '-sign', '-binary', '-outform', 'DER', '-in', 'document', ...args))
  const by = (name: string) => ['-signer', `${name}.crt`, '-inkey', `${name}.key`]

  it.each(keys)('with -cades and %s is verified by us', async (name) => {
    for (const md of ['sha256', 'sha384', 'sha512']) expect(await failed(byOpenssl('-cades', '-md', md, ...by(name)))).toEqual([])
  })

  it('with RSASSA-PSS, or named by key identifier, is verified by us', async () => {
    const pss = ['-keyopt', 'rsa_padding_mode:pss', '-keyopt', 'rsa_pss_saltlen:32']
    expect(await failed(byOpenssl('-cades', '-md', 'sha256', ...by('rsa2048'), ...pss))).toEqual([])
    expect(await failed(byOpenssl('-cades', '-md', 'sha256', ...by('p256'), '-keyid'))).toEqual([])
  })

  it('that is not of level B-B, holds the file, has no certificate or a weak digest is rejected', async () => {
    expect(await failed(byOpenssl('-md', 'sha256', ...by('p256')))).toEqual(['sig.form', 'sig.certificate'])
    expect(await failed(byOpenssl('-cades', '-nodetach', '-md', 'sha256', ...by('p256')))).toEqual(['sig.form'])
    expect(await failed(byOpenssl('-cades', '-nocerts', '-md', 'sha256', ...by('p256')))).toContain('sig.chain')
    expect(await failed(byOpenssl('-cades', '-md', 'sha1', ...by('rsa2048')))).toContain('sig.algorithms')
  })
})
