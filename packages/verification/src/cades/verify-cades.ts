import { CardError, DecodeError, equalBytes, LimitError } from '@kart/codec'
import { digest, type HashAlgorithm, verifySignature } from '@kart/crypto'
import {
  type Certificate,
  type CertificateReference,
  type DetachedSignedData,
  dataOid,
  decodeCertificate,
  decodeDetachedSignedData,
  decodeSigningCertificate,
  type SignerInfo,
  sameName,
  signingCertificateOid,
  signingCertificateV2Oid,
} from '@kart/layout'
import { refusedDigests, validAt } from '../certificate-path.ts'
import { type Check, type CheckRow, fail, notRun, pass } from '../check.ts'
import type { Policy } from '../policy.ts'
import { usableHash, usableScheme } from '../signature-scheme.ts'
import { certificateRows, type HolderTrust, judgeCertificate } from './judge-certificate.ts'

const cms = 'RFC 5652, 5.4 and 5.6'
const rows = {
  form: { id: 'sig.form', title: 'The file is a signature of level B-B', clause: 'ETSI EN 319 122-1 v1.3.1, 6.3' },
  digest: { id: 'sig.digest', title: 'The signature is over this very file', clause: 'RFC 5652, 11.2' },
  certificate: { id: 'sig.certificate', title: 'The signer named this certificate when signing', clause: 'RFC 5035, 3' },
  signature: { id: 'sig.signature', title: 'The certificate’s key made the signature', clause: cms },
  algorithms: { id: 'sig.algorithms', title: 'The algorithms are sound', clause: 'policy (house rule)' },
  time: { id: 'sig.time', title: 'The certificate was valid when it was signed, and is now', clause: 'RFC 5280, 4.1.2.5; RFC 5652, 11.3' },
} as const satisfies Record<string, CheckRow>

/** One who signed. */
export interface CadesSigner {
  /** Undefined where the signature holds no certificate of its signer. */
  readonly certificate: Certificate | undefined
  /** The signer's word, no proof. */
  readonly signingTime: Date | undefined
  readonly checks: readonly Check[]
}

/** What became of a signature: accepted only when every required check of every signer passed. */
export interface CadesReport {
  readonly verdict: 'accepted' | 'rejected'
  readonly signers: readonly CadesSigner[]
  readonly checks: readonly Check[]
}

/** What a signature is judged against. */
export interface CadesContext extends HolderTrust {
  /** Digest of the signed file, called once for each hash that a signer used. */
  readonly messageDigest: (hash: HashAlgorithm) => Promise<Uint8Array>
}

/**
 * Verifies a detached CMS signature of the CAdES baseline level B-B (ETSI EN 319 122-1 v1.3.1, 6.3; RFC 5652, 5.4 and 5.6; RFC 5035, 3): form, digest, signing certificate, signature, chain,
 * use of the key, times, revocation where lists are held. Throws DecodeError or LimitError for bytes that are no CMS SignedData, and what `messageDigest` throws.
 */
export async function verifyCades(signature: Uint8Array, context: CadesContext): Promise<CadesReport> {
  const data = decodeDetachedSignedData(signature, 'signature')
  const certificates = data.certificates.map(decodeCertificate)
  const digests = new Map<HashAlgorithm, Uint8Array>()
  for (const { digest: name } of data.signers) {
    const hash = usableHash(name)
    if (hash !== undefined && !digests.has(hash)) digests.set(hash, await context.messageDigest(hash))
  }
  const signers = data.signers.map((info) => judgeSigner(data, info, certificates, digests, context))
  const checks = signers.flatMap((signer) => signer.checks)
  const accepted = checks.length > 0 && checks.every(({ required, outcome }) => !required || outcome === 'pass')
  return { verdict: accepted ? 'accepted' : 'rejected', signers, checks }
}

function judgeSigner(
  data: DetachedSignedData,
  info: SignerInfo,
  certificates: readonly Certificate[],
  digests: ReadonlyMap<HashAlgorithm, Uint8Array>,
  context: CadesContext,
): CadesSigner {
  const references = referencesOf(info)
  const certificate = certificates.find((one) => isNamed(one, info))
  const before = [checkForm(data, info, references), checkDigest(info, digests)]
  const { signingTime } = info
  if (certificate === undefined) {
    const missing = 'the signature holds no certificate of its signer'
    const rest = [rows.certificate, rows.signature, rows.algorithms, certificateRows.chain, certificateRows.usage, rows.time].map((row) =>
      notRun(row, missing),
    )
    return { certificate, signingTime, checks: [...before, ...rest] }
  }
  const others = certificates.filter((one) => one !== certificate)
  const { path, chain, usage, revocation } = judgeCertificate(certificate, others, context)
  return {
    certificate,
    signingTime,
    checks: [
      ...before,
      checkReference(certificate, references),
      checkSignature(certificate, info, context.policy),
      checkAlgorithms(info, path ?? [certificate], context.policy),
      chain,
      usage,
      checkTime(certificate, signingTime, context.policy),
      revocation,
    ],
  }
}

function isNamed(certificate: Certificate, { signerId }: SignerInfo): boolean {
  if (signerId.kind === 'subject-key-id')
    return certificate.subjectKeyId !== undefined && equalBytes(certificate.subjectKeyId, signerId.keyId)
  return equalBytes(certificate.serialNumber, signerId.serialNumber) && sameName(certificate.issuer, signerId.issuer)
}

