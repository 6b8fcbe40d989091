import { CardError, equalBytes } from '@kart/codec'
import { digest, verifySignature } from '@kart/crypto'
import {
  type CardProfile,
  type Certificate,
  decodeCertificate,
  type EfCardSecurity,
  type EfSod,
  type HashName,
  ldsSecurityObjectOid,
  type SignedData,
  type SignerInfo,
  sameName,
  securityObjectOid,
} from '@kart/layout'
import {
  authorityUsageProblem,
  documentTypeProblem,
  findIssuer,
  keyProblem,
  refusedDigests,
  revocationOf,
  signerUsageProblem,
  validAt,
} from '../certificate-path.ts'
import { type Check, type CheckRow, fail, notRun, pass } from '../check.ts'
import type { OpenedFile } from '../open-file.ts'
import type { Policy } from '../policy.ts'
import { digestsOf, usableHash, usableScheme } from '../signature-scheme.ts'
import type { TrustStore } from '../trust-store.ts'

const rows = {
  sod: { id: 'pa.sod', title: 'EF.SOD can be read', clause: 'Doc 9303-10, 8th ed., 4.6.2' },
  contentType: {
    id: 'pa.content-type',
    title: 'What was signed is an LDS security object',
    clause: 'Doc 9303-10, 8th ed., 4.6.2.2; RFC 5652, 11.1',
  },
  digestPolicy: {
    id: 'pa.digest-policy',
    title: 'The digests are strong enough and agree',
    clause: 'Doc 9303-12, 8th ed., 4.4; RFC 5652, 5.3',
  },
  messageDigest: { id: 'pa.message-digest', title: 'The signed digest is that of the content', clause: 'RFC 5652, 5.4 and 11.2' },
  signer: { id: 'pa.signer', title: 'The document signer is known', clause: 'RFC 5652, 5.3' },
  signature: { id: 'pa.signature', title: 'EF.SOD is signed by the document signer', clause: 'Doc 9303-11, 8th ed., 5.1; RFC 5652, 5.6' },
  chain: {
    id: 'pa.chain',
    title: 'A trusted CSCA signed the document signer',
    clause: 'Doc 9303-11, 8th ed., 5.1; Doc 9303-12, 8th ed., 5',
  },
  validity: {
    id: 'pa.validity',
    title: 'The certificates are valid',
    clause: 'RFC 5280, 6.1.3; Doc 9303-12, 8th ed., 7.1.1; future signing times: house rule',
  },
  keyUsage: { id: 'pa.key-usage', title: 'The certificates may be used so', clause: 'Doc 9303-12, 8th ed., 7.1.1' },
  criticalExtensions: { id: 'pa.critical-extensions', title: 'No critical extension is unknown', clause: 'RFC 5280, 4.2' },
  revocation: { id: 'pa.revocation', title: 'The document signer is not revoked', clause: 'Doc 9303-12, 8th ed., 7.1.4' },
  keyStrength: { id: 'pa.key-strength', title: 'The keys are sound and long enough', clause: 'Doc 9303-12, 8th ed., 4.4' },
} as const satisfies Record<string, CheckRow>

/** A signed file of the card as passive authentication sees it. */
interface SignedFile {
  readonly name: 'EF.SOD' | 'EF.CardSecurity'
  readonly data: SignedData
  /** The content type that it must have. */
  readonly contentType: string
  /** Digest that the content itself uses; undefined where it uses none. */
  readonly contentHash: { readonly name: HashName | undefined; readonly oid: string } | undefined
}

/** What passive authentication found, besides its checks. */
export interface PassiveAuthentication {
  readonly checks: readonly Check[]
  /** The document signer; undefined when unknown. */
  readonly signer: Certificate | undefined
  /** The CSCA that signed it; undefined when none did. */
  readonly csca: Certificate | undefined
}

/** Passive authentication without the data groups: is EF.SOD the word of a document signer that a trusted CSCA made (Doc 9303-11, 8th ed., 5.1)? */
export function authenticateSod(file: OpenedFile<EfSod>, trust: TrustStore, profile: CardProfile, policy: Policy): PassiveAuthentication {
  if (file.state !== 'decoded') {
    const first = file.state === 'absent' ? notRun(rows.sod, 'EF.SOD was not read') : fail(rows.sod, file.problem)
    const others = Object.values(rows).filter((row) => row !== rows.sod)
    return {
      checks: [
        first,
        ...others.map((row) => notRun(row, 'there is no EF.SOD to look into', row !== rows.revocation || policy.revocation === 'required')),
      ],
      signer: undefined,
      csca: undefined,
    }
  }
  const { hash, hashAlgorithm, dataGroupHashes } = file.value.ldsSecurityObject
  const detail = `SignedData version ${file.value.version}, ${dataGroupHashes.length} data groups`
  const signed: SignedFile = {
    ...{ name: 'EF.SOD', data: file.value, contentType: ldsSecurityObjectOid, contentHash: { name: hash, oid: hashAlgorithm.oid } },
  }
  return authenticate(signed, detail, trust, profile, policy)
}

