import { type CardChannel, getPublicPart, StatusWordError, selectPath, send } from '@kart/apdu/host'
import { DecodeError, decodeTlv, equalBytes, InputError } from '@kart/codec'
import { decodePublicKey } from '@kart/crypto'
import { type Certificate, decodeCertificate } from '@kart/layout'
import { type HolderApplication, type HolderKey, type HolderReading, readCertificates } from './holder-application.ts'

/** Who signs, as the card says: the certificate of the key, and those of authorities that the card holds. */
export interface CardSigner {
  readonly certificate: Certificate
  /** In DER. */
  readonly chain: readonly Uint8Array[]
}

/**
 * Why no signature in the holder's name is made, or taken, with a certificate; undefined when it is. What commits to content is signed with a key that is certified for
 * contentCommitment (bit nonRepudiation): alone, or beside digitalSignature (ETSI EN 319 412-2 v2.3.1, 4.3.2, types A, B and F; RFC 5280, 4.2.1.3). A key certified for
 * digitalSignature alone answers challenges that somebody else chose, and any of those could be the digest of a contract.
 */
export function commitmentProblem({
  keyUsage,
  basicConstraints,
  unknownCritical,
}: Pick<Certificate, 'keyUsage' | 'basicConstraints' | 'unknownCritical'>): string | undefined {
  if (unknownCritical.length > 0) return 'the certificate has a critical extension that is not known'
  if (basicConstraints?.ca === true) return 'the certificate is an authority’s'
  if (keyUsage === undefined) return 'the certificate does not say what its key is for'
  if (keyUsage.includes('nonRepudiation')) return undefined
  return `the key is certified for ${keyUsage.join(', ')} only: it logs in, and does not sign in anybody’s name`
}

/** How a certificate may be used, beyond what is refused always. */
export interface SignerUse {
  /** When it is signed. */
  readonly signingTime: Date
  /** Whether a certificate that has expired, or does not hold yet, is taken all the same; false unless told. */
  readonly anyTime?: boolean
}

const day = (moment: Date): string => moment.toISOString().slice(0, 10)

/** Refuses a certificate with which a signature made now would be rejected by whoever looks. Throws InputError. */
export function checkSigner({ certificate }: CardSigner, key: Pick<HolderKey, 'label'>, { signingTime, anyTime = false }: SignerUse): void {
  const problem = commitmentProblem(certificate)
  if (problem !== undefined) throw new InputError(`key ${key.label}`, `signs no files: ${problem}`)
  if (anyTime) return
  const allow = 'Nothing was signed and no PIN used; --any-time signs all the same'
  if (signingTime < certificate.notBefore)
    throw new InputError(
      `key ${key.label}`,
      `its certificate holds from ${day(certificate.notBefore)} only, and this machine’s clock says ${day(signingTime)}: is it right? ${allow}`,
    )
  if (signingTime > certificate.notAfter)
    throw new InputError(`key ${key.label}`, `its certificate expired on ${day(certificate.notAfter)}: ask for a new one. ${allow}`)
}

/**
 * Reads the certificate of a key and asks the card for the public half of that very key (GET DATA of MyEID's command surface): a certificate of another key is refused
 * before a PIN is used. A card that does not tell is believed until its signature is verified. Throws InputError for a key without a certificate, DecodeError for
 * one of another key, and what reading throws.
 */
export async function readSigner(
  channel: CardChannel,
  application: HolderApplication,
  key: HolderKey,
  reading: HolderReading = {},
): Promise<CardSigner> {
  const { certificate: der, chain } = await readCertificates(channel, application, key, reading)
  const certificate = decodeCertificate(der)
  if (!(await isOfKey(channel, key, certificate.spki))) throw new DecodeError('certificate', `is for another key than ${key.label}`)
  return { certificate, chain }
}

async function isOfKey(channel: CardChannel, key: HolderKey, spki: Uint8Array): Promise<boolean> {
  const certified = decodePublicKey(spki)
  if (certified.kind !== key.kind) return false
  try {
    await send(channel, selectPath([holderDf, key.fid], { answer: 'fci', label: key.label }))
    if (certified.kind === 'rsa')
      return equalBytes(withoutZeros(await send(channel, getPublicPart('modulus', { label: key.label }))), withoutZeros(certified.modulus))
    const { value } = decodeTlv(await send(channel, getPublicPart('point', { label: key.label })), 0x86)
    return equalBytes(value, certified.point)
  } catch (error) {
    if (error instanceof StatusWordError) return true
    throw error
  }
}

const holderDf = 0x5015

function withoutZeros(number: Uint8Array): Uint8Array {
  const first = number.findIndex((byte) => byte !== 0)
  return number.subarray(Math.max(first, 0))
}
