import { createHash, verify, X509Certificate } from 'node:crypto'
import { fromHex, InputError, toHex } from '@kart/codec'
import {
  type CardProfile,
  dg14Codec,
  dg15Codec,
  efCardAccessCodec,
  efCardSecurityCodec,
  efComCodec,
  efCvcaCodec,
  efSodCodec,
  nationalId,
  openSecurityInfo,
  securityObjectOid,
} from '@kart/layout'
import { describe, expect, it } from 'vitest'
import { buildImage } from './build-image.ts'
import { imageFile } from './card-image.ts'
import { checkSigner, completeImage } from './complete-image.ts'
import { PersonalizationError } from './personalization-error.ts'
import { initTestPki } from './pki/init-test-pki.ts'
import { PkiError } from './pki/pki-error.ts'
import { softwareSigner } from './pki/signer.ts'
import { dg14Infos } from './security-infos.ts'
import { iccSerial, personalizedAt, sampleImage, sampleOptions, sampleRecord, someKeys, somePoint } from './testing/sample-card.ts'

const now = new Date('2026-03-25T08:00:00Z')
const pki = initTestPki({ now })
const signer = softwareSigner(pki.documentSigner)

describe('completeImage', () => {
  it('adds the public key, the list and the signed hashes of every data group', async () => {
    const image = await completeImage(sampleImage, someKeys, signer, { signingTime: now })
    const groups = [1, 2, 3, 7, 11, 12, 13, 14, 15]
    const file = (name: string) => imageFile(image, name)!.bytes
    expect(dg15Codec.decode(file('EF.DG15')).key).toMatchObject({ algorithm: 'ec', curve: 'P-256', point: somePoint })
    expect(efComCodec.decode(file('EF.COM'))).toEqual({ ldsVersion: '0108', unicodeVersion: '040000', dataGroups: groups })
    const sod = efSodCodec.decode(file('EF.SOD'))
    expect(sod.ldsSecurityObject).toMatchObject({
      version: 1,
      hash: 'sha256',
      ldsVersionInfo: { ldsVersion: '0108', unicodeVersion: '040000' },
    })
    expect(sod.ldsSecurityObject.dataGroupHashes.map((one) => one.dataGroup)).toEqual(groups)
    for (const { dataGroup, hash } of sod.ldsSecurityObject.dataGroupHashes)
      expect(toHex(hash)).toBe(
        createHash('sha256')
          .update(file(`EF.DG${dataGroup}`))
          .digest('hex'),
      )
    expect(sod.certificates).toEqual([pki.documentSigner.certificate])
    const { publicKey } = new X509Certificate(pki.documentSigner.certificate)
    expect(verify('sha256', sod.signers[0]!.signedAttributes!, publicKey, sod.signers[0]!.signature)).toBe(true)
    expect(sod.signers[0]!.signingTime).toEqual(now)
  })

  it('keeps the order of the profile and every file of the image before it', async () => {
    const image = await completeImage(sampleImage, someKeys, signer)
    expect(image.files.map((file) => file.name)).toEqual(
      nationalId.applications.flatMap((application) => application.files.map((file) => file.name)),
    )
    for (const file of sampleImage.files) expect(imageFile(image, file.name)).toEqual(file)
  })

  it('B08 refuses a public key that is not on the curve', async () => {
    const off = somePoint.slice()
    off[64]! ^= 1
    for (const point of [off, new Uint8Array(0), fromHex('00'), somePoint.slice(0, 33), new Uint8Array(65)]) {
      await expect(completeImage(sampleImage, { ...someKeys, activeAuthentication: point }, signer)).rejects.toThrow(PersonalizationError)
      const chip = [{ keyId: 12, publicKey: point }]
      await expect(completeImage(sampleImage, { ...someKeys, chip }, signer)).rejects.toThrow(PersonalizationError)
    }
    await expect(completeImage(sampleImage, { ...someKeys, chip: [] }, signer)).rejects.toThrow(InputError)
  })

  it('B10 refuses a signature made with another key than the certificate’s', async () => {
    const other = softwareSigner(initTestPki({ now }).documentSigner)
    await expect(completeImage(sampleImage, someKeys, { ...signer, sign: other.sign })).rejects.toThrow(PkiError)
  })
})

