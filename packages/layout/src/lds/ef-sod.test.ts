import { createHash, generateKeyPairSync, sign as nodeSign, verify as nodeVerify, X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { CardError, DecodeError, encodeTlv, fromHex, LimitError, toHex } from '@kart/codec'
import * as fc from 'fast-check'
import { ContentInfo, SignedData } from 'pkijs'
import { describe, expect, test } from 'vitest'
import { decodeCertificate } from '../pki/certificate.ts'
import { efSodCodec } from './ef-sod.ts'
import { encodeSod } from './encode-sod.ts'
import { decodeLdsSecurityObject, encodeLdsSecurityObject } from './lds-security-object.ts'

const vectors = new URL('../../../../test-vectors/', import.meta.url)
const bytesOf = (path: string) => new Uint8Array(readFileSync(new URL(path, vectors)))
const jsonOf = (path: string) => JSON.parse(readFileSync(new URL(path, vectors), 'utf8'))

interface SodExpectation {
  signedDataVersion: number
  eContentType: string
  ldsSecurityObjectVersion: number
  dgHashAlgorithm: string
  dgHashes: Record<string, string>
  signerDigest: string
  signatureAlgorithmOid: string
  messageDigest: string
  eContentSha: Record<string, string>
}

const ldsSods: { id: number; comment: string; input: { file: string }; expected: SodExpectation }[] = jsonOf('lds/lds.json').groups.find(
  (group: { name: string }) => group.name === 'sod',
).tests
const paSods: { input: { sod: string }; expected: Partial<SodExpectation> }[] = jsonOf('pa/pa.json').groups[0].tests
const sodFiles = [...new Set([...ldsSods.map((one) => one.input.file), ...paSods.map((one) => one.input.sod)])]

/** Verifies with node:crypto what this package says was signed: the bytes, the algorithm and the key must all be right for it to hold. */
function verifies(raw: Uint8Array): boolean {
  const sod = efSodCodec.decode(raw)
  const signer = sod.signers[0]!
  const key = new X509Certificate(sod.certificates[0]!).publicKey
  const scheme = signer.signatureScheme!
  const options = scheme.kind === 'rsa-pss' ? { key, padding: 6, saltLength: scheme.saltLength } : key
  return nodeVerify(scheme.hash, signer.signedAttributes!, options, signer.signature)
}

describe('EF.SOD of outside vectors', () => {
  test.each(ldsSods)('lds $id: $comment', ({ input, expected }) => {
    const sod = efSodCodec.decode(bytesOf(input.file))
    const signer = sod.signers[0]!
    expect({
      signedDataVersion: sod.version,
      eContentType: sod.contentType,
      ldsSecurityObjectVersion: sod.ldsSecurityObject.version,
      dgHashAlgorithm: sod.ldsSecurityObject.hash,
      dgHashes: Object.fromEntries(sod.ldsSecurityObject.dataGroupHashes.map((one) => [String(one.dataGroup), toHex(one.hash)])),
      signerDigest: signer.digest,
      signatureAlgorithmOid: signer.signatureAlgorithm.oid,
      messageDigest: toHex(signer.messageDigest!),
    }).toEqual({
      signedDataVersion: expected.signedDataVersion,
      eContentType: expected.eContentType,
      ldsSecurityObjectVersion: expected.ldsSecurityObjectVersion,
      dgHashAlgorithm: expected.dgHashAlgorithm,
      dgHashes: expected.dgHashes,
      signerDigest: expected.signerDigest,
      signatureAlgorithmOid: expected.signatureAlgorithmOid,
      messageDigest: expected.messageDigest,
    })
    for (const [hash, digest] of Object.entries(expected.eContentSha))
      expect(createHash(hash).update(sod.content).digest('hex')).toBe(digest)
  })

  test.each([...new Map(paSods.filter((one) => one.expected.dgHashes).map((one) => [one.input.sod, one])).values()])(
    'pa: $input.sod',
    ({ input, expected }) => {
      const sod = efSodCodec.decode(bytesOf(input.sod))
      expect(sod.ldsSecurityObject.hash).toBe(expected.dgHashAlgorithm)
      expect(Object.fromEntries(sod.ldsSecurityObject.dataGroupHashes.map((one) => [String(one.dataGroup), toHex(one.hash)]))).toEqual(
        expected.dgHashes,
      )
      const certificate = input.sod.replace('-sod.bin', '-ds.cer')
      expect(toHex(sod.certificates[0]!)).toBe(toHex(bytesOf(certificate)))
      expect(verifies(bytesOf(input.sod))).toBe(true)
    },
  )

  test('the bytes that were signed verify with node:crypto for RSASSA-PSS and ECDSA, and do not where the vector was made so', () => {
    expect(verifies(bytesOf('lds/tr03105-sod.bin'))).toBe(true)
    expect(verifies(bytesOf('lds/etsi-sod.bin'))).toBe(true)
    expect(verifies(bytesOf('lds/bsi2008-ef-sod.bin'))).toBe(true)
    expect(verifies(bytesOf('lds/tr03105-sod-badsig.bin'))).toBe(false)
    expect(verifies(bytesOf('pa/sod-badsig.bin'))).toBe(false)
  })

  test.each(sodFiles)('%s: the parts put together again give the same bytes', (file) => {
    const raw = bytesOf(file)
    expect(toHex(efSodCodec.encode(efSodCodec.decode(raw)))).toBe(toHex(raw))
  })
})

describe('EF.SOD refusals', () => {
  const sod = bytesOf('pa/ecdsa-bp256-sha256-sod.bin')

  test.each(sodFiles)('%s: every byte flipped, one at a time, decodes or is refused with DecodeError or LimitError', (file) => {
    const raw = bytesOf(file)
    let refused = 0
    // Three ways a byte, spread over its neighbours: all three for each would take long and find the same.
    for (let at = 0; at < raw.length; at++) {
      const flipped = raw.slice()
      flipped[at]! ^= [0x01, 0x80, 0xff][at % 3]!
      refused += refuses(flipped)
    }
    expect(refused).toBeGreaterThan(raw.length / 10)
  })

  test('cut short anywhere, or with a byte behind, it is refused', () => {
    for (let length = 0; length < sod.length; length++) expect(() => efSodCodec.decode(sod.subarray(0, length))).toThrow(DecodeError)
    expect(() => efSodCodec.decode(Uint8Array.of(...sod, 0))).toThrow(DecodeError)
  })

  test('any bytes inside tag 77 decode or are refused with DecodeError or LimitError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        refuses(encodeTlv(0x77, bytes))
        refuses(bytes)
      }),
      { numRuns: 2000 },
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(sod.length - 1), fc.nat(255)), { minLength: 2, maxLength: 6 }), (changes) => {
        const changed = sod.slice()
        for (const [at, value] of changes) changed[at] = value
        refuses(changed)
      }),
      { numRuns: 3000 },
    )
  })

  test('deep nesting and indefinite lengths are refused', () => {
    let nested: Uint8Array = fromHex('0500')
    for (let i = 0; i < 200; i++) nested = encodeTlv(0x30, nested)
    expect(() => efSodCodec.decode(encodeTlv(0x77, nested))).toThrow(LimitError)
    expect(() => efSodCodec.decode(fromHex('7706308005000000'))).toThrow(DecodeError)
  })

  test('another content type than SignedData, another file tag', () => {
    const text = toHex(sod)
    expect(() => efSodCodec.decode(fromHex(text.replace('2a864886f70d010702', '2a864886f70d010703')))).toThrow(/SignedData/)
    expect(() => efSodCodec.decode(fromHex(text.replace(/^77/, '76')))).toThrow(DecodeError)
  })

  function refuses(bytes: Uint8Array): number {
    try {
      efSodCodec.decode(bytes)
      return 0
    } catch (error) {
      expect(error instanceof DecodeError || error instanceof LimitError, String(error)).toBe(true)
      return 1
    }
  }
})

