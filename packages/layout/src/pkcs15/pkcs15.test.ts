import { type Codec, concatBytes, DecodeError, fromHex, InputError, LimitError, toHex } from '@kart/codec'
import { describe, expect, test } from 'vitest'
import { efDirCodec } from '../lds/ef-dir.ts'
import { expectCleanRefusals } from '../testing/hostile-bytes.ts'
import { vectorJson } from '../testing/vectors.ts'
import { cioDiscretionaryDataCodec, pkcs15Aid, pkcs15Entry, readDiscretionaryData } from './application-entry.ts'
import { type AuthenticationObject, aodfCodec, type BiometricObject, type PasswordObject } from './authentication-directory.ts'
import { cdfCodec, type DirectoryCertificate } from './certificate-directory.ts'
import { type DirectoryData, dodfCodec } from './data-directory.ts'
import { type DirectoryKey, type KeyObject, prkdfCodec, pukdfCodec } from './key-directory.ts'
import { fillFile } from './object.ts'
import { odfCodec } from './object-directory.ts'
import { filePath } from './object-value.ts'
import { type TokenInfo, tokenInfoCodec } from './token-info.ts'

interface Vectors {
  groups: { tests: { input: { file: string; length: number; content: string }; expected: Record<string, unknown> }[] }[]
}

const written = new Map(
  vectorJson<Vectors>('pkcs15/opensc-0.23.json').groups[0]!.tests.map(({ input }) => [
    input.file,
    { content: fromHex(input.content), length: input.length },
  ]),
)

const file = (name: string) => written.get(name)!
const id = (...bytes: readonly number[]) => Uint8Array.from(bytes)
const inApplication = (fid: number) => filePath(0x3f00, 0x5015, fid)
const utf8 = (text: string) => new TextEncoder().encode(text)

const stored = { passwordType: 'ascii-numeric', minLength: 4, storedLength: 8, maxLength: 8, padChar: 0xff } as const
const guarded = ['private', 'modifiable'] as const
const made = ['sensitive', 'alwaysSensitive', 'neverExtractable', 'cardGenerated'] as const

/** What pkcs15-init was told, said in our types. */
const aodf: readonly PasswordObject[] = [
  {
    kind: 'password',
    label: 'Security Officer PIN',
    flags: guarded,
    id: id(0xff),
    passwordFlags: ['initialized', 'needs-padding', 'soPassword'],
    ...stored,
    reference: 3,
  },
  {
    kind: 'password',
    label: 'AuthPIN',
    flags: guarded,
    id: id(1),
    passwordFlags: ['initialized', 'needs-padding'],
    ...stored,
    reference: 1,
  },
  {
    kind: 'password',
    label: 'SignPIN',
    flags: guarded,
    id: id(2),
    passwordFlags: ['initialized', 'needs-padding'],
    ...stored,
    reference: 2,
  },
]

const prkdf: readonly KeyObject[] = [
  {
    kind: 'ec',
    label: 'certificate',
    flags: guarded,
    authId: id(1),
    id: id(1),
    usage: ['sign'],
    access: made,
    keyReference: 1,
    subject: fromHex('300f310d300b06035504030c0454657374'),
    value: inApplication(0x4b01),
    bits: 256,
  },
  {
    kind: 'ec',
    label: 'signature',
    flags: guarded,
    authId: id(2),
    id: id(2),
    usage: ['sign', 'signRecover', 'nonRepudiation'],
    access: made,
    keyReference: 2,
    value: inApplication(0x4b02),
    bits: 384,
  },
  {
    kind: 'rsa',
    label: 'rsa',
    flags: guarded,
    authId: id(1),
    id: id(3),
    usage: ['sign'],
    access: made,
    keyReference: 3,
    value: inApplication(0x4b03),
    bits: 2048,
  },
]

const pukdf: readonly KeyObject[] = [
  {
    kind: 'ec',
    label: 'authentication',
    flags: ['modifiable'],
    id: id(1),
    usage: ['verify'],
    native: false,
    keyReference: 0,
    value: inApplication(0x5501),
  },
  {
    kind: 'ec',
    label: 'signature',
    flags: ['modifiable'],
    id: id(2),
    usage: ['verify', 'verifyRecover', 'nonRepudiation'],
    native: false,
    keyReference: 0,
    value: inApplication(0x5502),
  },
  {
    kind: 'rsa',
    label: 'rsa',
    flags: ['modifiable'],
    id: id(3),
    usage: ['verify'],
    native: false,
    keyReference: 0,
    value: inApplication(0x5503),
    bits: 2048,
  },
]

