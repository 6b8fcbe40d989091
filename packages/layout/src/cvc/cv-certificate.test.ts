import { createHash } from 'node:crypto'
import { concatBytes, DecodeError, encodeTlv, fromHex, InputError, LimitError, toHex } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectCleanRefusals } from '../testing/hostile-bytes.ts'
import { vectorFile, vectorJson } from '../testing/vectors.ts'
import { type CvRole, chatRights, makeChat, terminalTypes } from './chat.ts'
import { type CvBody, type CvCertificate, decodeCvCertificate, encodeCvBody, encodeCvCertificate } from './cv-certificate.ts'
import { terminalAlgorithm } from './terminal-algorithm.ts'

interface ParseRow {
  readonly id: number
  readonly comment: string
  readonly input: { readonly file: string; readonly cvc: string }
  readonly expected: Readonly<Record<string, string>>
}
const parseRows = vectorJson<{ groups: { name: string; tests: ParseRow[] }[] }>('cvc/cvc.json').groups.find(
  ({ name }) => name === 'parse',
)!.tests
const manifest = vectorJson<{ files: { file: string; sha256: string; size: number }[] }>('cvc/manifest.json').files

const roleNames: Readonly<Record<string, CvRole>> = {
  CVCA: 'cvca',
  'DV official domestic (10)': 'dv-domestic',
  'DV official foreign or non-official (01)': 'dv-foreign',
  terminal: 'terminal',
}

const hexOrNothing = (bytes: Uint8Array | undefined): string | undefined => bytes && toHex(bytes)

/** The decoded certificate in the words of the vector file. */
function described(certificate: CvCertificate): Record<string, string | undefined> {
  const key = certificate.publicKey
  const domain = key.kind === 'ec' ? key.domain : undefined
  const extensions = toHex(concatBytes(...certificate.extensions.map(({ raw }) => raw)))
  return {
    profileIdentifier: '00',
    car: certificate.authorityReference,
    chr: certificate.holderReference,
    publicKeyOid: key.oid,
    algorithm: terminalAlgorithm(key.oid)!.name.replace('id-TA-', '').replace('v1-5', 'v1_5'),
    modulusOrPrime: key.kind === 'rsa' ? toHex(key.modulus) : hexOrNothing(domain?.prime),
    exponentOrA: key.kind === 'rsa' ? toHex(key.exponent) : hexOrNothing(domain?.a),
    b: hexOrNothing(domain?.b),
    generator: hexOrNothing(domain?.generator),
    order: hexOrNothing(domain?.order),
    publicPoint: key.kind === 'ec' ? toHex(key.point) : undefined,
    cofactor: hexOrNothing(domain?.cofactor),
    chatOid: terminalTypes.find(({ type }) => type === certificate.authorization.terminalType)!.oid,
    chatTemplate: toHex(certificate.authorization.template),
    role: Object.keys(roleNames).find((name) => roleNames[name] === certificate.authorization.role),
    effective: certificate.effective,
    expiration: certificate.expiration,
    extensions: extensions === '' ? undefined : extensions,
    bodySha256: createHash('sha256').update(certificate.body).digest('hex'),
    signature: toHex(certificate.signature),
  }
}

const file = (name: string): Uint8Array => vectorFile(`cvc/${name}.cvcert`)
const terminal = decodeCvCertificate(file('cvat-DEDEMODEV00038'))
const root = decodeCvCertificate(file('DECVCAEPASS00102'))