describe('LDS security object', () => {
  const hash = (fill: number) => new Uint8Array(32).fill(fill)

  test('version 1 with version information, both ways', () => {
    const value = {
      hash: 'sha256' as const,
      dataGroupHashes: [
        { dataGroup: 2, hash: hash(2) },
        { dataGroup: 1, hash: hash(1) },
      ],
      ldsVersionInfo: { ldsVersion: '0108', unicodeVersion: '040000' },
    }
    const bytes = encodeLdsSecurityObject(value)
    // Written out by hand from the ASN.1 of Doc 9303-10, 4.6.2.3.
    expect(toHex(bytes)).toBe(
      [
        '3070020101300b0609608648016503040201304e',
        `30250201010420${'01'.repeat(32)}`,
        `30250201020420${'02'.repeat(32)}`,
        '300e1304303130381306303430303030',
      ].join(''),
    )
    const decoded = decodeLdsSecurityObject(bytes)
    expect(decoded).toMatchObject({ version: 1, hash: 'sha256', ldsVersionInfo: value.ldsVersionInfo })
    expect(decoded.dataGroupHashes.map((one) => one.dataGroup)).toEqual([1, 2])
  })

  test.each([
    ['a data group twice', '3060020100300b0609608648016503040201304e'.concat(`30250201010420${'01'.repeat(32)}`.repeat(2))],
    ['a data group 17', '3039020100300b06096086480165030402013027'.concat(`30250201110420${'01'.repeat(32)}`)],
    ['a digest of the wrong length', '3038020100300b06096086480165030402013026'.concat(`3024020101041f${'01'.repeat(31)}`)],
    ['no data group', '3012020100300b06096086480165030402013000'],
    ['version 1 without version information', '3039020101300b06096086480165030402013027'.concat(`30250201010420${'01'.repeat(32)}`)],
    ['version 2', '3039020102300b06096086480165030402013027'.concat(`30250201010420${'01'.repeat(32)}`)],
  ])('refuses %s', (_, hex) => {
    expect(() => decodeLdsSecurityObject(fromHex(hex))).toThrow(DecodeError)
  })

  test('encoding refuses what it could not read back', () => {
    const one = (dataGroup: number, length = 32) => ({ dataGroup, hash: new Uint8Array(length) })
    for (const dataGroupHashes of [[], [one(0)], [one(17)], [one(1), one(1)], [one(1, 20)]])
      expect(() => encodeLdsSecurityObject({ hash: 'sha256', dataGroupHashes })).toThrow(CardError)
  })
})

