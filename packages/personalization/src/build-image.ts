import { InputError } from '@kart/codec'
import { randomBytes } from '@kart/crypto'
import {
  type CardProfile,
  type CvCertificate,
  canonicalName,
  canonicalText,
  decodeCvCertificate,
  dg1Codec,
  dg2Codec,
  dg2FromPortrait,
  dg3Codec,
  dg7Codec,
  dg11Codec,
  dg12Codec,
  dg13Codec,
  displayedImage,
  efAtrInfoCodec,
  efCardAccessCodec,
  efCvcaCodec,
  efDirCodec,
  efGdoCodec,
  encodeMrz,
  encodeMrzDate,
  type FileFormat,
  filePath,
  holderMrzName,
  isoToJalali,
  minutiaeFinger,
  mrzNameLength,
  parseIsoDate,
  pkcs15Entry,
  summaryWithFather,
} from '@kart/layout'
import { trustPointOf } from '@kart/secure-channel'
import { chooseFingers } from './card-fingers.ts'
import { type CardImage, type ImageFile, profileFile } from './card-image.ts'
import { type CardPasswords, passwordsFor } from './card-passwords.ts'
import type { EnrollmentRecord } from './record/enrollment-record.ts'
import { cardAccessInfos } from './security-infos.ts'
import { type HolderPlan, hasSignatureApplication, planHolder, type TransportPins } from './signature-card/holder-plan.ts'

/** What an image needs beside the record and the profile. */
export interface ImageOptions {
  /** Serial number of the chip, 1..16 bytes, as {@link readChipSerial} gives it. */
  readonly iccSerial: Uint8Array
  /** Moment of personalization, written in UTC (house rule); the present one unless told. */
  readonly personalizedAt?: Date
  /** Serial number of the personalization system, for EF.DG12. */
  readonly personalizationSystem?: string
  /** Passwords of PACE; a CAN is drawn at random where the profile has one and none is given. PIN and PUK are written only when given. */
  readonly passwords?: CardPasswords
  /**
   * Certificate of the CVCA whose terminals may read what the profile opens to terminal authentication: self-signed, DO'7F21'. Without it nothing of the kind is ever
   * opened on this card.
   */
  readonly cvcaCertificate?: Uint8Array
  /**
   * Makes it a signature card: keys, PINs and certificates of the holder in PKCS#15. PINs are drawn at random where none are given. Without it the application stays
   * empty.
   */
  readonly signatureCard?: { readonly pins?: TransportPins }
  /** Gives random bytes; the system's generator unless told. For tests. */
  readonly random?: (length: number) => Uint8Array
}

/** DF 5015 under the MF. */
const signatureDirectory = filePath(0x3f00, 0x5015)

const mrzDate = (iso: string): string => encodeMrzDate(parseIsoDate(iso))
const mrzSex = { M: 'M', F: 'F', X: '<' } as const

function machineReadableZone(record: EnrollmentRecord, profile: CardProfile): string {
  const { document, holder } = record
  return encodeMrz({
    format: profile.mrzFormat,
    documentCode: profile.documentCode,
    issuer: document.issuingState,
    documentNumber: document.number,
    dateOfBirth: mrzDate(holder.dateOfBirth),
    sex: mrzSex[holder.sex],
    dateOfExpiry: mrzDate(document.dateOfExpiry),
    nationality: holder.nationality,
    name: holderMrzName(holder, mrzNameLength[profile.mrzFormat]).text,
  })
}

function holderDetails({ holder }: EnrollmentRecord): Uint8Array {
  const { persian } = holder
  return dg11Codec.encode({
    nameOfHolder: { familyName: canonicalName(persian.familyName), givenNames: canonicalName(persian.givenNames) },
    personalNumber: holder.nationalCode,
    dateOfBirth: parseIsoDate(holder.dateOfBirth),
    placeOfBirth: [canonicalText(persian.birthPlace)],
    address: [canonicalText(persian.address)],
    ...(holder.telephone === undefined ? {} : { telephone: holder.telephone }),
    personalSummary: summaryWithFather(canonicalName(persian.fatherName)),
  })
}

function documentDetails({ document }: EnrollmentRecord, options: ImageOptions): Uint8Array {
  const moment = (options.personalizedAt ?? new Date()).toISOString().slice(0, 19)
  return dg12Codec.encode({
    issuingAuthority: [document.issuingOffice.code, canonicalText(document.issuingOffice.name)],
    dateOfIssue: parseIsoDate(document.dateOfIssue),
    personalizedAt: moment,
    ...(options.personalizationSystem === undefined ? {} : { personalizationSystem: options.personalizationSystem }),
  })
}

function nationalDetails({ document, holder }: EnrollmentRecord): Uint8Array {
  return dg13Codec.encode({
    version: 1,
    birthCertificateNumber: canonicalText(holder.birthCertificate.number),
    birthCertificateSeries: canonicalText(holder.birthCertificate.series),
    postalCode: holder.postalCode,
    ...(holder.education === undefined ? {} : { education: canonicalText(holder.education) }),
    dateOfBirth: isoToJalali(holder.dateOfBirth),
    dateOfIssue: isoToJalali(document.dateOfIssue),
    dateOfExpiry: isoToJalali(document.dateOfExpiry),
  })
}