const aes = (reference: number, algorithm: number, oid: string) =>
  ({ reference, algorithm, operations: ['encipher', 'decipher'], algorithmOid: oid, algorithmReference: 0 }) as const

const tokenInfo: TokenInfo = {
  version: 0,
  serialNumber: utf8('0123456789'),
  manufacturer: 'Aventra Ltd.',
  label: 'MyEID',
  flags: ['prnGeneration', 3],
  algorithms: [
    aes(1, 0x1081, '2.16.840.1.101.3.4.1.1'),
    aes(2, 0x1082, '2.16.840.1.101.3.4.1.2'),
    aes(3, 0x1081, '2.16.840.1.101.3.4.1.41'),
    aes(4, 0x1082, '2.16.840.1.101.3.4.1.42'),
  ],
  lastUpdate: new Date('2026-11-28T01:51:29Z'),
}

const cdf: readonly DirectoryCertificate[] = [
  { kind: 'x509', label: 'certificate', flags: ['modifiable'], id: id(1), value: inApplication(0x4301) },
]

const dodf: readonly DirectoryData[] = [
  {
    kind: 'opaque',
    label: 'note',
    flags: guarded,
    authId: id(1),
    applicationName: 'Kart',
    applicationOid: '1.3.6.1.4.1.99999.1',
    value: inApplication(0x4501),
  },
]

const odf = [
  { kind: 'privateKeys', value: inApplication(0x4402) },
  { kind: 'publicKeys', value: inApplication(0x4404) },
  { kind: 'secretKeys', value: inApplication(0x4407) },
  { kind: 'certificates', value: inApplication(0x4403) },
  { kind: 'trustedCertificates', value: inApplication(0x4405) },
  { kind: 'dataObjects', value: inApplication(0x4406) },
  { kind: 'authObjects', value: inApplication(0x4401) },
] as const

// biome-ignore lint/suspicious/noExplicitAny: each row's value is of its codec's type
type Row = readonly [name: string, codec: Codec<any>, value: unknown]

const rows: readonly Row[] = [
  ['EF.AODF', aodfCodec, aodf],
  ['EF.PrKDF', prkdfCodec, prkdf],
  ['EF.PuKDF', pukdfCodec, pukdf],
  ['EF.CDF', cdfCodec, cdf],
  ['EF.DODF', dodfCodec, dodf],
  ['EF.ODF', odfCodec, odf],
  ['EF.TokenInfo', tokenInfoCodec, tokenInfo],
]

describe.each(rows)('%s as OpenSC’s pkcs15-init writes it', (name, codec, value) => {
  const { content, length } = file(name)

  test('decodes to what it was told to write', () => {
    expect(codec.decode(content)).toEqual(value)
    expect(codec.decode(fillFile(content, length))).toEqual(value)
  })

  test('comes back from its decoding', () => {
    const again = codec.encode(codec.decode(content))
    expect(toHex(again)).toBe(toHex(content))
  })

  test('is what our own encoding gives, and decodes back', () => {
    const encoded = codec.encode(value)
    expect(toHex(encoded)).toBe(toHex(content))
    expect(codec.decode(encoded)).toEqual(value)
  })

  test('hostile bytes are refused cleanly', () => {
    const ends = [0]
    for (let at = 0; at < content.length; at = ends.at(-1)!) ends.push(at + valueLength(content, at))
    expectCleanRefusals((bytes) => codec.decode(bytes), content, 200, name === 'EF.TokenInfo' ? [] : ends)
  })
})

/** Bytes of the value at `at`; lengths below 256 are all that these files have. */
function valueLength(bytes: Uint8Array, at: number): number {
  return bytes[at + 1]! < 0x80 ? 2 + bytes[at + 1]! : 3 + bytes[at + 2]!
}