const cardSecurityRow: CheckRow = {
  id: 'pa.card-security',
  title: 'EF.CardSecurity is signed by a trusted document signer',
  clause: 'Doc 9303-11, 8th ed., 4.4.3.5 and 5.1; BSI TR-03110-3 v2.21, A.1.2.5',
}

/**
 * Passive authentication of EF.CardSecurity, in one finding: the first of its checks that did not pass, or that all did. `required` where something rests on it: PACE
 * with chip authentication mapping, or chip authentication version 2. `root` is the CSCA behind EF.SOD: the authority of another State, trusted for that State's
 * documents, has no say about the chip of this one.
 */
export function authenticateCardSecurity(
  file: OpenedFile<EfCardSecurity>,
  required: boolean,
  root: Certificate | undefined,
  trust: TrustStore,
  profile: CardProfile,
  policy: Policy,
): Check {
  if (file.state === 'absent') return notRun(cardSecurityRow, 'EF.CardSecurity was not read', required)
  if (file.state === 'malformed') return fail(cardSecurityRow, file.problem)
  const signed: SignedFile = { name: 'EF.CardSecurity', data: file.value, contentType: securityObjectOid, contentHash: undefined }
  const { checks, signer, csca } = authenticate(signed, '', trust, profile, policy)
  const worst =
    checks.find(({ required: counts, outcome }) => counts && outcome === 'fail') ??
    checks.find(({ required: counts, outcome }) => counts && outcome !== 'pass')
  const countries = [signer, csca].map((certificate) => certificate?.subject.country)
  const stranger = root && countries.findIndex((country) => country === undefined || country !== root.subject.country)
  if (worst === undefined && stranger !== undefined && stranger >= 0)
    return fail(cardSecurityRow, `signed under ${countries[stranger] ?? 'no country'}, but EF.SOD under ${root?.subject.country ?? 'none'}`)
  if (worst === undefined) return pass(cardSecurityRow, `${signer!.subject.text}; ${file.value.securityInfos.length} SecurityInfos`)
  const detail = `${worst.title}: ${worst.detail}`
  return { ...(worst.outcome === 'fail' ? fail(cardSecurityRow, detail) : notRun(cardSecurityRow, detail)), decidedBy: worst.id }
}

function authenticate(file: SignedFile, detail: string, trust: TrustStore, profile: CardProfile, policy: Policy): PassiveAuthentication {
  const info = file.data.signers[0]!
  const found = findSigner(file, info, trust)
  const signer = 'signer' in found ? found.signer : undefined
  const path = signer === undefined ? undefined : findIssuer(signer, trust, policy)
  const csca = path !== undefined && 'csca' in path ? path.csca : undefined
  const withSigner = (row: CheckRow, check: (signer: Certificate) => Check) =>
    signer === undefined ? notRun(row, 'the document signer is unknown') : check(signer)
  const withPath = (row: CheckRow, check: (signer: Certificate, csca: Certificate) => Check) =>
    signer === undefined || csca === undefined ? notRun(row, 'there is no path to a trusted CSCA') : check(signer, csca)

  const checks = [
    pass(rows.sod, detail),
    checkContentType(file, info),
    checkDigests(file, info, signer, csca, policy),
    checkMessageDigest(file.data, info),
    'signer' in found ? pass(rows.signer, found.detail) : fail(rows.signer, found.problem),
    withSigner(rows.signature, (by) => checkSignature(info, by, policy)),
    withSigner(rows.chain, (by) =>
      path !== undefined && 'csca' in path
        ? pass(rows.chain, `${by.subject.text}, signed by ${path.csca.subject.text}${viaLinks(path.links)}`)
        : fail(rows.chain, path!.problem),
    ),
    withPath(rows.validity, (by, root) => checkValidity(file.name, info, by, root, policy)),
    withSigner(rows.keyUsage, (by) => {
      const problem =
        signerUsageProblem(by) ??
        documentTypeProblem(by, profile.documentCode) ??
        (csca === undefined ? undefined : authorityUsageProblem(csca))
      if (problem !== undefined) return fail(rows.keyUsage, problem)
      return csca === undefined
        ? notRun(rows.keyUsage, 'there is no path to a trusted CSCA')
        : pass(rows.keyUsage, 'document signer: digital signatures; CSCA: certificates')
    }),
    withSigner(rows.criticalExtensions, (by) => {
      const unknown = [by, ...(csca === undefined ? [] : [csca])].flatMap((certificate) => certificate.unknownCritical)
      return unknown.length > 0
        ? fail(rows.criticalExtensions, `critical extension ${unknown.join(', ')}`)
        : pass(rows.criticalExtensions, 'none')
    }),
    withSigner(rows.keyStrength, (by) => {
      const problem = keyProblem(by, policy) ?? (csca === undefined ? undefined : keyProblem(csca, policy))
      return problem === undefined ? pass(rows.keyStrength, 'sound, and within the policy') : fail(rows.keyStrength, problem)
    }),
    checkRevocation(signer, csca, trust, policy),
  ]
  return { checks, signer, csca }
}

