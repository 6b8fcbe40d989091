import { CardError, DecodeError, equalBytes, LimitError } from '@kart/codec'
import { decodePublicKey, hasRocaFingerprint } from '@kart/crypto'
import {
  type Certificate,
  type Dg11,
  type DistinguishedName,
  decodeCertificate,
  findApplication,
  nameMatchKey,
  sameCountry,
} from '@kart/layout'
import { holds, schemeOfKey } from '@kart/signature'
import { findHolderPath, type HolderPath } from '../cades/holder-path.ts'
import { checkRevocation } from '../cades/holder-revocation.ts'
import { keyProblem, refusedDigests, validAt } from '../certificate-path.ts'
import { type Check, type CheckRow, fail, notRun, pass } from '../check.ts'
import type { Evidence, HolderCertificate, HolderEvidence } from '../evidence.ts'
import type { Policy } from '../policy.ts'
import type { CheckContext } from '../run-checks.ts'

const rows = {
  read: { id: 'holder.certificates', title: 'The holder’s certificates can be read', clause: 'ISO/IEC 7816-15:2016, 8; RFC 5280, 4.1' },
  chain: { id: 'holder.chain', title: 'A trusted authority of holders signed their certificates', clause: 'RFC 5280, 6.1; house rule' },
  validity: { id: 'holder.validity', title: 'The holder’s certificates are valid now', clause: 'RFC 5280, 6.1.3' },
  revocation: { id: 'holder.revocation', title: 'The holder’s certificates are not revoked', clause: 'RFC 5280, 6.3' },
  usage: {
    id: 'holder.usage',
    title: 'The holder’s keys are sound, and certified for what the card lists them for',
    clause: 'ETSI EN 319 412-2 v2.3.1, 4.3.2; RFC 5280, 4.2.1.3',
  },
  subject: {
    id: 'holder.subject',
    title: 'The certificates name the holder of the card',
    clause: 'ETSI EN 319 412-1 v1.5.1, 5.1.3; Doc 9303-10, 8th ed., 4.7.11; house rule',
  },
  pin: { id: 'holder.pin', title: 'The card took the holder’s PIN', clause: 'ISO/IEC 7816-4:2020, 11.6' },
  proof: {
    id: 'holder.proof',
    title: 'The authentication key of the card is the one in its certificate',
    clause: 'ISO/IEC 7816-4:2020, 11.5; house rule',
  },
} as const satisfies Record<string, CheckRow>

/** A certificate beside what the card lists it for. */
interface Opened {
  readonly listed: HolderCertificate
  readonly certificate: Certificate
}

/**
 * Whether the certificates in the PKCS#15 application are the holder's, and with a PIN whether the card has the key of one (case V16). Not required unless asked for, by
 * authorities or by evidence; once asked for, all of it is. No detail repeats a name or number.
 */
export function checkHolder({ holder }: Evidence, dg11: Dg11 | undefined, context: CheckContext): Check[] {
  const { holderAuthorities } = context
  if (holder === undefined && holderAuthorities === undefined) {
    const has = findApplication(context.profile, 'pkcs15') !== undefined
    return has ? [notRun(rows.chain, 'not asked for', false)] : []
  }
  const after = [rows.chain, rows.validity, rows.usage, rows.subject] as const
  const notRevoked = (why: string) => notRun(rows.revocation, why, context.policy.revocation === 'required')
  const proof = (certificates: readonly Opened[]) => checkProof(holder, certificates)
  if (holder === undefined || holder.outcome === 'absent') {
    const why = holder?.problem ?? 'the holder’s application was not read'
    return [notRun(rows.read, why), ...after.map((row) => notRun(row, why)), notRevoked(why), ...proof([])]
  }
  const opened = holder.outcome === 'failed' ? (holder.problem ?? 'it cannot be read') : openAll(holder)
  if (typeof opened === 'string') {
    const why = 'they cannot be read'
    return [fail(rows.read, opened), ...after.map((row) => notRun(row, why)), notRevoked(why), ...proof([])]
  }
  const found = findPaths(opened, holder, context)
  return [
    pass(rows.read, opened.map(({ listed }) => listed.key).join(', ')),
    checkChain(opened, found, context.policy),
    every(rows.validity, opened, ({ certificate }) => (validAt(certificate, context.policy.now) ? undefined : 'not valid at this time')),
    checkUsage(opened, holder, context.policy),
    checkSubject(opened, dg11, context),
    checkHolderRevocation(found, context),
    ...proof(opened),
  ]
}