describe('EF.DIR', () => {
  test('as OpenSC’s pkcs15-init writes it', () => {
    const { content, length } = file('EF.DIR')
    expect(efDirCodec.decode(fillFile(content, length)).applications).toEqual([pkcs15Entry('MyEID', filePath(0x3f00, 0x5015))])
    expect(toHex(efDirCodec.encode({ applications: [pkcs15Entry('MyEID', filePath(0x3f00, 0x5015))] }))).toBe(toHex(content))
  })

  test('of the PKCS #15 test vectors, with its discretionary data', () => {
    const { input, expected } = vectorJson<Vectors>('pkcs15/ef-dir.json').groups[0]!.tests[0]!
    const bytes = fromHex(input.content)
    const [entry] = efDirCodec.decode(bytes).applications
    const discretionary = readDiscretionaryData(entry!)
    expect(entry).toMatchObject({ aid: pkcs15Aid, label: expected.label, path: fromHex(expected.path as string) })
    expect(discretionary).toEqual({ provider: expected.provider, other: (expected.other as string[]).map((one) => fromHex(one)) })
    const again = efDirCodec.encode({ applications: [pkcs15Entry('RSA DSI', filePath(0x3f00, 0x5015), discretionary)] })
    expect(toHex(again)).toBe(input.content)
  })

  test('discretionary data, both ways', () => {
    const value = {
      provider: '1.2.840.113549.1.15.4.1',
      odfPath: inApplication(0x5031),
      tokenInfoPath: inApplication(0x5032),
      aid: pkcs15Aid,
    }
    const bytes = cioDiscretionaryDataCodec.encode(value)
    expect(toHex(bytes)).toBe('060a2a864886f70d010f0401300804063f0050155031a00804063f00501550324f0ca000000063504b43532d3135')
    expect(cioDiscretionaryDataCodec.decode(bytes)).toEqual(value)
    expect(() => cioDiscretionaryDataCodec.decode(fromHex('4f00'))).toThrow(DecodeError)
    expectCleanRefusals((bytes) => cioDiscretionaryDataCodec.decode(bytes), fromHex(toHex(bytes)), 200, [0, 12, 22, 32])
    expect(readDiscretionaryData(pkcs15Entry('x', filePath(0x3f00)))).toBeUndefined()
  })
})

describe('what the standard has and pkcs15-init does not write', () => {
  const finger: BiometricObject = {
    kind: 'biometric',
    label: 'right pointer',
    id: id(3),
    biometricFlags: ['local', 'initialized'],
    templateId: '1.0.19794.2',
    biometricType: { kind: 'finger', hand: 'right', finger: 'pointer' },
    reference: 0x96,
    lastChange: new Date('2026-01-02T03:04:05Z'),
    path: filePath(0x3f00),
  }

  test('a finger in EF.AODF, byte for byte', () => {
    const bytes = aodfCodec.encode([finger])
    const common = `300f0c0d${toHex(utf8('right pointer'))}`
    const attributes = `03020348060528819a520230060a01000a010180020096180f${toHex(utf8('20260102030405Z'))}300404023f00`
    expect(toHex(bytes)).toBe(`a048${common}3003040103a130302e${attributes}`)
    expect(aodfCodec.decode(bytes)).toEqual([finger])
    expectCleanRefusals((hostile) => aodfCodec.decode(hostile), bytes, 200, [0])
  })

  test('userConsent, certificate with its names, direct value, part of a file', () => {
    const name = fromHex('300f310d300b06035504030c0454657374')
    const keys: DirectoryKey[] = [{ ...prkdf[1]!, userConsent: 1 }]
    expect(prkdfCodec.decode(prkdfCodec.encode(keys))).toEqual(keys)
    const certificates: DirectoryCertificate[] = [
      {
        kind: 'x509',
        id: id(9),
        authority: true,
        value: { kind: 'direct', content: fromHex('3000') },
        subject: name,
        issuer: name,
        serialNumber: id(0, 0x80),
      },
      { kind: 'x509', id: id(8), value: { ...inApplication(0x4301), index: 0, length: 100 } },
    ]
    expect(cdfCodec.decode(cdfCodec.encode(certificates))).toEqual(certificates)
    expect(toHex(cdfCodec.encode(certificates.slice(1)))).toBe('301b30003003040108a1123010300e04063f0050154301020100800164')
  })

  test('fields and objects that we do not know stay as they came', () => {
    const more = fromHex('ab020500')
    const key: DirectoryKey = { ...prkdf[0]!, commonOther: [more], classOther: [more], subClassOther: [more], other: [more] }
    const pin: AuthenticationObject = { ...aodf[0]!, classOther: [more], other: [more] }
    expect(prkdfCodec.decode(prkdfCodec.encode([key]))).toEqual([key])
    expect(aodfCodec.decode(aodfCodec.encode([pin]))).toEqual([pin])
    const info = {
      ...tokenInfo,
      securityEnvironments: fromHex('3000'),
      recordInfo: fromHex('a100'),
      issuerId: 'ا',
      holderId: 'ب',
      other: [more],
    }
    expect(tokenInfoCodec.decode(tokenInfoCodec.encode(info))).toEqual(info)
    for (const codec of [aodfCodec, prkdfCodec, cdfCodec, dodfCodec, odfCodec]) {
      expect(codec.decode(fromHex('be020500'))).toEqual([{ kind: 'other', raw: fromHex('be020500') }])
      expect(codec.encode([{ kind: 'other', raw: more }])).toEqual(more)
    }
  })
})

