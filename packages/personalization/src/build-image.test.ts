import { CardError, DecodeError, fromHex, InputError } from '@kart/codec'
import {
  type CardProfile,
  dg1Codec,
  dg2Codec,
  dg3Codec,
  dg7Codec,
  dg11Codec,
  dg12Codec,
  dg13Codec,
  efAtrInfoCodec,
  efDirCodec,
  efGdoCodec,
  fatherNameOf,
  nationalId,
  parseMrz,
} from '@kart/layout'
import { CertificateChainError } from '@kart/secure-channel'
import { describe, expect, it } from 'vitest'
import { buildImage, type ImageOptions } from './build-image.ts'
import { imageFile } from './card-image.ts'
import { iccSerial, personalizedAt, sampleCvc, sampleImage, sampleOptions, sampleRecord } from './testing/sample-card.ts'
import { nistFinger, smallJpeg } from './testing/sample-record.ts'

const bytesOf = (name: string) => imageFile(sampleImage, name)!.bytes

describe('buildImage', () => {
  it('makes every file of the profile but those that follow the card’s key', () => {
    expect(sampleImage.files.map((file) => file.name)).toEqual([
      'EF.DIR',
      'EF.ATR/INFO',
      'EF.GDO',
      'EF.CardAccess',
      'EF.DG1',
      'EF.DG2',
      'EF.DG3',
      'EF.DG7',
      'EF.DG11',
      'EF.DG12',
      'EF.DG13',
      'EF.CVCA',
    ])
    for (const file of sampleImage.files) {
      const spec = nationalId.applications
        .find((application) => application.name === file.application)!
        .files.find((each) => each.fid === file.fid)
      expect(spec?.name).toBe(file.name)
    }
  })

  it('writes what the record says, in canonical form', () => {
    const { mrz } = dg1Codec.decode(bytesOf('EF.DG1'))
    const zone = parseMrz(mrz)
    expect(zone).toMatchObject({
      issuer: 'IRN',
      documentNumber: 'K00012345',
      dateOfBirth: '900514',
      sex: 'F',
      dateOfExpiry: '360320',
      nationality: 'IRN',
    })
    expect(mrz.slice(60)).toBe('NEMUNEHPUR<<AZMUN<<<<<<<<<<<<<')
    const holder = dg11Codec.decode(bytesOf('EF.DG11'))
    expect(holder).toMatchObject({
      nameOfHolder: { familyName: 'نمونه‌پور', givenNames: 'آزمون' },
      personalNumber: '0499370899',
      dateOfBirth: { year: 1990, month: 5, day: 14 },
      placeOfBirth: ['تهران'],
      telephone: '+98 21 0000 0000',
    })
    expect(fatherNameOf(holder)).toBe('الگو')
    expect(dg12Codec.decode(bytesOf('EF.DG12'))).toEqual({
      issuingAuthority: ['0101', 'اداره نمونه'],
      dateOfIssue: { year: 2026, month: 3, day: 21 },
      personalizedAt: '2026-03-25T08:09:10',
      personalizationSystem: 'TEST-1',
    })
    expect(dg13Codec.decode(bytesOf('EF.DG13'))).toMatchObject({
      postalCode: '1234567890',
      education: 'کارشناسی',
      dateOfBirth: '1369-02-24',
      dateOfIssue: '1405-01-01',
      dateOfExpiry: '1415-01-01',
    })
  })

  it('holds portrait, signature and finger as captured', () => {
    expect(dg2Codec.decode(bytesOf('EF.DG2')).faces[0]!.images[0]).toMatchObject({ data: smallJpeg, gender: 2, width: 20, height: 30 })
    expect(dg7Codec.decode(bytesOf('EF.DG7')).signatures[0]!.data).toEqual(smallJpeg)
    expect(dg3Codec.decode(bytesOf('EF.DG3')).fingers).toMatchObject([{ position: 7, kind: 'minutiae', record: nistFinger }])
  })

  it('says what the card is: applications, lengths, serial, algorithm of its key', () => {
    expect(efDirCodec.decode(bytesOf('EF.DIR')).applications.map((each) => each.aid)).toEqual(
      ['A0000002471001', 'F04B41525446'].map(fromHex),
    )
    expect(efAtrInfoCodec.decode(bytesOf('EF.ATR/INFO')).extendedLength).toEqual({ maxCommandLength: 65535, maxResponseLength: 65538 })
    expect(efGdoCodec.decode(bytesOf('EF.GDO')).serialNumber).toEqual(iccSerial)
  })

  it('is the same for the same input', () => {
    expect(buildImage(sampleRecord, nationalId, sampleOptions)).toEqual(sampleImage)
  })

  it('hides in EF.DG3 that a holder has no fingers to enrol', () => {
    const without = { ...sampleRecord, fingers: [] }
    const one = imageFile(buildImage(without, nationalId, { iccSerial, personalizedAt }), 'EF.DG3')!.bytes
    const two = imageFile(buildImage(without, nationalId, { iccSerial, personalizedAt }), 'EF.DG3')!.bytes
    expect(dg3Codec.decode(one)).toMatchObject({ fingers: [] })
    expect(one).not.toEqual(two)
  })

  it('falls back to transliteration where the registry has no Latin spelling', () => {
    const { latin: _, ...holder } = sampleRecord.holder
    const { mrz } = dg1Codec.decode(imageFile(buildImage({ ...sampleRecord, holder }, nationalId, { iccSerial }), 'EF.DG1')!.bytes)
    expect(mrz.slice(60)).toMatch(/^NMWNHP[A-Z]+<<[A-Z]+<*$/)
  })

  it('names the file and both lengths when something is too large for the card', () => {
    const portrait = new Uint8Array(50_000)
    portrait.set(smallJpeg)
    const build = () => buildImage({ ...sampleRecord, portrait }, nationalId, { iccSerial })
    expect(build).toThrow(InputError)
    expect(build).toThrow(/^EF\.DG2: is 50\d{3} bytes; the card keeps room for 40960/)
  })

  it('refuses another state’s document, and a serial that is none', () => {
    const document = { ...sampleRecord.document, issuingState: 'UTO' }
    expect(() => buildImage({ ...sampleRecord, document }, nationalId, { iccSerial })).toThrow('document.issuingState')
    expect(() => buildImage(sampleRecord, nationalId, { iccSerial: new Uint8Array(17) })).toThrow('iccSerial')
  })

  it('refuses an address that could not be told from several fields, as a CardError', () => {
    const holder = { ...sampleRecord.holder, persian: { ...sampleRecord.holder.persian, address: 'a<b' } }
    expect(() => buildImage({ ...sampleRecord, holder }, nationalId, { iccSerial })).toThrow(CardError)
  })
})

