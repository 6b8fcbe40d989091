import { readFileSync } from 'node:fs'
import { fromHex } from '@kart/codec'
import { testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout'
import {
  buildImage,
  type CardImage,
  type EnrollmentRecord,
  initTestCvc,
  initTestPki,
  parseEnrollmentRecord,
  signerOf,
  softwareSigner,
} from '@kart/personalization'
import type { TerminalCredentials } from '@kart/verification'

const folder = new URL('../../../../test-vectors/specimen/', import.meta.url)

/** A file of the specimen. */
export function specimenFile(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, folder)))
}

/** The moment at which tests personalize. */
export const personalizationDay = new Date('2026-10-05T09:00:00Z')

/** The specimen citizen's record. */
export const specimen: EnrollmentRecord = parseEnrollmentRecord(readFileSync(new URL('record.json', folder), 'utf8'), specimenFile, {
  now: personalizationDay,
})

/** Serial number of the emulated chip that tests personalize. */
export const chipSerial = fromHex('4b415254000000000001')

/** The test PKI of that day. */
export const pki = initTestPki({ now: personalizationDay })

/** The test CVCA of that day, with its terminal. */
export const cvc = await initTestCvc({ now: personalizationDay })

/** The terminal that may read the specimen's fingerprints. */
export const terminal: TerminalCredentials = {
  certificates: [cvc.documentVerifier.certificate],
  certificate: cvc.terminal.certificate,
  signer: signerOf(cvc.terminal),
}

/** The specimen's card access number. */
export const can = '271828'

/** What every test personalization runs with. */
export const executeOptions = { keys: testTransportKeys, signer: softwareSigner(pki.documentSigner), now: personalizationDay }

/** What every test image is built with, for the first chip. */
export const specimenOptions = {
  ...{ iccSerial: chipSerial, personalizedAt: personalizationDay, personalizationSystem: 'TEST-1', passwords: { can } },
  cvcaCertificate: cvc.cvca.certificate.raw,
}

/** The specimen's card image for a chip. */
export function specimenImage(iccSerial: Uint8Array = chipSerial, record: EnrollmentRecord = specimen): CardImage {
  return buildImage(record, nationalId, { ...specimenOptions, iccSerial })
}