describe('files that grow', () => {
  const [first, second] = [aodfCodec.encode(aodf.slice(0, 1)), aodfCodec.encode(aodf.slice(1, 2))]

  test('take zeros or FF behind the last object, and nothing in a file that has none', () => {
    expect(aodfCodec.decode(concatBytes(first, new Uint8Array(9).fill(0xff)))).toEqual(aodf.slice(0, 1))
    expect(prkdfCodec.decode(file('EF.SKDF').content)).toEqual([])
    expect(prkdfCodec.decode(new Uint8Array(1530))).toEqual([])
    expect(() => aodfCodec.decode(concatBytes(first, new Uint8Array(9).fill(0xff), Uint8Array.of(1)))).toThrow(DecodeError)
  })

  test('pass over an object whose tag was overwritten with 00', () => {
    const removed = first.slice()
    removed[0] = 0
    expect(aodfCodec.decode(concatBytes(removed, second, new Uint8Array(20)))).toEqual(aodf.slice(1, 2))
    expect(() => aodfCodec.decode(concatBytes(fromHex('007f'), second))).toThrow(DecodeError)
  })

  test('refuse more than 256 objects, removed ones included', () => {
    expect(aodfCodec.decode(concatBytes(...Array<Uint8Array>(256).fill(fromHex('be00'))))).toHaveLength(256)
    expect(() => aodfCodec.decode(concatBytes(...Array<Uint8Array>(257).fill(fromHex('be00'))))).toThrow(LimitError)
    expect(() => aodfCodec.decode(concatBytes(new Uint8Array(60_000), Uint8Array.of(1)))).toThrow(LimitError)
  })

  test('are filled to their length, never cut', () => {
    expect(fillFile(first, 255)).toEqual(concatBytes(first, new Uint8Array(255 - first.length)))
    expect(fillFile(first, first.length)).toEqual(first)
    expect(() => fillFile(first, first.length - 1)).toThrow(InputError)
  })
})

/** A data object from hex parts. */
const der = (tag: string, ...parts: readonly string[]): string => {
  const content = parts.join('')
  return `${tag}${(content.length / 2).toString(16).padStart(2, '0')}${content}`
}
const seq = (...parts: readonly string[]) => der('30', ...parts)
/** An object with identifier 01 and these type attributes. */
const object = (type: string, ...classFields: readonly string[]) => seq(seq(), seq('040101', ...classFields), der('a1', type))
const path = seq('04063f0050154b01')

