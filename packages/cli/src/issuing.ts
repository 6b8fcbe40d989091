import { dirname } from 'node:path'
import type { TraceSink } from '@kart/apdu/host'
import { getResponse, openChannel, wrongLength } from '@kart/apdu/host'
import { InputError, toHex } from '@kart/codec'
import type { SeenKeys } from '@kart/crypto'
import { dg1Codec, holderMrzName, mrzNameLength, readMrz } from '@kart/layout'
import type { CardProfile } from '@kart/layout/profile'
import {
  buildImage,
  type CardImage,
  type CertifyHolder,
  checkSigner,
  type EnrollmentRecord,
  execute,
  givenCertificates,
  type HolderKeyPair,
  type ImageOptions,
  imageFile,
  type PersonalizationReport,
  type PersonalizationStep,
  parseEnrollmentRecord,
  personalizationSteps,
  type RequestReport,
  readChipSerial,
  readHeldKeys,
  readWaitingKeys,
  requestCertificates,
  type SecretKeeper,
  type Signer,
} from '@kart/personalization'
import type { StageLine } from '@kart/report'
import type { Scp03KeySource } from '@kart/secure-channel'
import type { OpenCard } from './card-source.ts'
import type { Stage } from './progress.ts'
import { readInput, readWithin, usingInput } from './read-file.ts'

/** A step of the card’s, or what comes before. */
export type IssueStep = PersonalizationStep | 'certificates'

const titles = {
  open: 'open the security domain (SCP03)',
  certificates: 'hold the certificates against the card’s keys',
  'mf-files': 'write the master file’s files',
  'application-files': 'write the eMRTD’s data groups',
  'access-keys': 'write what opens the card: BAC keys, PACE passwords, trust point',
  'generate-key': 'let the card make its key of active authentication',
  'generate-chip-keys': 'let the card make its keys of chip authentication',
  sign: 'sign EF.SOD and EF.CardSecurity',
  'signed-files': 'write DG14, DG15, EF.SOD, EF.COM and EF.CardSecurity',
  fingers: 'enrol the fingers that the card compares itself',
  'holder-keys': 'write the holder’s PINs, let the card make the holder’s keys, and check them',
  certify: 'certify the holder’s keys, each by a request that the card signs',
  'holder-files': 'write PKCS#15: directories, public keys, certificates',
  'read-back': 'read back over PACE, compare, and try every way in',
  'prove-signature': 'read PKCS#15 back and let each of the holder’s keys sign once',
  secure: 'set the life cycle to SECURED',
  prove: 'prove that personalization is over',
} as const satisfies Record<IssueStep, string>

/** The steps of a personalization as stages to show. */
export const issuingStages: readonly Stage<IssueStep>[] = personalizationSteps.map((id) => ({
  ...{ id, title: titles[id] },
  // What is told once is told between.
  ...(id === 'secure' ? { apart: true } : {}),
}))

/** The same with certificates that were given, which come first. */
export const finishingStages: readonly Stage<IssueStep>[] = [{ id: 'certificates', title: titles.certificates }, ...issuingStages]

/** The stages of a card that stops at its requests. */
export const requestingStages: readonly Stage<IssueStep>[] = [
  { id: 'open', title: titles.open },
  { id: 'holder-keys', title: titles['holder-keys'] },
  { id: 'certify', title: 'let each of the holder’s keys sign a request for its certificate' },
]

// Bytes that are not UTF-8 would become replacement characters inside somebody's name.
function utf8Text(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new InputError(path, 'is not UTF-8 text: save the record as UTF-8', { cause })
  }
}

/** Reads an enrollment record and the files in its folder that it names. Throws InputError and Node's file errors. */
export function readRecord(path: string): EnrollmentRecord {
  const text = utf8Text(path, readInput(path))
  let refused: unknown
  const loadFile = (name: string): Uint8Array => {
    try {
      return readWithin(dirname(path), name)
    } catch (error) {
      refused = error
      throw error
    }
  }
  try {
    return usingInput(path, () => parseEnrollmentRecord(text, loadFile))
  } catch (error) {
    // That a file was there and why it was not taken, under the record's field; its name may be personal.
    if (error instanceof InputError && refused instanceof InputError && error.cause === refused)
      throw new InputError(error.field, refused.message.slice(refused.field.length + 2), { cause: refused })
    throw error
  }
}