describe('encodeSod', () => {
  const digest = (hash: string, bytes: Uint8Array) => new Uint8Array(createHash(hash).update(bytes).digest())
  const ldsSecurityObject = {
    hash: 'sha256' as const,
    dataGroupHashes: [
      { dataGroup: 14, hash: digest('sha256', Uint8Array.of(14)) },
      { dataGroup: 1, hash: digest('sha256', Uint8Array.of(1)) },
    ],
  }
  const certificateDer = bytesOf('pa/ecdsa-p256-sha256-ds.cer')

  test('what it signs is what a decoder calls signed, and an independent CMS reader finds the same parts', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const signingTime = new Date('2026-03-21T08:30:00Z')
    const raw = await encodeSod({
      ldsSecurityObject,
      signer: { certificateDer, signatureAlgorithm: { kind: 'ecdsa', hash: 'sha256' } },
      sign: async (bytes) => new Uint8Array(nodeSign('sha256', bytes, privateKey)),
      digest,
      signingTime,
    })
    const sod = efSodCodec.decode(raw)
    const signer = sod.signers[0]!
    expect(nodeVerify('sha256', signer.signedAttributes!, publicKey, signer.signature)).toBe(true)
    expect(toHex(signer.messageDigest!)).toBe(toHex(digest('sha256', sod.content)))
    expect(signer.contentType).toBe('2.23.136.1.1.1')
    expect(signer.signingTime).toEqual(signingTime)
    expect(sod.ldsSecurityObject.dataGroupHashes.map((one) => one.dataGroup)).toEqual([1, 14])

    const file = raw.subarray(raw.length - sodContentLength(raw))
    const cms = new SignedData({ schema: ContentInfo.fromBER(new Uint8Array(file)).content })
    expect(cms.version).toBe(3)
    expect(cms.encapContentInfo.eContentType).toBe('2.23.136.1.1.1')
    expect(toHex(new Uint8Array(cms.encapContentInfo.eContent!.getValue()))).toBe(toHex(sod.content))
    const other = cms.signerInfos[0]!
    expect(toHex(new Uint8Array(other.signedAttrs!.encodedValue))).toBe(toHex(signer.signedAttributes!))
    expect(other.signedAttrs!.attributes.map((one) => one.type).sort()).toEqual([
      '1.2.840.113549.1.9.3',
      '1.2.840.113549.1.9.4',
      '1.2.840.113549.1.9.5',
    ])
    const x509 = decodeCertificate(certificateDer)
    expect(toHex(new Uint8Array(other.sid.serialNumber.valueBlock.valueHexView))).toBe(toHex(x509.serialNumber))
  })

  test('RSASSA-PSS parameters are written as they are read', async () => {
    const scheme = { kind: 'rsa-pss', hash: 'sha384', mgfHash: 'sha384', saltLength: 48 } as const
    const raw = await encodeSod({
      ldsSecurityObject,
      signer: { certificateDer: bytesOf('pa/rsa-pss-sha256-ds.cer'), signatureAlgorithm: scheme },
      sign: async () => Uint8Array.of(1),
      digest,
    })
    expect(efSodCodec.decode(raw).signers[0]).toMatchObject({ signatureScheme: scheme, digest: 'sha384', signingTime: undefined })
  })

  test('a signer that gives nothing, and a certificate that is none, are refused', async () => {
    const signer = { certificateDer, signatureAlgorithm: { kind: 'ecdsa', hash: 'sha256' } as const }
    await expect(encodeSod({ ldsSecurityObject, signer, sign: async () => new Uint8Array(0), digest })).rejects.toThrow(CardError)
    await expect(
      encodeSod({
        ldsSecurityObject,
        signer: { ...signer, certificateDer: Uint8Array.of(0x30, 0) },
        sign: async () => Uint8Array.of(1),
        digest,
      }),
    ).rejects.toThrow(DecodeError)
  })

  function sodContentLength(raw: Uint8Array): number {
    return raw[1] === 0x82 ? raw.length - 4 : raw.length - 3
  }
})