function openAll({ certificates, chain }: HolderEvidence): readonly Opened[] | string {
  if (certificates.length === 0) return 'the card lists no certificate for a key of its holder'
  try {
    for (const one of chain) decodeCertificate(one)
    return certificates.map((listed) => ({ listed, certificate: decodeCertificate(listed.bytes) }))
  } catch (error) {
    if (error instanceof DecodeError || error instanceof LimitError) return error.message
    throw error
  }
}

/** Passes where no certificate has a problem; the keys by their labels on the card. */
function every(row: CheckRow, opened: readonly Opened[], problemOf: (one: Opened) => string | undefined): Check {
  const problems = opened.flatMap((one) => {
    const problem = problemOf(one)
    return problem === undefined ? [] : [`${one.listed.key}: ${problem}`]
  })
  return problems.length === 0 ? pass(row, opened.map(({ listed }) => listed.key).join(', ')) : fail(row, problems.join('; '))
}

/** The ways to trusted authorities, in the order of the certificates; or why none was looked for. */
type FoundPaths = { readonly authorities: readonly Certificate[]; readonly paths: readonly HolderPath[] } | { readonly check: Check }

function findPaths(opened: readonly Opened[], { chain }: HolderEvidence, { holderAuthorities, trust, policy }: CheckContext): FoundPaths {
  if (holderAuthorities === undefined) return { check: notRun(rows.chain, 'no authority of holders was named') }
  // A CSCA signs those who sign documents: whoever holds its key must not be able to name holders, too.
  const authorities = holderAuthorities.filter(({ spki }) => !trust.cscas.some((csca) => equalBytes(csca.spki, spki)))
  if (authorities.length === 0) return { check: fail(rows.chain, 'no authority of holders is trusted: a CSCA is none') }
  const others = chain.map(decodeCertificate)
  return { authorities, paths: opened.map(({ certificate }) => findHolderPath(certificate, authorities, others, policy)) }
}

function checkChain(opened: readonly Opened[], found: FoundPaths, policy: Policy): Check {
  if ('check' in found) return found.check
  return every(rows.chain, opened, (one) => {
    const way = found.paths[opened.indexOf(one)]!
    if ('problem' in way) return way.problem
    // What a trusted authority's own certificate is signed with says nothing.
    const refused = way.path.slice(0, -1).flatMap((each) => refusedDigests(each, policy))
    return refused.length === 0 ? undefined : `signed with what is not taken here: ${refused.join(', ')}`
  })
}

function checkHolderRevocation(found: FoundPaths, { trust: { revocationLists }, policy }: CheckContext): Check {
  const row = rows.revocation
  const required = policy.revocation === 'required'
  if ('check' in found) return notRun(row, 'nobody vouches for the certificates', required)
  if (revocationLists.length === 0) return notRun(row, 'no revocation list was looked at', required)
  const paths = found.paths.flatMap((way) => ('path' in way ? [way.path] : []))
  const check = checkRevocation(row, paths, { authorities: found.authorities, revocationLists, policy })
  // One for which nobody vouches was not looked up.
  return check.outcome === 'pass' && paths.length < found.paths.length ? notRun(row, 'nobody vouches for one of them', required) : check
}

function checkUsage(opened: readonly Opened[], { uncertified }: HolderEvidence, policy: Policy): Check {
  const found = every(
    rows.usage,
    opened,
    ({ listed, certificate }) => usageProblem(listed, certificate) ?? unsound(listed, certificate, policy),
  )
  if (found.outcome === 'pass' && uncertified.length > 0)
    return pass(rows.usage, `${found.detail}; without a certificate: ${uncertified.join(', ')}`)
  return found
}

function usageProblem({ use }: HolderCertificate, { keyUsage, basicConstraints, unknownCritical }: Certificate): string | undefined {
  if (unknownCritical.length > 0) return 'a critical extension that is not known'
  if (basicConstraints?.ca === true || keyUsage?.includes('keyCertSign')) return 'it is the certificate of an authority'
  if (keyUsage === undefined) return 'the certificate does not say what its key is for'
  const [wanted, never] =
    use === 'signature' ? (['nonRepudiation', 'digitalSignature'] as const) : (['digitalSignature', 'nonRepudiation'] as const)
  if (!keyUsage.includes(wanted)) return `certified for ${keyUsage.join(', ')}, and not for ${wanted}`
  return keyUsage.includes(never) ? `certified for ${never} as well: one key logs in or signs in the holder’s name, never both` : undefined
}