/** Stands for the chip's number until a card is there to be asked: ten bytes as in GlobalPlatform's INITIALIZE UPDATE. */
const provisionalSerial = new Uint8Array(10)

/**
 * Proves, before any card is touched, that a card can be made from this record and that this signer may sign it; what only the card can tell is asked later.
 * Throws InputError and PkiError.
 */
export function checkIssuable(record: EnrollmentRecord, profile: CardProfile, signer: Signer, extras: IssueExtras = {}): void {
  checkSigner(signer, profile, new Date())
  imageOf(record, profile, provisionalSerial, extras)
}

/** What a card is given beside the record. */
export type IssueExtras = Pick<ImageOptions, 'passwords' | 'cvcaCertificate' | 'signatureCard'>

function imageOf(record: EnrollmentRecord, profile: CardProfile, iccSerial: Uint8Array, extras: IssueExtras): CardImage {
  return usingInput('record', () => buildImage(record, profile, { ...extras, iccSerial }))
}

export interface IssueParts {
  readonly record: EnrollmentRecord
  readonly profile: CardProfile
  readonly card: OpenCard
  readonly keys: Scp03KeySource
  /** The issuer's key set, which takes the place of the transport keys. */
  readonly issuerKeys?: Scp03KeySource
  readonly signer: Signer
  readonly extras?: IssueExtras
  /** Certifies the holder’s keys; needed for a signature card. */
  readonly certify?: CertifyHolder
  /** Certificates (DER) of an authority elsewhere, for the keys that the card made when its requests were: in the place of `certify`. */
  readonly certificates?: readonly Uint8Array[]
  readonly allowUnfinished: boolean
  /** Where holders' public keys are remembered, so that none is certified twice. */
  readonly seenKeys?: SeenKeys
  /** Keeps what is told once before the card is SECURED with it. */
  readonly keeper?: SecretKeeper
  /** Told the chip’s serial number, hex, before anything is written. */
  readonly identify?: (iccSerial: string) => void
  /** Whether long APDUs may be used; true unless told. */
  readonly extendedLength?: boolean
  readonly traceSink?: TraceSink
  readonly tell?: (step: IssueStep, text?: string) => void
}

export interface Issued {
  /** Without what is for the printer. */
  readonly report: Omit<PersonalizationReport, 'forPrinter'>
  /** What is printed on the card or into the letter: secrets, told once. */
  readonly forPrinter: PersonalizationReport['forPrinter']
  /** Lines of the machine-readable zone. */
  readonly mrz: readonly string[]
  /** What the office should know of this card: for people, without the holder's data. */
  readonly notes: readonly string[]
}

/** Personalizes one card from a record. Throws what `buildImage` and `execute` throw. */
export async function issueCard(parts: IssueParts): Promise<Issued> {
  const { record, profile, card, keys, signer, tell } = parts
  tell?.(parts.certificates === undefined ? 'open' : 'certificates')
  const iccSerial = await readChipSerial(openChannel(card.transport), profile)
  parts.identify?.(toHex(iccSerial))
  const image = imageOf(record, profile, iccSerial, parts.extras ?? {})
  const { certificates } = parts
  const certify =
    certificates === undefined
      ? parts.certify
      : givenCertificates(image, await readHeldKeys(openChannel(card.transport, getResponse(), wrongLength()), image), certificates)
  const { forPrinter, ...report } = await execute(card.transport, image, {
    keys,
    ...(parts.issuerKeys ? { issuerKeys: parts.issuerKeys } : {}),
    signer,
    ...(certify ? { certify } : {}),
    keepHolderKeys: certificates !== undefined,
    allowUnfinished: parts.allowUnfinished,
    ...(parts.seenKeys ? { seenKeys: parts.seenKeys } : {}),
    ...(parts.keeper ? { keeper: parts.keeper } : {}),
    extendedLength: parts.extendedLength ?? true,
    ...(parts.traceSink ? { traceSink: parts.traceSink } : {}),
    onProgress: ({ step, done, total, bytes }) => tell?.(step, `${done} of ${total}, ${bytes} bytes`),
  })
  const dg1 = imageFile(image, 'EF.DG1')
  return {
    report,
    forPrinter,
    mrz: dg1 ? readMrz(dg1Codec.decode(dg1.bytes).mrz).lines : [],
    notes: [...nameNotes(record), ...trustNotes(profile, report.trustPoint), ...pinNotes(report.throughPace)],
  }
}