/** What the signing-certificate attribute names; `undefined` where there is none, a text where it cannot be read. */
function referencesOf({ attributes }: SignerInfo): readonly CertificateReference[] | string | undefined {
  for (const [oid, version] of [
    [signingCertificateV2Oid, 2],
    [signingCertificateOid, 1],
  ] as const) {
    const attribute = attributes.find((one) => one.oid === oid)
    if (attribute === undefined) continue
    const [value] = attribute.values
    if (value === undefined || attribute.values.length !== 1) return 'the signing-certificate attribute has not one value'
    try {
      return decodeSigningCertificate(value, version)
    } catch (error) {
      if (error instanceof DecodeError || error instanceof LimitError) return error.message
      throw error
    }
  }
  return undefined
}

function checkForm(data: DetachedSignedData, info: SignerInfo, references: ReturnType<typeof referencesOf>): Check {
  if (data.content !== undefined) return fail(rows.form, 'the signed content is inside: a detached signature is expected')
  if (info.signedAttributes === undefined) return fail(rows.form, 'the signature has no signed attributes')
  const lacking = [
    ...(info.contentType === undefined ? ['content-type'] : []),
    ...(info.messageDigest === undefined ? ['message-digest'] : []),
    ...(info.signingTime === undefined ? ['signing-time'] : []),
    ...(references === undefined ? ['signing-certificate'] : []),
  ]
  if (lacking.length > 0) return fail(rows.form, `lacking signed attributes: ${lacking.join(', ')}`)
  if (info.contentType !== data.contentType) return fail(rows.form, 'the content-type attribute is not that of the content')
  if (data.contentType !== dataOid) return fail(rows.form, 'the content is not plain data')
  return pass(rows.form, 'detached, with content-type, message-digest, signing-time and signing-certificate signed')
}

function checkDigest(info: SignerInfo, digests: ReadonlyMap<HashAlgorithm, Uint8Array>): Check {
  const hash = usableHash(info.digest)
  if (hash === undefined) return fail(rows.digest, 'a digest algorithm that is not supported')
  if (info.messageDigest === undefined) return fail(rows.digest, 'the signature names no digest')
  return equalBytes(digests.get(hash)!, info.messageDigest)
    ? pass(rows.digest, hash.replace('sha', 'SHA-'))
    : fail(rows.digest, 'the file is not the one that was signed, or was changed since')
}

function checkReference(certificate: Certificate, references: ReturnType<typeof referencesOf>): Check {
  if (references === undefined) return fail(rows.certificate, 'no certificate was named')
  if (typeof references === 'string') return fail(rows.certificate, references)
  // RFC 5035, 3: the first is the signer's, whatever else is listed.
  const [first] = references
  const hash = usableHash(first?.hash)
  if (first === undefined || hash === undefined) return fail(rows.certificate, 'named by a digest that is not supported')
  if (!equalBytes(digest(hash, certificate.raw), first.certificateHash)) return fail(rows.certificate, 'another certificate was named')
  const issuerFits = first.issuer === undefined || sameName(first.issuer, certificate.issuer)
  const serialFits = first.serialNumber === undefined || equalBytes(first.serialNumber, certificate.serialNumber)
  return issuerFits && serialFits
    ? pass(rows.certificate, `by its ${hash.replace('sha', 'SHA-')}`)
    : fail(rows.certificate, 'named with another issuer or serial number')
}

function checkSignature(certificate: Certificate, info: SignerInfo, policy: Policy): Check {
  const scheme = info.signatureScheme && usableScheme(info.signatureScheme)
  if (scheme === undefined || scheme.hash !== info.digest)
    return fail(rows.signature, 'an algorithm that is not supported, or another digest than that of the file')
  if (info.signedAttributes === undefined) return fail(rows.signature, 'there are no signed attributes')
  try {
    return verifySignature(certificate.spki, scheme, info.signedAttributes, info.signature, { minRsaBits: policy.minRsaBits })
      ? pass(rows.signature, scheme.kind === 'ecdsa' ? 'ECDSA' : scheme.kind === 'rsa-pss' ? 'RSASSA-PSS' : 'RSASSA-PKCS1-v1_5')
      : fail(rows.signature, 'the signature is not that of the certificate’s key')
  } catch (error) {
    if (error instanceof CardError) return fail(rows.signature, error.message)
    throw error
  }
}

function checkAlgorithms(info: SignerInfo, path: readonly Certificate[], policy: Policy): Check {
  const own = info.digest === undefined || !policy.digests.some((one) => one === info.digest) ? [info.digestAlgorithm.oid] : []
  // What a trusted authority's own certificate is signed with says nothing.
  const refused = [...own, ...(path.length > 1 ? path.slice(0, -1) : path).flatMap((one) => refusedDigests(one, policy))]
  return refused.length === 0
    ? pass(rows.algorithms, 'digests that the policy takes')
    : fail(rows.algorithms, `not taken here: ${refused.join(', ')}`)
}

function checkTime(certificate: Certificate, signingTime: Date | undefined, policy: Policy): Check {
  if (signingTime === undefined) return notRun(rows.time, 'the signature states no time')
  const latest = policy.now.getTime() + policy.clockToleranceHours * 3_600_000
  if (signingTime.getTime() > latest) return fail(rows.time, 'the time of signing lies in the future')
  if (!validAt(certificate, signingTime)) return fail(rows.time, 'the certificate was not valid at the time that the signature states')
  // The stated time is the signer's word: without a time-stamp an old signature and a new one look alike.
  if (!validAt(certificate, policy.now) && policy.signerValidity === 'now')
    return fail(rows.time, 'the certificate is not valid at this time')
  return pass(rows.time, `signed ${signingTime.toISOString()}, as the signer says`)
}
