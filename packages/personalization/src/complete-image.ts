import { CardError, encodeTlv, InputError } from '@kart/codec'
import { decodePublicKey, digest, type SignatureScheme as KeyScheme, verifySignature } from '@kart/crypto'
import {
  type CardProfile,
  type Certificate,
  coversDocumentCode,
  type DataSigning,
  type Dg15,
  decodeCertificate,
  dg14Codec,
  dg15Codec,
  dg15FromPoint,
  efCardSecurityCodec,
  efComCodec,
  efSodCodec,
  encodeCardSecurity,
  encodeSecurityInfo,
  encodeSod,
  findFile,
  type HashName,
  type OpenedSecurityInfo,
  type SecurityInfo,
  type SignatureScheme,
  type SignedData,
  sameCountry,
} from '@kart/layout'
import { type CardImage, type CompleteImage, completionFiles, type ImageFile, profileFile } from './card-image.ts'
import { PersonalizationError } from './personalization-error.ts'
import { PkiError } from './pki/pki-error.ts'
import type { Signer } from './pki/signer.ts'
import { type ChipPublicKey, cardSecurityInfos, dg14Infos } from './security-infos.ts'

/** LDS 1.8 with Unicode 4.0 (Doc 9303-10, 8th ed., 4.6.1). */
const ldsVersion = '0108'
const unicodeVersion = '040000'

function digestOf(hash: HashName, bytes: Uint8Array): Uint8Array {
  if (hash === 'md5') throw new InputError('hash', 'MD5 signs nothing here')
  return digest(hash, bytes)
}

function keyScheme(scheme: SignatureScheme): KeyScheme {
  if (scheme.hash === 'md5' || (scheme.kind === 'rsa-pss' && scheme.mgfHash === 'md5'))
    throw new PkiError('the document signer would sign with MD5')
  if (scheme.kind === 'ecdsa') return { kind: 'ecdsa', hash: scheme.hash, encoding: 'der' }
  if (scheme.kind === 'rsa-pkcs1') return { kind: 'rsa-pkcs1', hash: scheme.hash }
  return { kind: 'rsa-pss', hash: scheme.hash, mgfHash: scheme.mgfHash as 'sha256', saltLength: scheme.saltLength }
}

/** The signer's certificate, opened; throws PkiError when it is none. */
function certificateOf(signer: Signer): Certificate {
  try {
    return decodeCertificate(signer.certificate)
  } catch (cause) {
    if (cause instanceof CardError) throw new PkiError(`the document signer’s certificate cannot be read: ${cause.message}`, { cause })
    throw cause
  }
}

/**
 * Proves before anything is written that this document signer may sign for this profile now (Doc 9303-12, 8th ed., 7.1): key usage, validity, private key usage
 * period, document types, country. Throws PkiError.
 */
export function checkSigner(signer: Signer, profile: CardProfile, now: Date): void {
  const certificate = certificateOf(signer)
  if (certificate.keyUsage?.includes('digitalSignature') !== true)
    throw new PkiError('the document signer’s certificate does not allow signatures')
  if (now < certificate.notBefore || now > certificate.notAfter) throw new PkiError('the document signer’s certificate is not valid now')
  const period = certificate.privateKeyUsagePeriod
  if ((period?.notBefore && now < period.notBefore) || (period?.notAfter && now > period.notAfter))
    throw new PkiError('the document signer’s key may not sign any more (private key usage period): take a newer document signer')
  if (!coversDocumentCode(certificate.documentTypes, profile.documentCode))
    throw new PkiError(
      `the document signer may not sign documents of code ${profile.documentCode} (its document type list): take another one`,
    )
  const { country } = certificate.subject
  const state = profile.issuingState
  if (country === undefined) throw new PkiError(`the document signer’s certificate names no country: take a document signer of ${state}`)
  if (!sameCountry(country, state)) {
    // A certificate may say anything; only what is a country code is repeated.
    const its = /^[A-Za-z]{2,3}$/.test(country) ? country : 'another country'
    throw new PkiError(`the document signer is of ${its} and the card of ${state}: take a document signer of ${state}`)
  }
}

/** Number of a data group by its file's name; undefined for EF.COM, EF.SOD and files of other applications. */
function dataGroupNumber(file: ImageFile): number | undefined {
  const match = /^EF\.DG(\d+)$/.exec(file.name)
  return match === null ? undefined : Number(match[1])
}

/** EF.DG15 of the card's key, which must be of the profile's curve or length. */
function publicKeyFile(profile: CardProfile, key: Uint8Array): ImageFile {
  const { activeAuthentication: spec } = profile
  const wanted = spec.algorithm === 'ecdsa' ? `a point on ${spec.curve}` : `an RSA key of ${spec.modulusBits} bits`
  try {
    const value = spec.algorithm === 'ecdsa' ? dg15FromPoint(spec.curve, key) : rsaValue(key, spec.modulusBits)
    decodePublicKey(value.subjectPublicKeyInfo)
    return profileFile(profile, 'emrtd', 'EF.DG15', dg15Codec.encode(value))
  } catch (cause) {
    if (!(cause instanceof CardError)) throw cause
    throw new PersonalizationError('key', `the card’s public key is not ${wanted}`, { cause })
  }
}

