import { readFileSync } from 'node:fs'
import { encodeTlv, fromHex, toHex } from '@kart/codec'
import { beforeAll, describe, expect, it } from 'vitest'
import { type CvTestInput, cvTestKey, cvTestWorld, issueCv, trustedNames } from '../testing/cv-issuer.ts'
import { loadGroups } from '../testing/vectors.ts'
import { curveNamed, curveOfDomain } from './curve.ts'
import { CvcFormatError, readCvCertificate, readReference } from './cv-certificate.ts'
import { isSignedBy, openCvKey } from './cv-key.ts'
import {
  effectiveTemplate,
  findIssuer,
  type ImportedKey,
  importCertificate,
  isTrust,
  keepTrust,
  openTrust,
  type TrustPoint,
  type TrustView,
  trustPointOf,
  withTrustPoint,
} from './terminal-trust.ts'

const file = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../../../../test-vectors/${name}`, import.meta.url)))
const groups = loadGroups('cvc/cvc.json')
const group = (name: string) => groups.find((each) => each.name === name)!

const earliest: TrustView = { points: [], date: '000101' }
const trusting = (...roots: readonly Uint8Array[]): TrustView =>
  roots.reduce((view, root) => ({ ...withTrustPoint(view, trustPointOf(root)!), date: view.date }), earliest)

/** Shows certificates one by one, each with the issuer that its reference names; the index of the first that is refused, or what came of all. */
function show(view: TrustView, ...certificates: readonly Uint8Array[]): number | { view: TrustView; imported: ImportedKey | undefined } {
  let now: { view: TrustView; imported: ImportedKey | undefined } = { view, imported: undefined }
  for (const [i, bytes] of certificates.entries()) {
    const certificate = readCvCertificate(bytes)
    const issuer: TrustPoint | ImportedKey | undefined = findIssuer(now.view, now.imported, certificate.authority)
    const taken = issuer && importCertificate(now.view, issuer, certificate)
    if (taken === undefined) return i
    now = taken
  }
  return now
}

const shown = (view: TrustView, ...certificates: readonly Uint8Array[]) => {
  const result = show(view, ...certificates)
  if (typeof result === 'number') throw new Error(`certificate ${result} was refused`)
  return result
}

describe('CV certificates, the published ones', () => {
  it.each(group('parse').tests)('$id $comment', ({ input, expected }) => {
    const certificate = readCvCertificate(fromHex(input.cvc!))
    expect(file(input.file!)).toEqual(fromHex(input.cvc!))
    const isoDate = (date: string) => `20${date.slice(0, 2)}-${date.slice(2, 4)}-${date.slice(4)}`
    const { publicKey, chat } = certificate
    const domain = publicKey.kind === 'ec' ? publicKey.domain : undefined
    expect({
      car: certificate.authority,
      chr: certificate.holder,
      chatTemplate: toHex(chat.template),
      role: chat.role,
      effective: isoDate(certificate.effective),
      expiration: isoDate(certificate.expiration),
      signature: toHex(certificate.signature),
      modulusOrPrime: publicKey.kind === 'rsa' ? toHex(publicKey.modulus) : domain && toHex(domain.prime),
      exponentOrA: publicKey.kind === 'rsa' ? toHex(publicKey.exponent) : domain && toHex(domain.a),
      b: domain && toHex(domain.b),
      generator: domain && toHex(domain.generator),
      order: domain && toHex(domain.order),
      publicPoint: publicKey.kind === 'ec' ? toHex(publicKey.point) : undefined,
    }).toEqual({
      car: expected.car,
      chr: expected.chr,
      chatTemplate: expected.chatTemplate,
      role: expected.role!.startsWith('DV')
        ? expected.role!.includes('(10)')
          ? 'dv-domestic'
          : 'dv-foreign'
        : expected.role!.toLowerCase(),
      effective: expected.effective,
      expiration: expected.expiration,
      signature: expected.signature,
      modulusOrPrime: expected.modulusOrPrime,
      exponentOrA: expected.exponentOrA,
      b: expected.b,
      generator: expected.generator,
      order: expected.order,
      publicPoint: expected.publicPoint,
    })
    if (domain) expect(curveOfDomain(domain)).toBeDefined()
  })

  it.each(group('chain').tests)('$id $comment', ({ input, expected, result }) => {
    const [root, ...chain] = (input.files as unknown as string[]).map(file) as [Uint8Array, ...Uint8Array[]]
    const steps = expected.steps as unknown as readonly { signatureOk?: boolean }[]
    const outcome = show(trusting(root), ...chain)
    const wrong = steps.slice(1).findIndex(({ signatureOk }) => signatureOk === false)
    expect(typeof outcome === 'number' ? outcome : -1).toBe(wrong)
    expect(typeof outcome === 'number').toBe(result !== 'valid')
  })

  it.each(group('tampered').tests)('$id $comment', ({ input, expected }) => {
    const root = trustPointOf(file('cvc/tr-ecdh-cvca.cvcert'))!
    const issuer = openCvKey(readCvCertificate(file(input.issuer!)).publicKey, root.key)!
    const certificate = readCvCertificate(fromHex(input.cvc!))
    expect(isSignedBy(issuer, certificate.body, certificate.signature)).toBe(expected.signatureOk)
  })
})

describe('curves that a certificate may spell out', () => {
  it('are those of the standardized domain parameters, the cofactor there or not, and no forged ones', () => {
    const p521 = curveNamed('secp521r1')
    expect([p521.fieldLength, p521.orderLength]).toEqual([66, 66])
    expect(curveOfDomain(p521.domain)?.name).toBe('secp521r1')
    expect(curveOfDomain({ ...p521.domain, cofactor: undefined })?.name).toBe('secp521r1')
    expect(curveOfDomain({ ...p521.domain, cofactor: Uint8Array.of(2) })).toBeUndefined()
    expect(curveOfDomain({ ...p521.domain, generator: curveNamed('prime256v1').domain.generator })).toBeUndefined()
    expect(curveOfDomain({ ...p521.domain, order: p521.domain.prime })).toBeUndefined()
    // RFC 5639, 3.4.
    const { prime, order } = curveNamed('brainpoolP256r1').domain
    expect(toHex(prime)).toBe('a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377')
    expect(toHex(order)).toBe('a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7')
  })
})

describe('what the profile of CV certificates does not allow', () => {
  const world = cvTestWorld()
  const refusal = (bytes: Uint8Array) => () => readCvCertificate(bytes)
  const replaced = (from: string, to: string) => fromHex(toHex(world.dv).replace(from, to))

  it.each([
    ['another profile', () => replaced('5f290100', '5f290101')],
    ['a profile cut short', () => replaced('5f290100', '5f2901')],
    ['bytes behind it', () => Uint8Array.from([...world.dv, 0])],
    ['half of it', () => world.dv.slice(0, 100)],
    ['nothing', () => new Uint8Array(0)],
    ['another frame', () => world.dv.with(0, 0x7e)],
    ['more than 4096 bytes', () => new Uint8Array(4097)],
  ])('%s', (_what, bytes) => {
    expect(refusal(bytes())).toThrow(CvcFormatError)
  })

  const dv: CvTestInput = {
    authority: 'IRCVCA00001',
    holder: 'IRDV00001',
    role: 'dv-domestic',
    from: '260110',
    to: '261231',
    key: world.keys.dv,
    signer: world.keys.root,
  }
  it.each<[string, Partial<CvTestInput>]>([
    ['a day that is none', { from: '260231' }],
    ['a month that is none', { to: '261301' }],
    ['a name in small letters', { holder: 'irDV00001' }],
    ['a name that is too short', { holder: 'IR0001' }],
    ['a name of seventeen characters', { holder: 'IRABCDEFGHIJ00001' }],
    ['a terminal type that is not known', { type: fromHex('04007f000703010204') }],
    ['a template of another type’s length', { type: fromHex('04007f000703010202') }],
    ['an empty list of extensions', { extensions: new Uint8Array(0) }],
    ['an extension without a name', { extensions: fromHex('730453020102') }],
  ])('%s', (_what, change) => {
    expect(refusal(issueCv({ ...dv, ...change }))).toThrow(CvcFormatError)
  })

  it('keeps extensions that it does not know, and takes the certificate', () => {
    const extensions = fromHex('73' + '0c' + '0603060304' + '8005' + '0102030405')
    const bytes = issueCv({ ...dv, extensions })
    expect(readCvCertificate(bytes).extensions.map(toHex)).toEqual([toHex(extensions)])
    expect(typeof show(trusting(world.root), bytes)).toBe('object')
  })

  it('a name has at least a country and a sequence number', () => {
    expect(readReference(Uint8Array.from('IR00001', (c) => c.charCodeAt(0)))).toBe('IR00001')
    expect(() => readReference(new Uint8Array(0))).toThrow(CvcFormatError)
  })
})

describe('what the card trusts', () => {
  let world: ReturnType<typeof cvTestWorld>
  let start: TrustView
  beforeAll(() => {
    world = cvTestWorld()
    start = trusting(world.root)
  })
  const at = (date: string, view = start): TrustView => ({ ...view, date })
  const names = (view: TrustView) => trustedNames(keepTrust(view))
  const authorityOf = (input: Omit<CvTestInput, 'key' | 'signer'> & { signer?: CvTestInput['signer']; key?: CvTestInput['key'] }) =>
    issueCv({ key: world.keys.dv, signer: world.keys.root, ...input })

  it('a chain of domestic certificates moves the date step by step and ends in the AND of all rights', () => {
    const { view, imported } = shown(start, world.dv, world.terminal)
    expect(view.date).toBe('260201')
    expect(effectiveTemplate(imported!.chain, undefined)).toEqual(Uint8Array.of(0x01))
    expect(shown(start, world.dv).view.date).toBe('260110')
  })

  it('P12 E_19 E_20 E_21 V05 a certificate is good to the end of its last day by the card’s date, a link for ever', () => {
    expect(show(at('261231'), world.dv)).not.toBe(0)
    expect(show(at('270101'), world.dv)).toBe(0)
    expect(show(at('260331'), world.dv, world.terminal)).not.toBe(1)
    expect(show(at('260401'), world.dv, world.terminal)).toBe(1)
    expect(names(shown(at('290101'), world.link).view)).toEqual(['IRCVCA00002'])
  })

  it('V05 an expired trust point verifies links alone, and leaves once its successor is there', () => {
    const late = at('280101')
    const dv = authorityOf({ authority: 'IRCVCA00001', holder: 'IRDV00009', role: 'dv-domestic', from: '271201', to: '290101' })
    expect(show(late, dv)).toBe(0)
    const { view } = shown(late, world.link)
    expect(names(view)).toEqual(['IRCVCA00002'])
    expect(view.date).toBe('280101')
    // The whole line is followed even when every key in it has expired.
    expect(names(shown(at('300101'), world.link, world.third).view)).toEqual(['IRCVCA00003'])
  })

  it('V05 the date moves forward only, by links, verifiers and what a domestic verifier issued', () => {
    expect(shown(start, world.link).view.date).toBe('260601')
    expect(shown(at('260701'), world.link).view.date).toBe('260701')
    const domestic = shown(start, world.dv, world.terminal)
    expect(domestic.view.date).toBe('260201')
    const foreign = shown(start, world.foreignDv, world.foreignTerminal)
    expect(foreign.view.date).toBe('260110') // its verifier's, never its own
  })

  it('P12 E_17 E_18 a wrong signature, of the right length or another, changes nothing', () => {
    for (const bytes of [world.dv, world.terminal, world.link]) {
      const view = bytes === world.terminal ? shown(start, world.dv) : { view: start, imported: undefined }
      const forged = bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1)
      const certificate = readCvCertificate(forged)
      expect(importCertificate(view.view, findIssuer(view.view, view.imported, certificate.authority)!, certificate)).toBeUndefined()
      const key = trustPointOf(world.root)!.key
      for (const signature of [new Uint8Array(0), new Uint8Array(63), new Uint8Array(64), new Uint8Array(65).fill(1)])
        expect(isSignedBy(key, certificate.body, signature)).toBe(false)
    }
  })

  it('no bit of a certificate can change: it is not read, or not taken', () => {
    const bytes = world.dv
    let readable = 0
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const changed = bytes.with(bit >> 3, bytes[bit >> 3]! ^ (1 << (bit & 7)))
      try {
        expect(show(start, changed), `bit ${bit}`).toBe(0)
        readable++
      } catch (error) {
        expect(error, `bit ${bit}`).toBeInstanceOf(CvcFormatError)
      }
    }
    expect(readable).toBeGreaterThan(1000)
  })

  it('P12 E_24 with a certificate missing there is no issuer', () => {
    expect(show(start, world.terminal)).toBe(0)
    expect(show(start, world.nextDv)).toBe(0)
    expect(show(start, world.link, world.nextTerminal)).toBe(1)
    expect(show(start, world.dv, world.nextTerminal)).toBe(1)
  })

  it('P12 E_32 E_33 E_34 a link adds its key, both generations serve, and the third puts the first out', () => {
    const linked = shown(start, world.link).view
    expect(names(linked)).toEqual(['IRCVCA00002', 'IRCVCA00001'])
    expect(show(linked, world.dv)).not.toBe(0)
    expect(show(linked, world.nextDv, world.nextTerminal)).not.toBe(1)
    const third = shown(linked, world.third).view
    expect(names(third)).toEqual(['IRCVCA00003', 'IRCVCA00002'])
    expect(show(third, world.dv)).toBe(0)
    expect(names(shown(linked, world.link).view)).toEqual(['IRCVCA00002', 'IRCVCA00001']) // again: nothing new
  })

  it('a link gives a known name to no other key, and a verifier takes no trust point’s name', () => {
    const linked = shown(start, world.link).view
    const root = { authority: 'IRCVCA00001', role: 'cvca', from: '260701', to: '281231', key: cvTestKey() } as const
    expect(show(linked, authorityOf({ ...root, holder: 'IRCVCA00002' }))).toBe(0)
    expect(show(linked, authorityOf({ ...root, holder: 'IRCVCA00001' }))).toBe(0)
    expect(show(linked, authorityOf({ ...root, role: 'dv-domestic', holder: 'IRCVCA00002' }))).toBe(0)
  })

  it('no role certifies what it may not', () => {
    const { keys } = world
    const terminal = { authority: 'IRCVCA00001', holder: 'IRTERM00009', role: 'terminal', from: '260110', to: '261231' } as const
    expect(show(start, authorityOf(terminal))).toBe(0)
    const below = { authority: 'IRDV00001', holder: 'IRDV00009', from: '260110', to: '261231', signer: keys.dv } as const
    expect(show(start, world.dv, authorityOf({ ...below, role: 'dv-domestic' }))).toBe(1)
    expect(show(start, world.dv, authorityOf({ ...below, role: 'cvca' }))).toBe(1)
    const last = { ...below, authority: 'IRTERM00001', signer: keys.terminal } as const
    for (const role of ['terminal', 'dv-domestic', 'dv-foreign', 'cvca'] as const)
      expect(show(start, world.dv, world.terminal, authorityOf({ ...last, role }))).toBe(2)
  })

  it('only a CVCA brings domain parameters; a link without them inherits, and stands on its own afterwards', () => {
    const dv = { authority: 'IRCVCA00001', holder: 'IRDV00009', role: 'dv-domestic', from: '260110', to: '261231' } as const
    expect(show(start, authorityOf({ ...dv, withDomain: true }))).toBe(0)
    const link = { ...dv, holder: 'IRCVCA00002', role: 'cvca', withDomain: false, key: world.keys.next } as const
    const { view } = shown(start, authorityOf(link))
    const reopened = openTrust(keepTrust(view))
    expect(reopened.points.map(({ key }) => key.curve?.name)).toEqual(['prime256v1', 'prime256v1'])
    expect(show({ ...reopened, points: reopened.points.slice(0, 1) }, world.nextDv)).not.toBe(0)
  })

  it('takes no link that is too long to be kept: the card could not open it again, nor start', () => {
    const filled = (length: number) => encodeTlv(0x73, [fromHex('0601 2a'), encodeTlv(0x53, new Uint8Array(length))])
    const keys = { key: world.keys.next, signer: world.keys.root, withDomain: false }
    const link = { ...keys, authority: 'IRCVCA00001', holder: 'IRCVCA00002', role: 'cvca', from: '260601', to: '281231' } as const
    const taken = show(start, authorityOf({ ...link, extensions: filled(3500) }))
    expect(typeof taken === 'object' && isTrust(keepTrust(taken.view))).toBe(true)
    expect(show(start, authorityOf({ ...link, extensions: filled(3750) }))).toBe(0)
  })

  it('takes no trust point that is not a CVCA, not self-signed, without its curve, or not signed by itself', () => {
    expect(trustPointOf(world.root)).toBeDefined()
    expect(trustPointOf(world.dv)).toBeUndefined()
    expect(trustPointOf(world.link)).toBeUndefined()
    expect(trustPointOf(world.root.with(world.root.length - 1, world.root.at(-1)! ^ 1))).toBeUndefined()
    const self = { authority: 'IRCVCA00001', holder: 'IRCVCA00001', from: '250101', to: '271231', key: world.keys.root } as const
    expect(trustPointOf(authorityOf({ ...self, role: 'cvca', withDomain: false }))).toBeUndefined()
    expect(trustPointOf(authorityOf({ ...self, role: 'dv-domestic', withDomain: true }))).toBeUndefined()
  })

  it('personalization keeps the two newest trust points, in whatever order they come', () => {
    const self = (holder: string, from: string) =>
      trustPointOf(
        authorityOf({ authority: holder, holder, role: 'cvca', from, to: '291231', key: world.keys.next, signer: world.keys.next }),
      )!
    const [a, b, c] = [self('IRCVCA0000A', '240101'), self('IRCVCA0000B', '250101'), self('IRCVCA0000C', '260101')]
    for (const order of [
      [a, b, c],
      [c, b, a],
      [b, c, a],
    ]) {
      const view = order.reduce(withTrustPoint, earliest)
      expect(names(view)).toEqual(['IRCVCA0000C', 'IRCVCA0000B'])
      expect(view.date).toBe('260101')
    }
  })

  it('rights are the AND of the chain and of what PACE was told; another terminal type has none', () => {
    const { imported } = shown(start, world.dv, world.terminal)
    const { chain } = imported!
    const own = chain.at(-1)!
    expect(effectiveTemplate(chain, { ...own, template: Uint8Array.of(0x02) })).toEqual(Uint8Array.of(0x00))
    expect(effectiveTemplate(chain, { ...own, template: Uint8Array.of(0x3f) })).toEqual(Uint8Array.of(0x01))
    expect(effectiveTemplate(chain, { ...own, type: '04007f000703010203' })).toEqual(Uint8Array.of(0x00))
    expect(effectiveTemplate([{ ...own, type: '04007f000703010203' }, ...chain], undefined)).toEqual(Uint8Array.of(0x00))
    expect(effectiveTemplate([], undefined)).toEqual(new Uint8Array(0))
  })
})