function viaLinks(links: readonly Certificate[]): string {
  return links.length === 0
    ? ''
    : `, which ${links.length === 1 ? 'a link certificate leads' : `${links.length} link certificates lead`} to from a trusted one`
}

function checkRevocation(signer: Certificate | undefined, csca: Certificate | undefined, trust: TrustStore, policy: Policy): Check {
  const row = rows.revocation
  const required = policy.revocation === 'required'
  if (signer === undefined || csca === undefined) return notRun(row, 'there is no path to a trusted CSCA', required)
  if (trust.revocationLists.length === 0) return notRun(row, 'no revocation list was looked at', required)
  const found = revocationOf(signer, csca, trust, policy)
  if (found.status === 'revoked') return fail(row, `its CSCA revoked it on ${day(found.since)}`)
  if (found.status === 'unknown') return notRun(row, `unknown: ${found.problem}`, required)
  return pass(row, `not on the CSCA’s list${found.until === undefined ? '' : `, which holds until ${day(found.until)}`}`, required)
}

function checkContentType({ data, contentType }: SignedFile, info: SignerInfo): Check {
  const row = rows.contentType
  if (data.contentType !== contentType) return fail(row, `the content type is ${data.contentType}`)
  if (info.contentType === undefined) return fail(row, 'the signed content type is missing')
  if (info.contentType !== data.contentType) return fail(row, `the signed content type is ${info.contentType}`)
  return pass(row, 'the content type, signed with the content')
}

function checkDigests(
  { data, contentHash }: SignedFile,
  info: SignerInfo,
  signer: Certificate | undefined,
  csca: Certificate | undefined,
  policy: Policy,
): Check {
  const row = rows.digestPolicy
  const lds = contentHash?.name
  const scheme = info.signatureScheme
  if (contentHash !== undefined && lds === undefined) return fail(row, `unknown digest ${contentHash.oid} of the data groups`)
  if (info.digest === undefined) return fail(row, `unknown digest ${info.digestAlgorithm.oid} of the signer`)
  if (scheme === undefined) return fail(row, `unknown signature algorithm ${info.signatureAlgorithm.oid}`)
  if (!data.digestAlgorithms.some((one) => one.oid === info.digestAlgorithm.oid))
    return fail(row, 'the signer’s digest is not among those that SignedData announces')
  if (scheme.hash !== info.digest) return fail(row, `the signature uses ${scheme.hash}, the signed digest ${info.digest}`)
  if (policy.sameDigest && lds !== undefined && lds !== info.digest)
    return fail(row, `the data groups use ${lds}, the signature ${info.digest}`)
  const used = [...(lds === undefined ? [] : [lds]), ...digestsOf(scheme)].filter(
    (digest) => !policy.digests.some((allowed) => allowed === digest),
  )
  // The CSCA's own signature is not looked at: it is trusted because it stands in the trust store.
  const inCertificate = signer === undefined ? [] : refusedDigests(signer, policy)
  const refused = [...new Set([...used, ...inCertificate])]
  if (refused.length > 0) return fail(row, `the policy does not take ${refused.join(', ')}`)
  const both = `${lds === undefined ? '' : `data groups: ${lds}; `}signature: ${info.digest}`
  return signer === undefined || csca === undefined ? notRun(row, `${both}; no certificate path to look at`) : pass(row, both)
}

function checkMessageDigest(data: SignedData, info: SignerInfo): Check {
  const row = rows.messageDigest
  const hash = usableHash(info.digest)
  if (info.messageDigest === undefined) return fail(row, 'the signed message digest is missing')
  if (hash === undefined) return fail(row, `digest ${info.digestAlgorithm.oid} cannot be computed`)
  return equalBytes(digest(hash, data.content), info.messageDigest)
    ? pass(row, `${hash} over the content as it came`)
    : fail(row, 'the content is not what was signed')
}