function rsaValue(subjectPublicKeyInfo: Uint8Array, bits: number): Dg15 {
  const { key } = dg15Codec.decode(encodeTlv(0x6f, subjectPublicKeyInfo))
  if (key.algorithm !== 'rsa' || key.bits !== bits) throw new InputError('publicKey', `not an RSA key of ${bits} bits`)
  return { subjectPublicKeyInfo, key }
}

function signingOf(signer: Signer, signingTime: Date): DataSigning {
  return {
    signer: { certificateDer: signer.certificate, signatureAlgorithm: signer.algorithm },
    sign: (data) => signer.sign(data),
    digest: digestOf,
    signingTime,
  }
}

/** An HSM that signs with another key than the certificate's must not reach a card (B10). */
function mustHold({ signers: [made] }: SignedData, signer: Signer): void {
  const holds =
    made?.signedAttributes !== undefined &&
    verifySignature(certificateOf(signer).spki, keyScheme(signer.algorithm), made.signedAttributes, made.signature)
  if (!holds) throw new PkiError('the document signer’s signature does not verify with its own certificate')
}

async function securityObject(image: CardImage, groups: readonly ImageFile[], signer: Signer, signingTime: Date): Promise<Uint8Array> {
  const hash = image.profile.ldsHash
  const bytes = await encodeSod({
    ldsSecurityObject: {
      hash,
      dataGroupHashes: groups.map((file) => ({ dataGroup: dataGroupNumber(file)!, hash: digest(hash, file.bytes) })),
      ldsVersionInfo: { ldsVersion, unicodeVersion },
    },
    ...signingOf(signer, signingTime),
  })
  mustHold(efSodCodec.decode(bytes), signer)
  return bytes
}

/** The public keys that the card made for itself. */
export interface CardPublicKeys {
  /** Active authentication: 04 || x || y; of an RSA key its DER SubjectPublicKeyInfo. */
  readonly activeAuthentication: Uint8Array
  /** Chip authentication, one for each key of the profile. */
  readonly chip: readonly ChipPublicKey[]
}

/** A SecurityInfo as EF.DG14 takes it. */
const closed = (info: OpenedSecurityInfo): SecurityInfo =>
  info.kind === 'active-authentication' || info.kind === 'other' ? info : { kind: 'other', oid: info.oid, raw: encodeSecurityInfo(info) }

/** The chip's keys in the files that tell of them; a key that is not in its group is the card's mistake. */
function withChipKeys<T>(make: () => T): T {
  try {
    return make()
  } catch (cause) {
    if (!(cause instanceof CardError) || cause.code !== 'crypto') throw cause
    throw new PersonalizationError('key', 'the card’s chip authentication key is not in the group of the profile', { cause })
  }
}

async function cardSecurity(image: CardImage, keys: CardPublicKeys, signer: Signer, signingTime: Date): Promise<readonly ImageFile[]> {
  const { profile, trustPoint } = image
  if (profile.pace === undefined || findFile(profile, 'mf', 'EF.CardSecurity') === undefined) return []
  const securityInfos = withChipKeys(() => cardSecurityInfos(profile, keys.chip, trustPoint !== undefined))
  const bytes = await encodeCardSecurity({ securityInfos, ...signingOf(signer, signingTime) })
  mustHold(efCardSecurityCodec.decode(bytes), signer)
  return [profileFile(profile, 'mf', 'EF.CardSecurity', bytes)]
}

/**
 * Completes an image with the card's public keys: EF.DG14, EF.DG15, EF.CardSecurity, EF.SOD over the raw bytes of every data group, EF.COM.
 * Throws PersonalizationError for a key that is not in the profile's group, PkiError for a signature that does not hold, and whatever `signer.sign` throws.
 */
export async function completeImage(
  image: CardImage,
  keys: CardPublicKeys,
  signer: Signer,
  options: { readonly signingTime?: Date } = {},
): Promise<CompleteImage> {
  const { profile, trustPoint } = image
  const signingTime = options.signingTime ?? new Date()
  const made = new Map<string, ImageFile>()
  const before = image.files.filter((file) => !(completionFiles as readonly string[]).includes(file.name))
  const dg15 = publicKeyFile(profile, keys.activeAuthentication)
  const infos = withChipKeys(() => dg14Infos(profile, keys.chip, trustPoint !== undefined))
  const dg14 = profileFile(profile, 'emrtd', 'EF.DG14', dg14Codec.encode({ securityInfos: infos.map(closed) }))
  const groups = [...before.filter((file) => dataGroupNumber(file) !== undefined), dg14, dg15]
  const dataGroups = groups.map((file) => dataGroupNumber(file)!).sort((a, b) => a - b)
  const sod = await securityObject(image, groups, signer, signingTime)
  const com = efComCodec.encode({ ldsVersion, unicodeVersion, dataGroups })
  for (const file of [
    ...before,
    ...(await cardSecurity(image, keys, signer, signingTime)),
    ...[dg14, dg15, profileFile(profile, 'emrtd', 'EF.SOD', sod), profileFile(profile, 'emrtd', 'EF.COM', com)],
  ])
    made.set(file.name, file)
  const files = profile.applications.flatMap((application) => application.files.flatMap((spec) => made.get(spec.name) ?? []))
  const missing = profile.applications.flatMap((application) => application.files).find((spec) => spec.required && !made.has(spec.name))
  if (missing !== undefined) throw new InputError(missing.name, `is required by profile ${profile.name} and was not built`)
  return { ...image, files, complete: true }
}
