import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CardTransport, openChannel } from '@kart/apdu/host'
import { createBlankCard, type EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout/profile'
import { decodeTemplate, encodeTemplate, makeImpression } from '@kart/minutiae'
import {
  buildImage,
  type CardImage,
  type EnrollmentRecord,
  execute,
  initTestCvc,
  initTestPki,
  type PersonalizationReport,
  parseEnrollmentRecord,
  readChipSerial,
  type Signer,
  signerOf,
  softwareSigner,
} from '@kart/personalization'
import {
  defaultPolicy,
  type Evidence,
  judge,
  type Policy,
  readCard,
  runChecks,
  type TerminalCredentials,
  type TrustStore,
  trustStore,
} from '@kart/verification'

/** What every run needs and none changes. */
export interface Specimen {
  readonly record: EnrollmentRecord
  readonly signer: Signer
  readonly trust: TrustStore
  /** The trust point of the card, and a terminal below it that may read the fingerprints. */
  readonly cvcaCertificate: Uint8Array
  readonly terminal: TerminalCredentials
  readonly policy: Policy
  /** A made second impression of the enrolled finger, ISO/IEC 19794-2:2005. */
  readonly probe: Uint8Array
}

const profile = nationalId

/** Reads the specimen's record and makes a test PKI; `root` is the repository's folder. */
export async function loadSpecimen(root: string): Promise<Specimen> {
  const load = (name: string): Uint8Array => new Uint8Array(readFileSync(join(root, 'test-vectors/specimen', name)))
  const record = parseEnrollmentRecord(new TextDecoder().decode(load('record.json')), load)
  const pki = initTestPki()
  const cvc = await initTestCvc()
  const position = record.fingers[0]!.position
  const impression = makeImpression(decodeTemplate(record.fingers[0]!.template), { seed: 7 }).template
  return {
    record,
    signer: softwareSigner(pki.documentSigner),
    trust: trustStore([pki.csca.certificate]),
    cvcaCertificate: cvc.cvca.certificate.raw,
    terminal: {
      certificates: [cvc.documentVerifier.certificate],
      certificate: cvc.terminal.certificate,
      signer: signerOf(cvc.terminal),
    },
    policy: defaultPolicy(new Date()),
    probe: encodeTemplate(impression, 'iso-19794-2-2005', { position }),
  }
}

/** A new blank card in memory. */
export function blankCard(): EmulatedCard {
  const iccSerial = Uint8Array.from({ length: 10 }, (_, i) => i + 1)
  return createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial })
}

export interface RunOptions {
  /** Whether extended length fields are used. */
  readonly extendedLength: boolean
}

/** Record to SECURED card: serial number, image, SCP03, files, key, EF.SOD, reading back, securing. */
export async function personalize(
  specimen: Specimen,
  transport: CardTransport,
  { extendedLength }: RunOptions,
): Promise<{ image: CardImage; report: PersonalizationReport }> {
  const iccSerial = await readChipSerial(openChannel(transport), profile)
  const image = buildImage(specimen.record, profile, { iccSerial, cvcaCertificate: specimen.cvcaCertificate })
  const report = await execute(transport, image, { keys: testTransportKeys, signer: specimen.signer, extendedLength })
  return { image, report }
}

/** PACE, chip and terminal authentication, every file, active authentication. */
export function read(
  { terminal }: Specimen,
  image: CardImage,
  transport: CardTransport,
  { extendedLength }: RunOptions,
): Promise<Evidence> {
  return readCard(transport, { profile, access: image.access, terminal, limits: { extendedLength } })
}

/** Every check with the finger 1:1; throws unless the card is accepted, since the time of a refusal is another thing. */
export async function check(specimen: Specimen, evidence: Evidence): Promise<void> {
  const { trust, policy, probe } = specimen
  const report = judge(await runChecks(evidence, { profile, trust, policy, probe }))
  if (report.verdict !== 'accepted') throw new Error(`the specimen's card is ${report.verdict}: ${report.reasons.join(', ')}`)
}