type FoundSigner = { readonly signer: Certificate; readonly detail: string } | { readonly problem: string }

/** Finds the certificate that SignerInfo names: inside the file, else among the document signers that the verifier holds. */
function findSigner({ name, data }: SignedFile, info: SignerInfo, trust: TrustStore): FoundSigner {
  if (data.signers.length !== 1) return { problem: `${data.signers.length} signers where one is expected (house rule)` }
  if (data.version !== 3) return { problem: `SignedData version ${data.version} where 3 is expected` }
  const expected = info.signerId.kind === 'issuer-and-serial' ? 1 : 3
  if (info.version !== expected) return { problem: `SignerInfo version ${info.version} where ${expected} is expected` }
  if (info.signedAttributes === undefined) return { problem: 'there are no signed attributes' }
  let embedded: Certificate[]
  try {
    embedded = data.certificates.map(decodeCertificate)
  } catch (error) {
    if (error instanceof CardError) return { problem: error.message }
    throw error
  }
  const inside = embedded.find((certificate) => isNamed(certificate, info))
  if (inside !== undefined) return { signer: inside, detail: `its certificate stands in ${name}` }
  const held = trust.documentSigners.find((certificate) => isNamed(certificate, info))
  if (held !== undefined) return { signer: held, detail: 'its certificate is one that the verifier holds' }
  return {
    problem:
      embedded.length === 0
        ? `unknown signer: ${name} carries no certificate`
        : `unknown signer: no certificate is the one that ${name} names`,
  }
}

function isNamed(certificate: Certificate, { signerId }: SignerInfo): boolean {
  if (signerId.kind === 'subject-key-id')
    return certificate.subjectKeyId !== undefined && equalBytes(certificate.subjectKeyId, signerId.keyId)
  return equalBytes(certificate.serialNumber, signerId.serialNumber) && sameName(certificate.issuer, signerId.issuer)
}

function checkSignature(info: SignerInfo, signer: Certificate, policy: Policy): Check {
  const row = rows.signature
  const scheme = info.signatureScheme === undefined ? undefined : usableScheme(info.signatureScheme)
  if (scheme === undefined) return fail(row, `signature algorithm ${info.signatureAlgorithm.oid} is not supported`)
  try {
    const good = verifySignature(signer.spki, scheme, info.signedAttributes!, info.signature, { minRsaBits: policy.minRsaBits })
    return good
      ? pass(row, `${scheme.kind} with ${scheme.hash} over the signed attributes as they came`)
      : fail(row, 'the signature is not the document signer’s')
  } catch (error) {
    if (error instanceof CardError) return fail(row, `the document signer’s key cannot be used: ${error.message}`)
    throw error
  }
}

function checkValidity(name: string, info: SignerInfo, signer: Certificate, csca: Certificate, policy: Policy): Check {
  const row = rows.validity
  if (!validAt(csca, policy.now)) return fail(row, policy.now < csca.notBefore ? 'the CSCA is not valid yet' : 'the CSCA has expired')
  const wrongTime = info.signingTime === undefined ? undefined : signingTimeProblem(info.signingTime, signer, policy)
  if (wrongTime !== undefined) return fail(row, `the signing time that ${name} states, which is the signer’s word, ${wrongTime}`)
  const moment = policy.signerValidity === 'now' ? policy.now : info.signingTime
  if (moment === undefined) return fail(row, `${name} states no signing time to judge the document signer at`)
  if (!validAt(signer, moment))
    return fail(row, moment < signer.notBefore ? 'the document signer is not valid yet' : 'the document signer has expired')
  const signed = info.signingTime === undefined ? '' : `; signed ${day(info.signingTime)}, by the signer’s word`
  return pass(row, `document signer until ${day(signer.notAfter)}, CSCA until ${day(csca.notAfter)}${signed}`)
}

/** Why EF.SOD cannot have been signed at this time; undefined when it can. The private key usage period is shorter than the certificate's validity (Doc 9303-12, 8th ed., 7.1.1). */
function signingTimeProblem(signingTime: Date, signer: Certificate, policy: Policy): string | undefined {
  if (!validAt(signer, signingTime)) return 'is outside the document signer’s validity'
  const { notBefore, notAfter } = signer.privateKeyUsagePeriod ?? {}
  if (notBefore !== undefined && signingTime < notBefore) return 'is before the document signer’s key might sign (private key usage period)'
  if (notAfter !== undefined && signingTime > notAfter) return 'is after the document signer’s key might sign (private key usage period)'
  const ahead = signingTime.getTime() - policy.now.getTime()
  return ahead > policy.clockToleranceHours * 3_600_000 ? 'lies in the future' : undefined
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10)
}