describe('refusals', () => {
  // biome-ignore lint/suspicious/noExplicitAny: each row's value is of its codec's type
  test.each<readonly [string, Codec<any>, string, RegExp]>([
    ['a password without a type', aodfCodec, object(seq('0302020c', '020104', '020108')), /type at byte 17: tag 02 where 0A/],
    [
      'a password type that does not exist',
      aodfCodec,
      object(seq('0302020c', '0a0109', '020104', '020108')),
      /password type that does not exist/,
    ],
    ['a pad character of two bytes', aodfCodec, object(seq('0302020c', '0a0101', '020104', '020108', '0402ffff')), /pad character/],
    ['a reference above 255', aodfCodec, object(seq('0302020c', '0a0101', '020104', '020108', '80020100')), /reference above 255/],
    ['a path that is none', aodfCodec, object(seq('0302020c', '0a0101', '020104', '020108', seq('0500'))), /not a path/],
    [
      'a key without an identifier',
      prkdfCodec,
      seq(seq(), seq('03020520'), der('a1', seq(path, '02020800'))),
      /identifier at byte 6: tag 03/,
    ],
    ['a key whose usage has no bytes', prkdfCodec, object(seq(path, '02020800'), '0300'), /malformed BIT STRING/],
    ['a key of 72 usages', prkdfCodec, object(seq(path, '02020800'), '030a00000000000000000001'), /72 flags/],
    ['an RSA key without a modulus length', prkdfCodec, object(seq(path), '03020520'), /modulus length is missing/],
    ['a key without a value', prkdfCodec, object(seq(), '03020520'), /value is missing/],
    ['a native flag that is neither 00 nor FF', prkdfCodec, object(seq(path, '02020800'), '03020520', '010101'), /not a DER BOOLEAN/],
    ['an object without class attributes', cdfCodec, seq(seq(), der('a1', seq(path))), /class attributes at byte 4: tag A1/],
    ['an object without type attributes', cdfCodec, seq(seq(), seq('040101')), /type attributes is missing/],
    ['two values in the type attributes', cdfCodec, object(seq(path) + seq(path)), /2 values inside/],
    ['a value behind the type attributes', cdfCodec, seq(seq(), seq('040101'), der('a1', seq(path)), '0500'), /unexpected tag 05/],
    ['a certificate with sub-class attributes', cdfCodec, seq(seq(), seq('040101'), der('a0', seq()), der('a1', seq(path))), /sub-class/],
    ['a label that is no UTF-8', cdfCodec, seq(seq('0c01ff'), seq('040101'), der('a1', seq(path))), /UTF-8/],
    ['a path with a field too many', odfCodec, der('a0', seq('04023f00', '0500')), /unexpected tag 05/],
    ['a directory without a path', odfCodec, der('a0'), /0 values inside/],
    ['flags whose unused bits are set', dodfCodec, seq(seq('03020641'), seq(), der('a1', path)), /unused bits/],
    ['a length longer than it need be', odfCodec, 'a0810a300804063f0050154402', /fewest bytes/],
    ['an indefinite length', odfCodec, 'a080300804063f00501544020000', /indefinite/],
    ['a version that is missing', tokenInfoCodec, seq('0401aa', '03020430'), /version/],
    ['65 algorithms', tokenInfoCodec, `30818c02010003020430a28182${seq().repeat(65)}`, /65 values inside/],
  ])('%s', (_, codec, hex, problem) => {
    const decode = () => codec.decode(fromHex(hex))
    expect(decode).toThrow(DecodeError)
    expect(decode).toThrow(problem)
  })

  test.each<readonly [string, () => unknown]>([
    ['a flag that does not exist', () => prkdfCodec.encode([{ ...prkdf[0]!, usage: ['fly' as never] }])],
    ['a flag number above 63', () => prkdfCodec.encode([{ ...prkdf[0]!, usage: [64] }])],
    ['an empty identifier', () => cdfCodec.encode([{ kind: 'x509', id: id(), value: inApplication(1) }])],
    ['a label of 256 bytes', () => cdfCodec.encode([{ kind: 'x509', label: 'x'.repeat(256), id: id(1), value: inApplication(1) }])],
    ['a label with a lone surrogate', () => cdfCodec.encode([{ kind: 'x509', label: '\ud800', id: id(1), value: inApplication(1) }])],
    ['a reference that is no byte', () => aodfCodec.encode([{ ...aodf[0]!, reference: 256 }])],
    ['a pad character that is no byte', () => aodfCodec.encode([{ ...aodf[0]!, padChar: -1 }])],
    ['a password type that does not exist', () => aodfCodec.encode([{ ...aodf[0]!, passwordType: 'poem' as never }])],
    ['a negative length', () => aodfCodec.encode([{ ...aodf[0]!, minLength: -1 }])],
    ['a file identifier of 17 bits', () => filePath(0x10000)],
    ['a directory of nothing we know', () => odfCodec.encode([{ kind: 'poems' as never, value: inApplication(1) }])],
    ['a time that is none', () => tokenInfoCodec.encode({ ...tokenInfo, lastUpdate: new Date(Number.NaN) })],
  ])('%s cannot be encoded', (_, encode) => {
    expect(encode).toThrow(InputError)
  })
})
