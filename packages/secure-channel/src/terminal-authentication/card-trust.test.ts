import { readFileSync } from 'node:fs'
import { DecodeError, fromHex, toHex } from '@kart/codec'
import { type CvCertificate, chatRights, decodeCvCertificate, encodeCvBody, encodeCvCertificate, terminalAlgorithms } from '@kart/layout'
import { beforeAll, describe, expect, it } from 'vitest'
import { type TestPki, testKey, testPki } from '../testing/test-pki.ts'
import { vectorGroup } from '../testing/vector-file.ts'
import {
  type CvTrust,
  type CvTrustPolicy,
  findCvChain,
  importCvCertificate,
  startCvTrust,
  trustPointOf,
  verifyCvChain,
} from './card-trust.ts'
import { CertificateChainError, type ChainProblem } from './chain-error.ts'
import { openCvKey, verifyCvSignature } from './cv-key.ts'
import { issueDocumentVerifier, issueLinkCertificate, issueTerminal } from './issue.ts'

const file = (name: string): CvCertificate =>
  decodeCvCertificate(new Uint8Array(readFileSync(new URL(`../../../../test-vectors/${name}`, import.meta.url))))

/** What the published examples need that a verifier of today would not take: SHA-1, RSA-1024, an authentication terminal below an inspection system's root. */
const oldExamples: CvTrustPolicy = {
  minRsaBits: 1024,
  algorithms: terminalAlgorithms.map(({ name }) => name),
  otherTerminalType: 'no-rights',
}

/** A day on which nothing in the chain has expired. */
const earlyDay = '2010-01-01'

function problemOf(run: () => unknown): ChainProblem | 'none' {
  try {
    run()
    return 'none'
  } catch (error) {
    if (error instanceof CertificateChainError) return error.problem
    throw error
  }
}

describe('published chains of CV certificates', () => {
  interface Step {
    readonly file: string
    readonly selfSigned?: boolean
    readonly car?: string
    readonly chr?: string
    readonly signatureOk?: boolean
  }

  it.each(vectorGroup('cvc/cvc.json', 'chain').tests)('$id $comment', ({ input, expected, result }) => {
    const [root, ...chain] = (input.files as string[]).map(file) as [CvCertificate, ...CvCertificate[]]
    const [rootStep, ...steps] = expected.steps as Step[]
    expect(rootStep!.selfSigned).toBe(true)
    let trust = startCvTrust([trustPointOf(root, oldExamples)], earlyDay)
    steps.forEach((step, i) => {
      const certificate = chain[i]!
      expect([certificate.authorityReference, certificate.holderReference]).toEqual([step.car, step.chr])
      const taken = () => importCvCertificate(trust, certificate, oldExamples)
      if (step.signatureOk) trust = taken()
      else expect(problemOf(taken)).toBe('unknown-issuer')
    })
    if (expected.chainOk && chain.length > 0) {
      const verified = verifyCvChain(startCvTrust([trustPointOf(root, oldExamples)], earlyDay), chain, oldExamples)
      expect(verified.certificate.holderReference).toBe(steps.at(-1)!.chr)
      expect(findCvChain([root, ...chain].reverse(), chain.at(-1)!, [root.holderReference])).toEqual(chain)
    }
    expect(steps.every(({ signatureOk }) => signatureOk)).toBe(result === 'valid')
  })

  it.each(vectorGroup('cvc/cvc.json', 'tampered').tests)('$id $comment', ({ input, expected }) => {
    const issuer = file(input.issuer as string)
    const root = file('cvc/tr-ecdh-cvca.cvcert').publicKey
    const key = openCvKey(issuer.publicKey, root.kind === 'ec' ? root.domain : undefined)
    const certificate = decodeCvCertificate(fromHex(input.cvc as string))
    expect(verifyCvSignature(key, certificate.body, certificate.signature)).toBe(expected.signatureOk)
    expect(certificate.authorityReference).toBe(issuer.holderReference)
  })

  it('the effective rights of the published terminals are the AND along their chains', () => {
    const names = ['cvca-DETESTeID00004', 'cvdv-DEDVeIDDPST00035', 'cvat-DEDEMODEV00038']
    const [root, ...chain] = names.map((name) => file(`cvc/${name}.cvcert`)) as [CvCertificate, ...CvCertificate[]]
    const { authorization, trust } = verifyCvChain(startCvTrust([trustPointOf(root)], earlyDay), chain)
    // FC 0F 13 FF FF, 40 05 13 FF 87 and 00 05 13 FF 87
    expect(toHex(authorization.template)).toBe('000513ff87')
    // The verifier's role is 01, not domestic: its own effective date counts, its terminal's does not.
    expect(trust.currentDate).toBe('2014-02-11')
    expect(problemOf(() => verifyCvChain(startCvTrust([trustPointOf(root)], '2014-05-13'), chain))).toBe('expired')
  })

  it('the worked example’s root is of another kind of terminal: refused as a rule, without rights by choice', () => {
    const [root, ...chain] = ['cvca', 'dv', 'at'].map((name) => file(`cvc/tr-ecdh-${name}.cvcert`)) as [CvCertificate, ...CvCertificate[]]
    const trust = startCvTrust([trustPointOf(root)], '2010-10-01')
    expect(problemOf(() => verifyCvChain(trust, chain))).toBe('terminal-type')
    expect(chatRights(verifyCvChain(trust, chain, { otherTerminalType: 'no-rights' }).authorization)).toEqual([])
  })

  it('SHA-1 and RSA-1024 are refused unless the policy takes them', () => {
    const root = file('cvc/tr-dh-cvca.cvcert')
    expect(problemOf(() => trustPointOf(root))).toBe('key')
    expect(problemOf(() => trustPointOf(root, { algorithms: ['id-TA-RSA-v1-5-SHA-1'] }))).toBe('key')
    expect(problemOf(() => trustPointOf(root, { minRsaBits: 1024 }))).toBe('key')
    expect(problemOf(() => trustPointOf(root, { minRsaBits: 1024, algorithms: ['id-TA-RSA-v1-5-SHA-1'] }))).toBe('none')
  })
})

