import { createReadStream, statSync } from 'node:fs'
import { CardError, InputError } from '@kart/codec'
import type { HashAlgorithm } from '@kart/crypto'
import { type DistinguishedName, decodeCertificate } from '@kart/layout'
import { type CardSigner, hashPieces } from '@kart/signature'
import { type CadesReport, checkBeforeSigning, defaultPolicy, type HolderTrust, trustStore, verifyCades } from '@kart/verification'
import { followCount } from './count-progress.ts'
import { usingInput } from './read-file.ts'
import type { NamedAuthorities } from './trust-options.ts'

/** Bytes read at once. */
const pieceBytes = 1024 * 1024

/** Refuses what is no file before any PIN is asked for. Throws InputError and Node's own errors. */
export function checkSignable(path: string): void {
  if (!statSync(path).isFile()) throw new InputError(path, 'this is no file: only the content of a file can be signed')
}

/** Hash of a file of any size, read piece by piece, with a line of progress on standard error. Throws Node's own errors. */
export async function hashFile(path: string, hash: HashAlgorithm, silent: boolean): Promise<Uint8Array> {
  const size = statSync(path).size
  const progress = followCount('hash', 'bytes', silent)
  try {
    return await hashPieces(hash, createReadStream(path, { highWaterMark: pieceBytes }), (bytes) => progress.count(bytes, size))
  } finally {
    progress.end()
  }
}

const oids = { commonName: '2.5.4.3', familyName: '2.5.4.4', serialNumber: '2.5.4.5', givenName: '2.5.4.42' } as const

/** Who a certificate is for, in the words of its subject; names stand as they were written, Persian ones in Persian. */
export function personOf(subject: DistinguishedName): Record<string, string> {
  const attributes = subject.relativeNames.flat()
  const found = Object.entries(oids).flatMap(([name, oid]) => {
    const text = attributes.find((one) => one.oid === oid)?.text
    return text === undefined ? [] : [[name, text] as const]
  })
  return Object.fromEntries(found)
}

/** What a signature is judged against, as the options said. */
export interface SignatureTrust extends NamedAuthorities {
  readonly now: Date
}

/** A trust of named files: where lists are named, they must speak of every certificate. Throws InputError. */
export function holderTrust(trust: SignatureTrust): HolderTrust {
  const { revocationLists } = trustStore([], [], { revocationLists: trust.revocationLists })
  const revocation = trust.revocationLists.length > 0 ? ('required' as const) : ('ignored' as const)
  return {
    authorities: usingInput('--ca', () => trust.authorities.map(decodeCertificate)),
    revocationLists,
    policy: { ...defaultPolicy(trust.now), revocation },
  }
}

/** Refuses a signer whose signature these authorities would not let pass. Throws InputError. */
export function approveSigner({ certificate, chain }: CardSigner, trust: SignatureTrust, anyTime: boolean): void {
  const checks = checkBeforeSigning(certificate, chain.map(decodeCertificate), holderTrust(trust))
  const problem = checks.find(({ id, outcome, required }) => required && outcome !== 'pass' && !(anyTime && id === 'sig.time'))
  if (problem !== undefined)
    throw new InputError('certificate', `a signature would be rejected: ${problem.detail}. Nothing was signed and no PIN used`)
}

/** Verifies a detached signature over a file. Throws InputError for bytes that are no signature, and Node's own errors. */
export async function verifyFile(path: string, signature: Uint8Array, trust: SignatureTrust, silent: boolean): Promise<CadesReport> {
  const held = holderTrust(trust)
  try {
    return await verifyCades(signature, { ...held, messageDigest: (hash) => hashFile(path, hash, silent) })
  } catch (cause) {
    if (cause instanceof CardError && cause.code === 'decode')
      throw new InputError('--signature', `is no CMS signature, or a damaged one (${cause.message})`, { cause })
    return usingInput('--signature', () => {
      throw cause
    })
  }
}