function unsound({ kind }: HolderCertificate, certificate: Certificate, policy: Policy): string | undefined {
  const problem = keyProblem(certificate, policy)
  if (problem !== undefined) return problem
  const key = decodePublicKey(certificate.spki, { minRsaBits: policy.minRsaBits })
  if ((key.kind === 'rsa') !== (kind === 'rsa')) return 'the certificate is for another kind of key than the card lists'
  return key.kind === 'rsa' && hasRocaFingerprint(key.modulus) ? 'the key is one that can be factored (ROCA)' : undefined
}

const oids = { surname: '2.5.4.4', serialNumber: '2.5.4.5', givenName: '2.5.4.42' } as const

const textsOf = (name: DistinguishedName, oid: string): readonly (string | undefined)[] =>
  name.relativeNames.flat().flatMap((attribute) => (attribute.oid === oid ? [attribute.text] : []))

function checkSubject(opened: readonly Opened[], dg11: Dg11 | undefined, { profile }: CheckContext): Check {
  const row = rows.subject
  if (dg11 === undefined) return notRun(row, 'there is no readable EF.DG11')
  const { personalNumber, nameOfHolder } = dg11
  if (personalNumber === undefined) return notRun(row, 'EF.DG11 states no personal number')
  return every(row, opened, ({ certificate: { subject } }) => {
    const { country } = subject
    if (country === undefined || !sameCountry(country, profile.issuingState)) return 'another country than the profile’s'
    const numbers = textsOf(subject, oids.serialNumber)
    if (numbers.length !== 1) return numbers.length === 0 ? 'the subject has no serial number' : 'the subject has several serial numbers'
    if (numbers[0] !== `PNO${country}-${personalNumber}`) return 'not the personal number of EF.DG11'
    if (nameOfHolder === undefined) return undefined
    const differs = (oid: string, name: string) => textsOf(subject, oid).some((text) => text === undefined || !sameName(text, name))
    if (differs(oids.surname, nameOfHolder.familyName)) return 'another family name than in EF.DG11'
    return differs(oids.givenName, nameOfHolder.givenNames) ? 'other given names than in EF.DG11' : undefined
  })
}

function sameName(one: string, other: string): boolean {
  try {
    return nameMatchKey(one) === nameMatchKey(other)
  } catch (error) {
    // A name with characters that no name has is nobody's.
    if (error instanceof CardError) return false
    throw error
  }
}

function checkProof(holder: HolderEvidence | undefined, opened: readonly Opened[]): Check[] {
  const proof = holder?.proof
  if (proof === undefined) {
    const why = 'no PIN was given, so the key was not asked'
    return [notRun(rows.pin, why, false), notRun(rows.proof, why, false)]
  }
  const { outcome, problem = '' } = proof
  if (outcome === 'not-possible') return [notRun(rows.pin, problem), notRun(rows.proof, problem)]
  if (outcome === 'pin') return [fail(rows.pin, problem), notRun(rows.proof, 'the card did not take the PIN')]
  const taken = pass(rows.pin, 'one try, at once')
  if (proof.signature === undefined) return [taken, fail(rows.proof, `the card did not answer the challenge: ${problem}`)]
  const certified = opened.find(({ listed }) => listed.bytes === proof.certificate)
  if (certified === undefined) return [taken, notRun(rows.proof, 'the certificates cannot be read')]
  return [taken, proves(certified.certificate.spki, proof.challenge, proof.signature)]
}

function proves(spki: Uint8Array, challenge: Uint8Array, signature: Uint8Array): Check {
  try {
    return holds(spki, schemeOfKey(spki), challenge, signature)
      ? pass(rows.proof, `it signed ${challenge.length} bytes that were drawn for it`)
      : fail(rows.proof, 'the card’s signature is not one of the key in the certificate')
  } catch (error) {
    if (error instanceof CardError) return fail(rows.proof, error.message)
    throw error
  }
}