describe('a card’s trust in CV certificates', () => {
  let pki: TestPki
  let start: CvTrust
  beforeAll(async () => {
    pki = await testPki()
    start = startCvTrust([trustPointOf(pki.root)], '2026-01-01')
  })
  const names = (trust: CvTrust) =>
    trust.trustPoints.map(({ holderReference, enabled }) => `${holderReference}${enabled ? '' : ' (disabled)'}`)
  const on = (currentDate: string) => startCvTrust([trustPointOf(pki.root)], currentDate)
  /** A certificate with another signature: the bytes change, the names stay. */
  const forged = (certificate: CvCertificate) => {
    const signature = certificate.signature.slice()
    signature[signature.length - 1]! ^= 1
    return decodeCvCertificate(encodeCvCertificate(certificate.body, signature))
  }

  it('takes document verifier and terminal; rights are the AND, the date follows', () => {
    const { authorization, trust, certificate, key } = verifyCvChain(start, [pki.dv, pki.terminal])
    expect(chatRights(authorization)).toEqual(['read-dg3'])
    expect(authorization.role).toBe('terminal')
    expect(certificate).toBe(pki.terminal)
    expect(key.domain).toEqual(pki.keys.root.domain)
    expect(trust.currentDate).toBe('2026-02-01')
    expect(start.currentDate).toBe('2026-01-01')
  })

  it('a foreign verifier’s terminal moves no date', () =>
    expect(verifyCvChain(start, [pki.foreignDv, pki.foreignTerminal]).trust.currentDate).toBe('2026-01-10'))

  it('rights that the verifier does not have are not the terminal’s', async () => {
    const terminal = await issueTerminal(
      { certificate: pki.foreignDv, signer: pki.keys.dv.signer, domain: pki.keys.root.domain! },
      {
        holderReference: 'DETERM00002',
        publicKey: pki.keys.terminal.publicKey,
        rights: ['read-dg4'],
        effective: '2026-02-05',
        expiration: '2026-03-31',
      },
    )
    expect(chatRights(verifyCvChain(start, [pki.foreignDv, terminal]).authorization)).toEqual([])
  })

  it('P12 a certificate that its issuer’s key did not sign is refused: E_17 the verifier’s, E_18 the terminal’s, and a link, and a root', () => {
    expect(problemOf(() => verifyCvChain(start, [pki.dv, forged(pki.terminal)]))).toBe('signature')
    expect(problemOf(() => verifyCvChain(start, [forged(pki.dv), pki.terminal]))).toBe('signature')
    expect(problemOf(() => importCvCertificate(start, forged(pki.link)))).toBe('signature')
    expect(problemOf(() => trustPointOf(forged(pki.root)))).toBe('signature')
  })

  it('P12 expired certificates are refused by the card’s own date, to the day: E_19 E_20 E_21', () => {
    expect(problemOf(() => verifyCvChain(on('2026-03-31'), [pki.dv, pki.terminal]))).toBe('none')
    expect(problemOf(() => verifyCvChain(on('2026-04-01'), [pki.dv, pki.terminal]))).toBe('expired')
    expect(problemOf(() => importCvCertificate(on('2026-12-31'), pki.dv))).toBe('none')
    expect(problemOf(() => importCvCertificate(on('2027-01-01'), pki.dv))).toBe('expired')
  })

  it('P12 an expired trust point verifies no document verifier, but still a link', async () => {
    const late = await issueDocumentVerifier(
      { certificate: pki.root, signer: pki.keys.root.signer },
      {
        holderReference: 'IRDV00003',
        publicKey: pki.keys.dv.publicKey,
        rights: [],
        role: 'dv-domestic',
        effective: '2028-01-01',
        expiration: '2028-06-30',
      },
    )
    expect(names(on('2028-01-01'))).toEqual(['IRCVCA00001 (disabled)'])
    expect(problemOf(() => importCvCertificate(on('2027-12-31'), late))).toBe('none')
    expect(problemOf(() => importCvCertificate(on('2028-01-01'), late))).toBe('issuer-expired')
    expect(names(importCvCertificate(on('2028-01-01'), pki.link))).toEqual(['IRCVCA00002'])
    expect(names(importCvCertificate(on('2029-01-01'), pki.link))).toEqual(['IRCVCA00002 (disabled)'])
  })

  it('P12 E_24 a chain with a certificate missing is refused', () => {
    expect(problemOf(() => verifyCvChain(start, [pki.terminal]))).toBe('unknown-issuer')
    expect(problemOf(() => verifyCvChain(start, [pki.nextDv, pki.nextTerminal]))).toBe('unknown-issuer')
    expect(problemOf(() => verifyCvChain(start, [pki.dv]))).toBe('no-terminal')
    expect(problemOf(() => verifyCvChain(start, []))).toBe('no-terminal')
    const before = importCvCertificate(start, pki.dv)
    expect(problemOf(() => verifyCvChain(before, [pki.terminal]))).toBe('unknown-issuer') // a new chain starts from the trust points
  })

  it('P12 E_32 E_33 E_34 a link certificate adds its key as a trust point and moves the date; both generations serve', () => {
    const linked = importCvCertificate(start, pki.link)
    expect(names(linked)).toEqual(['IRCVCA00002', 'IRCVCA00001'])
    expect(linked.currentDate).toBe('2026-06-01')
    expect(problemOf(() => importCvCertificate(linked, pki.dv))).toBe('none')
    expect(chatRights(verifyCvChain(start, [pki.link, pki.nextDv, pki.nextTerminal]).authorization)).toEqual(['read-dg3'])
    expect(names(importCvCertificate(linked, pki.link))).toEqual(['IRCVCA00002', 'IRCVCA00001'])
  })

  it('P12 at most two trust points are kept: the third generation puts the first out', async () => {
    const third = await issueLinkCertificate(
      { certificate: pki.link, signer: pki.keys.nextRoot.signer },
      { holderReference: 'IRCVCA00003', publicKey: testKey().publicKey, rights: [], effective: '2027-01-01', expiration: '2029-12-31' },
    )
    const after = [pki.link, third].reduce((trust, link) => importCvCertificate(trust, link), start)
    expect(names(after)).toEqual(['IRCVCA00003', 'IRCVCA00002'])
    expect(problemOf(() => importCvCertificate(after, pki.dv))).toBe('unknown-issuer')
  })

  it('P12 a link that gives a known name to another key is refused', async () => {
    const again = await issueLinkCertificate(
      { certificate: pki.root, signer: pki.keys.root.signer },
      { holderReference: 'IRCVCA00002', publicKey: testKey().publicKey, rights: [], effective: '2026-07-01', expiration: '2028-12-31' },
    )
    expect(problemOf(() => importCvCertificate(importCvCertificate(start, pki.link), again))).toBe('role')
  })

  it('a link without domain parameters inherits them, one with others brings them', async () => {
    const input = { holderReference: 'IRCVCA00004', rights: [], effective: '2026-06-01', expiration: '2028-12-31' }
    const by = { certificate: pki.root, signer: pki.keys.root.signer }
    const key = testKey().publicKey
    const bare = await issueLinkCertificate(by, { ...input, publicKey: { ...key, domain: undefined } as typeof key })
    expect(importCvCertificate(start, bare).trustPoints[0]!.key.domain).toEqual(pki.keys.root.domain)
    const other = testKey('id-TA-ECDSA-SHA-384', 'brainpoolP384r1')
    const moved = await issueLinkCertificate(by, { ...input, publicKey: other.publicKey })
    expect(importCvCertificate(start, moved).trustPoints[0]!.key.domain).toEqual(other.domain)
  })

  it('roles: no root certifies a terminal, no verifier a verifier, no terminal anything, and none carries domain parameters', async () => {
    const withDv = importCvCertificate(start, pki.dv)
    const direct = await issueTerminal(
      { certificate: { ...pki.dv, holderReference: 'IRCVCA00001' }, signer: pki.keys.dv.signer, domain: pki.keys.root.domain! },
      {
        holderReference: 'IRTERM00009',
        publicKey: pki.keys.terminal.publicKey,
        rights: [],
        effective: '2026-02-01',
        expiration: '2026-03-31',
      },
    )
    expect(problemOf(() => importCvCertificate(start, direct))).toBe('role')
    expect(problemOf(() => importCvCertificate(start, pki.root))).toBe('role')
    const verified = verifyCvChain(start, [pki.dv, pki.terminal]).trust
    const wideBody = encodeCvBody({ ...pki.dv, publicKey: pki.keys.dv.publicKey })
    const wide = decodeCvCertificate(encodeCvCertificate(wideBody, await pki.keys.root.signer.sign(wideBody)))
    expect(problemOf(() => importCvCertificate(start, wide))).toBe('domain-parameters')
    expect(verified.imported!.authorization.role).toBe('terminal')
    expect(problemOf(() => importCvCertificate(withDv, { ...pki.dv, authorityReference: 'IRDV00001' }))).toBe('role')
    expect(problemOf(() => importCvCertificate(verified, { ...pki.terminal, authorityReference: 'IRTERM00001' }))).toBe('role')
  })

  it('a trust point is a self-signed CVCA certificate with domain parameters, and nothing else', () => {
    expect(problemOf(() => trustPointOf(pki.dv))).toBe('role')
    expect(problemOf(() => trustPointOf(pki.link))).toBe('unknown-issuer')
    expect(
      problemOf(() => trustPointOf({ ...pki.root, publicKey: { ...pki.root.publicKey, domain: undefined } as typeof pki.root.publicKey })),
    ).toBe('domain-parameters')
  })

  it('domain parameters that are no known curve’s are refused, a forged generator among them', () => {
    const { publicKey } = pki.root
    if (publicKey.kind !== 'ec' || publicKey.domain === undefined) throw new Error('the root lost its curve')
    const withDomain = (change: object) => ({ ...pki.root, publicKey: { ...publicKey, domain: { ...publicKey.domain!, ...change } } })
    expect(problemOf(() => trustPointOf(withDomain({ generator: publicKey.point })))).toBe('key')
    expect(problemOf(() => trustPointOf(withDomain({ cofactor: Uint8Array.of(2) })))).toBe('key')
    expect(
      problemOf(() =>
        trustPointOf({ ...pki.root, publicKey: { ...publicKey, point: publicKey.point.with(64, publicKey.point[64]! ^ 1) } }),
      ),
    ).toBe('key')
    expect(problemOf(() => trustPointOf(withDomain({ cofactor: undefined })))).toBe('none')
  })

  it('finds the shortest chain to a card’s trust points, whatever lies beside it', () => {
    const store = [pki.foreignTerminal, pki.terminal, pki.nextDv, pki.foreignDv, pki.root, pki.dv, pki.link, pki.nextTerminal]
    expect(findCvChain(store, pki.terminal, ['IRCVCA00001'])).toEqual([pki.dv, pki.terminal])
    expect(findCvChain(store, pki.nextTerminal, ['IRCVCA00001'])).toEqual([pki.link, pki.nextDv, pki.nextTerminal])
    expect(findCvChain(store, pki.nextTerminal, ['IRCVCA00002', 'IRCVCA00001'])).toEqual([pki.nextDv, pki.nextTerminal])
    expect(findCvChain(store, pki.terminal, ['DECVCA00001'])).toBeUndefined()
    expect(findCvChain([], pki.terminal, ['IRCVCA00001'])).toBeUndefined()
  })

  it('no bit of a certificate can change: the bytes do not decode, or the chain does not hold', () => {
    const { raw } = pki.dv
    let chains = 0
    for (let bit = 0; bit < 8 * raw.length; bit++) {
      const changed = raw.with(bit >> 3, raw[bit >> 3]! ^ (1 << (bit & 7)))
      let certificate: CvCertificate
      try {
        certificate = decodeCvCertificate(changed)
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError)
        continue
      }
      chains++
      expect(
        problemOf(() => importCvCertificate(start, certificate)),
        `bit ${bit}`,
      ).not.toBe('none')
    }
    expect(chains).toBeGreaterThan(1000)
  })

  it('a ring of names ends the search', () => {
    const ring = [
      { ...pki.link, authorityReference: 'IRCVCA00009', holderReference: 'IRCVCA00008' },
      { ...pki.link, authorityReference: 'IRCVCA00008', holderReference: 'IRCVCA00009' },
    ]
    expect(findCvChain(ring, { ...pki.terminal, authorityReference: 'IRCVCA00008' }, ['IRCVCA00001'])).toBeUndefined()
  })
})