describe('CV certificates', () => {
  it('the vectors cover every published file', () => {
    expect(manifest).toHaveLength(20)
    expect(new Set(parseRows.map(({ input }) => input.file))).toEqual(new Set(manifest.map((row) => `cvc/${row.file}`)))
  })

  it.each(parseRows)('$id $comment: every field, and back byte for byte', ({ input, expected }) => {
    const bytes = vectorFile(input.file)
    const row = manifest.find((each) => `cvc/${each.file}` === input.file)!
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(row.sha256)
    expect(toHex(bytes)).toBe(input.cvc)
    const certificate = decodeCvCertificate(bytes)
    expect(described(certificate)).toEqual({
      ...Object.fromEntries(Object.keys(described(certificate)).map((key) => [key, undefined])),
      ...expected,
    })
    expect(toHex(encodeCvBody(certificate))).toBe(toHex(certificate.body))
    expect(toHex(encodeCvCertificate(encodeCvBody(certificate), certificate.signature))).toBe(input.cvc)
    expect(toHex(certificate.raw)).toBe(input.cvc)
  })

  it('the rights of the published passport root are those to DG3 alone; of a terminal, by name', () => {
    expect(chatRights(root.authorization)).toEqual(['read-dg3'])
    expect(chatRights(terminal.authorization)).toEqual([
      ...['age-verification', 'community-id-verification', 'restricted-identification', 'install-qualified-certificate'],
      ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 17, 19].map((group) => `eid-read-dg${group}`),
    ])
    expect(terminal.extensions.map(({ oid }) => oid)).toEqual(['0.4.0.127.0.7.3.1.3.1', '0.4.0.127.0.7.3.1.3.2'])
  })

  it('what is encoded decodes to the same', () => {
    const date = fc
      .date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
      .map((day) => day.toISOString().slice(0, 10))
    const reference = fc.stringMatching(/^[A-Z]{2}[!-~\xa1-\xff]{1,9}[0-9A-Z]{5}$/)
    const integer = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytes.with(0, bytes[0]! | 0x80))
    const point = fc.uint8Array({ minLength: 65, maxLength: 65 }).map((bytes) => bytes.with(0, 4))
    const domain = fc.record({
      prime: integer,
      a: integer,
      b: integer,
      generator: point,
      order: integer,
      cofactor: fc.constantFrom(undefined, Uint8Array.of(1)),
    })
    const publicKey = fc.oneof(
      fc.record({
        kind: fc.constant('ec' as const),
        oid: fc.constant('0.4.0.127.0.7.2.2.2.2.3'),
        domain: fc.option(domain, { nil: undefined }),
        point,
      }),
      fc.record({
        kind: fc.constant('rsa' as const),
        oid: fc.constant('0.4.0.127.0.7.2.2.2.1.4'),
        modulus: integer,
        exponent: fc.constant(fromHex('010001')),
      }),
    )
    const authorization = fc
      .tuple(
        fc.constantFrom(...terminalTypes.map(({ type }) => type)),
        fc.constantFrom<CvRole>('cvca', 'dv-domestic', 'dv-foreign', 'terminal'),
      )
      .map(([type, role]) => makeChat(type, role, []))
    const extensions = fc.constantFrom<CvBody['extensions']>(
      [],
      [{ oid: '1.2.3', raw: fromHex('730706022a03800155') }],
      terminal.extensions,
    )
    const body = fc.record<CvBody>({
      authorityReference: reference,
      publicKey,
      holderReference: reference,
      authorization,
      effective: date,
      expiration: date,
      extensions,
    })
    fc.assert(
      fc.property(body, fc.uint8Array({ minLength: 1, maxLength: 300 }), (value, signature) => {
        const bytes = encodeCvBody(value)
        const { body: read, raw, ...fields } = decodeCvCertificate(encodeCvCertificate(bytes, signature))
        expect(fields).toEqual({ ...value, signature })
        expect(toHex(read)).toBe(toHex(bytes))
        expect(toHex(raw)).toBe(toHex(encodeCvCertificate(bytes, signature)))
      }),
      { numRuns: 200 },
    )
  })

  const objects = {
    profile: '5f290100',
    car: '4210' + '44455445535465494430303030343031',
    key: toHex(
      encodeTlv(0x7f49, [fromHex('060a04007f00070202020203'), encodeTlv(0x86, concatBytes(Uint8Array.of(4), new Uint8Array(64).fill(7)))]),
    ),
    chr: '5f200d' + '44455445535454455354303031',
    chat: '7f4c0e060904007f000703010201530101',
    from: '5f2506010100010203',
    to: '5f2406010100020203',
  }
  const certificate = (change: Partial<Record<keyof typeof objects, string>> = {}, tail = ''): Uint8Array =>
    encodeTlv(0x7f21, [encodeTlv(0x7f4e, fromHex(Object.values({ ...objects, ...change }).join('') + tail)), fromHex('5f370401020304')])
  const key = (hex: string): { key: string } => ({ key: toHex(encodeTlv(0x7f49, fromHex(hex))) })
  const ecOid = '060a04007f00070202020203'
  const rsaOid = '060a04007f00070202020104'

  it('reads the certificate that the refusals below change', () => {
    const read = decodeCvCertificate(certificate())
    expect(read).toMatchObject({
      authorityReference: 'DETESTeID0000401',
      holderReference: 'DETESTTEST001',
      effective: '2011-01-23',
      expiration: '2011-02-23',
    })
    expect(read.authorization).toEqual({ terminalType: 'inspection-system', role: 'terminal', template: Uint8Array.of(1) })
  })

  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'missing'],
    ['another tag', encodeTlv(0x7f22), '7F22 where CV certificate'],
    ['something behind', concatBytes(certificate(), Uint8Array.of(4, 0)), 'stands where none'],
    ['a profile of version 2', certificate({ profile: '5f290101' }), 'not version 1'],
    ['a profile of two bytes', certificate({ profile: '5f29020000' }), 'not version 1'],
    ['no authority reference', certificate({ car: '' }), '7F49 where authority reference'],
    ['an authority reference of 17 bytes', certificate({ car: `4211${'44'.repeat(17)}` }), '17 bytes'],
    ['a reference of six characters', certificate({ car: '4206444541303031' }), 'not a country code'],
    ['a reference without a country', certificate({ chr: '5f20083132413030303031' }), 'not a country code'],
    ['a reference with a control character', certificate({ chr: '5f20084445413030300a31' }), 'not a country code'],
    ['objects out of order', certificate({ from: objects.to, to: objects.from }), '5F24 where effective date'],
    ['a date of seven bytes', certificate({ from: '5f250701010001020300' }), '7 bytes'],
    ['a date with a digit of ten', certificate({ from: '5f250601010001020a' }), 'not a decimal digit'],
    ['30 February', certificate({ from: '5f2506010100020300' }), 'not a day'],
    ['month 13', certificate({ from: '5f2506010101030101' }), 'not a day'],
    ['no holder authorization', certificate({ chat: '' }), '5F25 where holder authorization'],
    ['a terminal type not known', certificate({ chat: '7f4c0e060904007f000703010204530101' }), 'terminal type'],
    [
      'an inspection system with two bytes of rights',
      certificate({ chat: '7f4c0f060904007f00070301020153020101' }),
      '2 bytes of authorization',
    ],
    ['an authentication terminal with one byte', certificate({ chat: '7f4c0e060904007f000703010202530101' }), '1 bytes of authorization'],
    ['an object in the authorization too many', certificate({ chat: '7f4c10060904007f0007030102015301010400' }), 'stands where none'],
    ['an algorithm of another protocol', certificate(key('060a04007f00070202030202' + '860304aabb')), 'none of terminal authentication'],
    ['a malformed object identifier', certificate(key('060a04007f000702020202830400' + '860304aabb')), 'object identifier'],
    ['an RSA key with an ECDSA algorithm', certificate(key(`${ecOid}8101058203010001`)), 'second coefficient (83) is missing'],
    ['a point that is compressed', certificate(key(`${ecOid}860302aabb`)), 'uncompressed'],
    ['a point of even length', certificate(key(`${ecOid}860404aabbcc`)), 'uncompressed'],
    ['a point longer than any', certificate(key(`${ecOid}868187` + `04${'11'.repeat(134)}`)), '135 bytes'],
    ['a prime alone', certificate(key(`${ecOid}8101058603040102`)), '86'],
    ['a prime with a leading zero', certificate(key(`${ecOid}8102000582010183010184030401018501018603040101`)), 'leading zero'],
    ['a generator not of the prime’s length', certificate(key(`${ecOid}810105820101830101840504010101018501018603040101`)), 'generator'],
    ['domain parameters without their order', certificate(key(`${ecOid}81010582010183010184030401018603040101`)), '86'],
    ['an RSA modulus with a leading zero', certificate(key(`${rsaOid}81020005820103`)), 'leading zero'],
    ['an RSA exponent of nine bytes', certificate(key(`${rsaOid}8101058209${'01'.repeat(9)}`)), '9 bytes'],
    ['an RSA key without its exponent', certificate(key(`${rsaOid}810105`)), 'public exponent'],
    ['empty extensions', certificate({}, '6500'), 'are empty'],
    ['an extension that is no data template', certificate({}, '6506040406022a03'), 'no discretionary data template'],
    ['an extension without its identifier', certificate({}, '650573038001ff'), 'object identifier'],
    ['something behind the body’s objects', certificate({}, '0400'), 'stands where none'],
    ['no signature', encodeTlv(0x7f21, encodeTlv(0x7f4e, fromHex(Object.values(objects).join('')))), 'signature'],
    ['an empty signature', encodeTlv(0x7f21, [encodeTlv(0x7f4e, fromHex(Object.values(objects).join(''))), fromHex('5f3700')]), '0 bytes'],
    ['a length not in its fewest bytes', fromHex(`7f218200b2${toHex(certificate()).slice(8)}`), 'fewest bytes'],
  ])('refuses %s', (_what, bytes, said) => {
    expect(() => decodeCvCertificate(bytes)).toThrow(DecodeError)
    expect(() => decodeCvCertificate(bytes)).toThrow(said)
  })

  it('refuses what is longer than any certificate before it reads it', () =>
    expect(() => decodeCvCertificate(new Uint8Array(8193))).toThrow(LimitError))

  it.each<[string, Partial<CvBody>, string]>([
    ['a reference without a country', { authorityReference: '12ABC00001' }, 'authorityReference'],
    ['a reference of 17 characters', { holderReference: 'DEABCDEFGHIJ00001' }, 'holderReference'],
    ['a reference outside ISO 8859-1', { holderReference: 'DEکارت00001' }, 'holderReference'],
    ['a date before 2000', { effective: '1999-12-31' }, 'effective'],
    ['a date after 2099', { expiration: '2100-01-01' }, 'expiration'],
    ['a day that does not exist', { expiration: '2030-02-30' }, 'expiration'],
    ['an algorithm not known', { publicKey: { ...root.publicKey, oid: '1.2.3' } }, 'publicKey.algorithm'],
    ['an RSA algorithm for a curve’s key', { publicKey: { ...root.publicKey, oid: '0.4.0.127.0.7.2.2.2.1.2' } }, 'publicKey.algorithm'],
    [
      'a modulus with a leading zero',
      { publicKey: { kind: 'rsa', oid: '0.4.0.127.0.7.2.2.2.1.2', modulus: Uint8Array.of(0, 5), exponent: Uint8Array.of(3) } },
      'publicKey.modulus',
    ],
    ['a role that the template does not say', { authorization: { ...root.authorization, role: 'terminal' } }, 'authorization.role'],
    ['a template of another length', { authorization: { ...root.authorization, template: new Uint8Array(5) } }, 'authorization.template'],
    ['an extension that is none', { extensions: [{ oid: '1.2.3', raw: fromHex('0400') }] }, 'extensions'],
    ['an extension of another identifier', { extensions: [{ oid: '1.2.4', raw: fromHex('730406022a03') }] }, 'extensions'],
  ])('does not encode %s', (_what, change, field) => {
    expect(() => encodeCvBody({ ...root, ...change })).toThrow(InputError)
    expect(() => encodeCvBody({ ...root, ...change })).toThrow(field)
  })

  it('does not encode an empty signature or one too long', () => {
    expect(() => encodeCvCertificate(root.body, new Uint8Array(0))).toThrow(InputError)
    expect(() => encodeCvCertificate(root.body, new Uint8Array(1025))).toThrow(InputError)
  })

  it('X01 X02 throws nothing else on hostile bytes', () => {
    expectCleanRefusals(decodeCvCertificate, file('tr-ecdh-cvca'))
    expectCleanRefusals(decodeCvCertificate, file('cvat-DEDEMODEV00038'))
    expectCleanRefusals(decodeCvCertificate, file('tr-dh-dv'))
  })
})