/** What {@link requestCard} takes. */
export type RequestParts = Omit<IssueParts, 'signer' | 'certify' | 'certificates' | 'keeper'> & {
  /** Told the keys that the card holds already, where it keeps them, before it is opened; refuses by throwing. */
  readonly checkHeld?: (keys: readonly HolderKeyPair[]) => void
}

/** Lets a blank card make its holder's keys and ask for their certificates, or one that waits ask again. Throws what `buildImage`, `requestCertificates` and `checkHeld` throw. */
export async function requestCard(parts: RequestParts): Promise<RequestReport> {
  const { record, profile, card, keys, tell } = parts
  tell?.('open')
  const iccSerial = await readChipSerial(openChannel(card.transport), profile)
  const image = imageOf(record, profile, iccSerial, parts.extras ?? {})
  if (parts.checkHeld !== undefined) {
    const channel = openChannel(card.transport, getResponse(), wrongLength())
    parts.checkHeld((parts.allowUnfinished ? undefined : await readWaitingKeys(channel, image)) ?? [])
  }
  return requestCertificates(card.transport, image, {
    keys,
    ...(parts.issuerKeys ? { issuerKeys: parts.issuerKeys } : {}),
    allowUnfinished: parts.allowUnfinished,
    ...(parts.seenKeys ? { seenKeys: parts.seenKeys } : {}),
    extendedLength: parts.extendedLength ?? true,
    ...(parts.traceSink ? { traceSink: parts.traceSink } : {}),
    onProgress: ({ step, done, total }) => tell?.(step, `${done} of ${total}`),
  })
}

/** What a profile without PACE costs the PINs of the letter. */
export const pinNotes = (throughPace: boolean | undefined): string[] =>
  throughPace === false
    ? [
        'The card has no PACE: its PINs went to it in clear, and who reads along at the reader knows them. Use a reader that nobody else reaches.',
      ]
    : []

/** A card that knows no CVCA never opens its fingerprints to anybody. */
function trustNotes(profile: CardProfile, trustPoint: string | undefined): string[] {
  if (profile.terminalAuthentication === undefined || trustPoint !== undefined) return []
  return ['The card was given no CVCA: no terminal will ever be able to read its fingerprints (--cvca, or a PKI of "kart pki init").']
}

/** The steps of a personalization as lines of a cost table. */
export function issueStages(report: Pick<PersonalizationReport, 'steps'>): StageLine[] {
  return report.steps.map(({ name, apdus, sent, received, ms }) => ({
    name: titles[name],
    apdus,
    bytes: sent + received,
    milliseconds: ms,
  }))
}

/** What became of the name in the machine-readable zone, where that is not plain. */
function nameNotes({ holder }: EnrollmentRecord): string[] {
  const { truncated, source } = holderMrzName(holder, mrzNameLength.TD1)
  return [
    ...(truncated
      ? ['The name is longer than the machine-readable zone has room for and was shortened there; it stands in full in DG11.']
      : []),
    ...(source === 'transliterated' ? ['The record has no Latin spelling: the zone has the name transliterated by ICAO Doc 9303-3.'] : []),
  ]
}