function fingers({ fingers: captured }: EnrollmentRecord, random: (length: number) => Uint8Array): Uint8Array {
  if (captured.length === 0) return dg3Codec.encode({ fingers: [], filler: random(16) })
  return dg3Codec.encode({ fingers: captured.map((one) => minutiaeFinger(one.template, one.position)) })
}

function directory(profile: CardProfile, holder: HolderPlan | undefined): Uint8Array {
  const entries = profile.applications.flatMap(({ name, aid, title, files }) =>
    aid === undefined || name === 'pkcs15' || (files.length === 0 && name !== 'fingerprint') ? [] : [{ aid, label: title }],
  )
  return efDirCodec.encode({
    applications: [...entries, ...(holder === undefined ? [] : [pkcs15Entry(profile.title, signatureDirectory)])],
  })
}

/** Opens the CVCA certificate and proves that it can be a trust point on the day of personalization. Throws InputError, DecodeError, CertificateChainError. */
function trustPoint(profile: CardProfile, { cvcaCertificate, personalizedAt }: ImageOptions): CvCertificate | undefined {
  if (cvcaCertificate === undefined) return undefined
  if (profile.terminalAuthentication === undefined)
    throw new InputError('cvcaCertificate', `profile ${profile.name} has no terminal authentication`)
  const certificate = decodeCvCertificate(cvcaCertificate)
  trustPointOf(certificate)
  if (certificate.expiration < (personalizedAt ?? new Date()).toISOString().slice(0, 10))
    throw new InputError('cvcaCertificate', 'has expired: take the CVCA’s newest one')
  return certificate
}

/** What each format holds; a format that is missing here follows the card's public keys. */
function contents(
  record: EnrollmentRecord,
  profile: CardProfile,
  options: ImageOptions,
  cvca: CvCertificate | undefined,
  holder: HolderPlan | undefined,
): Partial<Record<FileFormat, () => Uint8Array>> {
  const { cardServiceData, cardCapabilities, maxCommandLength, maxResponseLength } = profile
  return {
    'ef-dir': () => directory(profile, holder),
    'ef-atr-info': () =>
      efAtrInfoCodec.encode({ cardServiceData, cardCapabilities, extendedLength: { maxCommandLength, maxResponseLength } }),
    ...(profile.pace === undefined
      ? {}
      : { 'ef-card-access': () => efCardAccessCodec.encode({ securityInfos: cardAccessInfos(profile, cvca !== undefined) }) }),
    ...(cvca === undefined ? {} : { 'ef-cvca': () => efCvcaCodec.encode({ authorityReferences: [cvca.holderReference] }) }),
    'ef-gdo': () => efGdoCodec.encode({ serialNumber: options.iccSerial }),
    dg1: () => dg1Codec.encode({ mrz: machineReadableZone(record, profile) }),
    dg2: () => dg2Codec.encode(dg2FromPortrait(record.portrait, mrzSex[record.holder.sex])),
    dg3: () => fingers(record, options.random ?? randomBytes),
    dg7: () => dg7Codec.encode({ signatures: [displayedImage(record.signature)] }),
    dg11: () => holderDetails(record),
    dg12: () => documentDetails(record, options),
    dg13: () => nationalDetails(record),
  }
}

/**
 * Builds the card image of a record by a profile: every file that does not depend on the card's own keys. Text goes onto the card in its canonical form, names
 * into the MRZ from the registry's Latin spelling or by transliteration. Throws InputError (also for a file longer than the card has room for), CertificateChainError for a CVCA certificate that is none, DecodeError or LimitError.
 */
export function buildImage(record: EnrollmentRecord, profile: CardProfile, options: ImageOptions): CardImage {
  const { iccSerial } = options
  if (record.document.issuingState !== profile.issuingState)
    throw new InputError('document.issuingState', `is not the state of profile ${profile.name} (${profile.issuingState})`)
  if (iccSerial.length < 1 || iccSerial.length > 16) throw new InputError('iccSerial', 'is not 1..16 bytes')
  const cvca = trustPoint(profile, options)
  if (options.signatureCard !== undefined && !hasSignatureApplication(profile))
    throw new InputError('signatureCard', `profile ${profile.name} has no PKCS#15 application`)
  const holder = options.signatureCard && planHolder(record, profile, options.random ?? randomBytes, options.signatureCard.pins)
  const makers = contents(record, profile, options, cvca, holder)
  const files = profile.applications.flatMap((application) =>
    application.files.flatMap((spec): ImageFile[] => {
      const make = makers[spec.format]
      return make === undefined ? [] : [profileFile(profile, application.name, spec.name, make())]
    }),
  )
  const onCard = chooseFingers(record.fingers, profile)
  return {
    profile,
    iccSerial: iccSerial.slice(),
    personalizedOn: (options.personalizedAt ?? new Date()).toISOString().slice(0, 10),
    passwords: passwordsFor(profile, options.passwords ?? {}, options.random ?? randomBytes),
    trustPoint: cvca,
    holder,
    access: {
      documentNumber: record.document.number,
      dateOfBirth: mrzDate(record.holder.dateOfBirth),
      dateOfExpiry: mrzDate(record.document.dateOfExpiry),
    },
    ...(onCard === undefined ? {} : { fingers: onCard }),
    files,
  }
}