test('every certificate among the vectors is read as node:crypto reads it', () => {
  const files = ['lds', 'pa'].flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, vectors))
      .filter((name) => name.endsWith('.cer'))
      .map((name) => `${folder}/${name}`),
  )
  expect(files.length).toBeGreaterThan(15)
  for (const file of files) {
    const der = bytesOf(file)
    const ours = decodeCertificate(der)
    const theirs = new X509Certificate(der)
    expect(toHex(ours.serialNumber).replace(/^00/, ''), file).toBe(theirs.serialNumber.toLowerCase())
    expect(ours.notBefore.getTime(), file).toBe(new Date(theirs.validFrom).getTime())
    expect(ours.notAfter.getTime(), file).toBe(new Date(theirs.validTo).getTime())
    expect(toHex(ours.spki), file).toBe(theirs.publicKey.export({ type: 'spki', format: 'der' }).toString('hex'))
    expect(ours.subject.text.split(', '), file).toEqual(theirs.subject.split('\n'))
    expect(ours.issuer.text.split(', '), file).toEqual(theirs.issuer.split('\n'))
    expect(ours.basicConstraints?.ca ?? false, file).toBe(theirs.ca)
    expect(toHex(ours.raw), file).toBe(toHex(der))
    expect(ours.unknownCritical, file).toEqual([])
  }
})