describe('the SecurityInfos of the card', async () => {
  const image = await completeImage(sampleImage, someKeys, signer, { signingTime: now })
  const bytes = (name: string) => imageFile(image, name)!.bytes
  const access = efCardAccessCodec.decode(bytes('EF.CardAccess')).securityInfos
  const dg14 = dg14Codec.decode(bytes('EF.DG14')).securityInfos.map(openSecurityInfo)
  const security = efCardSecurityCodec.decode(bytes('EF.CardSecurity'))
  const rawOf = (infos: readonly { raw?: Uint8Array }[]) => infos.map((info) => toHex(info.raw!))

  it('P09 EF.DG14 and EF.CardSecurity hold everything of EF.CardAccess, byte for byte', () => {
    expect(rawOf(access)).toHaveLength(9)
    expect(rawOf(dg14)).toEqual(expect.arrayContaining(rawOf(access)))
    expect(rawOf(security.securityInfos)).toEqual(expect.arrayContaining(rawOf(access)))
  })

  it('offers PACE as the profile says: object identifiers of Doc 9303-11, 9.2', () => {
    expect(access.filter((info) => info.kind === 'pace').map((info) => [info.oid, info.kind === 'pace' && info.parameterId])).toEqual(
      expect.arrayContaining([
        ['0.4.0.127.0.7.2.2.4.6.2', 12],
        ['0.4.0.127.0.7.2.2.4.2.2', 12],
        ['0.4.0.127.0.7.2.2.4.2.4', 13],
        ['0.4.0.127.0.7.2.2.4.4.2', 12],
        ['0.4.0.127.0.7.2.2.4.4.4', 13],
      ]),
    )
  })

  it('publishes the chip’s key once, under the number that PACE with chip authentication mapping asks for', () => {
    for (const infos of [dg14, security.securityInfos]) {
      const keys = infos.filter((info) => info.kind === 'chip-authentication-public-key')
      expect(keys).toMatchObject([{ keyId: 12, oid: '0.4.0.127.0.7.2.2.1.2' }])
      // The key is spelled out with its curve, and it is the one that the card gave.
      expect(toHex(keys[0]!.kind === 'chip-authentication-public-key' ? keys[0]!.subjectPublicKeyInfo : new Uint8Array())).toContain(
        toHex(somePoint),
      )
    }
    expect(dg14.filter((info) => info.kind === 'chip-authentication' && info.version === 1)).toHaveLength(2)
  })

  it('EF.CardSecurity is signed by the document signer: node:crypto finds it so', () => {
    expect(security.contentType).toBe(securityObjectOid)
    const { publicKey } = new X509Certificate(security.certificates[0]!)
    expect(verify('sha256', security.signers[0]!.signedAttributes!, publicKey, security.signers[0]!.signature)).toBe(true)
    expect(toHex(security.signers[0]!.messageDigest!)).toBe(createHash('sha256').update(security.content).digest('hex'))
  })

  it('names terminal authentication only where a CVCA was given', async () => {
    expect(efCvcaCodec.decode(bytes('EF.CVCA')).authorityReferences).toEqual(['IRTESTCVCA00001'])
    expect(dg14.filter((info) => info.kind === 'terminal-authentication').map((info) => 'version' in info && info.version)).toEqual(
      expect.arrayContaining([1, 2]),
    )
    const { cvcaCertificate: _, ...without } = sampleOptions
    const closed = await completeImage(buildImage(sampleRecord, nationalId, without), someKeys, signer, { signingTime: now })
    expect(imageFile(closed, 'EF.CVCA')).toBeUndefined()
    const infos = dg14Codec.decode(imageFile(closed, 'EF.DG14')!.bytes).securityInfos.map(openSecurityInfo)
    expect(infos.some((info) => info.kind === 'terminal-authentication')).toBe(false)
  })

  it('follows the profile: another hash for the card’s key is another algorithm', () => {
    const profile: CardProfile = { ...nationalId, activeAuthentication: { algorithm: 'ecdsa', curve: 'P-384', hash: 'sha384' } }
    expect(dg14Infos(profile, someKeys.chip, false).find((info) => info.kind === 'active-authentication')).toMatchObject({
      signatureAlgorithm: '0.4.0.127.0.7.1.1.4.1.4',
    })
  })

  it('refuses a profile that offers chip authentication mapping without the key', () => {
    const { chipAuthentication: _, ...rest } = nationalId
    expect(() => buildImage(sampleRecord, rest as CardProfile, sampleOptions)).toThrow(InputError)
  })

  it('a profile without PACE and chip keys has EF.DG14 with active authentication alone, and no EF.CardSecurity', async () => {
    const { pace: _pace, chipAuthentication: _chip, terminalAuthentication: _terminal, ...rest } = nationalId
    const plain: CardProfile = rest
    const bare = await completeImage(buildImage(sampleRecord, plain, { iccSerial, personalizedAt }), { ...someKeys, chip: [] }, signer)
    expect(toHex(imageFile(bare, 'EF.DG14')!.bytes)).toBe('6e1b31193017060667810801010502010' + '1060a04007f00070101040103')
    for (const name of ['EF.CardAccess', 'EF.CardSecurity', 'EF.CVCA']) expect(imageFile(bare, name)).toBeUndefined()
    expect(bare.passwords).toEqual({})
  })
})

describe('checkSigner', () => {
  const check =
    (der: Uint8Array, at: Date, profile: CardProfile = nationalId) =>
    () =>
      checkSigner({ ...signer, certificate: der }, profile, at)

  it('lets the right signer pass', () => {
    expect(check(pki.documentSigner.certificate, now)).not.toThrow()
  })

  it.each([
    ['a certificate authority', pki.csca.certificate, now, 'does not allow signatures'],
    ['before its time', pki.documentSigner.certificate, new Date('2026-03-25T07:59:59Z'), 'not valid now'],
    ['after the certificate', pki.documentSigner.certificate, new Date('2037-01-01'), 'not valid now'],
    ['after the key’s period', pki.documentSigner.certificate, new Date('2026-06-26'), 'private key usage period'],
    [
      'another country',
      initTestPki({ now, country: 'UT', mrzCode: 'UTO' }).documentSigner.certificate,
      now,
      'is of UT and the card of IRN',
    ],
    ['a signer of passports', initTestPki({ now, documentTypes: ['P'] }).documentSigner.certificate, now, 'document type list'],
    ['no certificate', new Uint8Array(3), now, 'cannot be read'],
  ])('refuses %s', (_name, der, at, words) => {
    expect(check(der, at)).toThrow(PkiError)
    expect(check(der, at)).toThrow(words)
  })
})
