import { fromHex } from '@kart/codec'
import { nationalId } from '@kart/layout'
import { buildImage } from '../build-image.ts'
import type { CardImage } from '../card-image.ts'
import type { CardPublicKeys } from '../complete-image.ts'
import { initTestCvc } from '../pki/init-test-cvc.ts'
import { parseEnrollmentRecord } from '../record/parse-enrollment-record.ts'
import { sampleFile, sampleJson } from './sample-record.ts'

export const iccSerial = fromHex('00112233445566778899')
export const personalizedAt = new Date('2026-03-25T08:09:10.999Z')

export const sampleRecord = parseEnrollmentRecord(sampleJson(), sampleFile, { now: personalizedAt })

export const sampleCvc = await initTestCvc({ now: personalizedAt })
export const sampleOptions = {
  ...{ iccSerial, personalizedAt, personalizationSystem: 'TEST-1', passwords: { can: '123456' } },
  cvcaCertificate: sampleCvc.cvca.certificate.raw,
}

/** The image of {@link sampleRecord} on the reference profile. */
export const sampleImage: CardImage = buildImage(sampleRecord, nationalId, sampleOptions)

// The base point of P-256 (SEC 2, 2.4.2).
export const somePoint = fromHex(
  '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
)

/** A card's answers to the generation of its keys. */
export const someKeys: CardPublicKeys = { activeAuthentication: somePoint, chip: [{ keyId: 12, publicKey: somePoint }] }
