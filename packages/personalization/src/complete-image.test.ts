import { createHash, verify, X509Certificate } from 'node:crypto'
import { fromHex, toHex } from '@kart/codec'
import { type CardProfile, dg15Codec, efComCodec, efSodCodec, nationalId } from '@kart/layout'
import { describe, expect, it } from 'vitest'
import { imageFile } from './card-image.ts'
import { checkSigner, completeImage } from './complete-image.ts'
import { PersonalizationError } from './personalization-error.ts'
import { initTestPki } from './pki/init-test-pki.ts'
import { PkiError } from './pki/pki-error.ts'
import { softwareSigner } from './pki/signer.ts'
import { sampleImage, somePoint } from './testing/sample-card.ts'

const now = new Date('2026-03-25T08:00:00Z')
const pki = initTestPki({ now })
const signer = softwareSigner(pki.documentSigner)

describe('completeImage', () => {
  it('adds the public key, the list and the signed hashes of every data group', async () => {
    const image = await completeImage(sampleImage, somePoint, signer, { signingTime: now })
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
    const image = await completeImage(sampleImage, somePoint, signer)
    expect(image.files.map((file) => file.name)).toEqual(
      nationalId.applications.flatMap((application) => application.files.map((file) => file.name)),
    )
    for (const file of sampleImage.files) expect(imageFile(image, file.name)).toEqual(file)
  })

  it('B08 refuses a public key that is not on the curve', async () => {
    const off = somePoint.slice()
    off[64]! ^= 1
    for (const point of [off, new Uint8Array(0), fromHex('00'), somePoint.slice(0, 33), new Uint8Array(65)])
      await expect(completeImage(sampleImage, point, signer)).rejects.toThrow(PersonalizationError)
  })

  it('B10 refuses a signature made with another key than the certificate’s', async () => {
    const other = softwareSigner(initTestPki({ now }).documentSigner)
    await expect(completeImage(sampleImage, somePoint, { ...signer, sign: other.sign })).rejects.toThrow(PkiError)
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