describe('passwords', () => {
  const build = (options: Partial<ImageOptions>) => buildImage(sampleRecord, nationalId, { iccSerial, personalizedAt, ...options })

  it('draws a CAN of six digits, each card its own, where none is given', () => {
    const cans = Array.from({ length: 20 }, () => build({}).passwords.can!)
    for (const can of cans) expect(can).toMatch(/^\d{6}$/)
    expect(new Set(cans).size).toBeGreaterThan(15)
  })

  it('draws every CAN alike: bytes beyond the last whole million are drawn anew', () => {
    const drawn = [fromHex('ffffff'), fromHex('f42400'), fromHex('f423ff')]
    const random = (length: number) => (length === 3 ? drawn.shift()! : new Uint8Array(length))
    expect(build({ random }).passwords).toEqual({ can: '999999' })
    expect(build({ random: (length) => new Uint8Array(length) }).passwords).toEqual({ can: '000000' })
  })

  it('takes what is given', () => {
    const passwords = { can: '000001', pin: '246813', puk: '1234567890' }
    expect(build({ passwords }).passwords).toEqual(passwords)
  })

  it.each([
    { can: '12345' },
    { can: '1234567' },
    { can: '12345a' },
    { can: '۱۲۳۴۵۶' },
    { pin: '12345' },
    { pin: '123456789' },
    { puk: '1234567' },
  ])('refuses %o without repeating it', (passwords) => {
    const [value] = Object.values(passwords)
    expect(() => build({ passwords })).toThrow(InputError)
    expect(() => build({ passwords })).not.toThrow(new RegExp(value!))
  })

  it('refuses a password that the profile does not have', () => {
    const profile: CardProfile = { ...nationalId, pace: { ...nationalId.pace, passwords: ['mrz'] } }
    expect(() => buildImage(sampleRecord, profile, { iccSerial, passwords: { can: '123456' } })).toThrow(InputError)
    expect(buildImage(sampleRecord, profile, { iccSerial }).passwords).toEqual({})
  })
})

describe('the trust point', () => {
  const build = (cvcaCertificate: Uint8Array, at = personalizedAt) =>
    buildImage(sampleRecord, nationalId, { iccSerial, personalizedAt: at, cvcaCertificate })

  it('is the CVCA’s self-signed certificate', () => {
    expect(build(sampleCvc.cvca.certificate.raw).trustPoint).toEqual(sampleCvc.cvca.certificate)
  })

  it('refuses a terminal’s certificate, a changed one, one that has expired, and bytes that are none', () => {
    const { raw } = sampleCvc.cvca.certificate
    const changed = raw.slice()
    changed[changed.length - 1]! ^= 1
    expect(() => build(sampleCvc.terminal.certificate.raw)).toThrow(CertificateChainError)
    expect(() => build(changed)).toThrow(CertificateChainError)
    expect(() => build(raw, new Date('2040-01-01'))).toThrow(InputError)
    expect(() => build(raw.slice(1))).toThrow(DecodeError)
  })

  it('refuses it for a profile without terminal authentication', () => {
    const { terminalAuthentication: _, ...rest } = nationalId
    const cvcaCertificate = sampleCvc.cvca.certificate.raw
    expect(() => buildImage(sampleRecord, rest as CardProfile, { iccSerial, personalizedAt, cvcaCertificate })).toThrow(InputError)
  })
})
