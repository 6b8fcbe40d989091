import { createReadStream, statSync } from 'node:fs'
import { InputError } from '@kart/codec'
import type { HashAlgorithm } from '@kart/crypto'
import { type DistinguishedName, decodeCertificate } from '@kart/layout'
import { hashPieces } from '@kart/signature'
import { type CadesReport, defaultPolicy, trustStore, verifyCades } from '@kart/verification'
import { followCount } from './count-progress.ts'
import { usingInput } from './read-file.ts'

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
export interface SignatureTrust {
  readonly authorities: readonly Uint8Array[]
  readonly revocationLists: readonly Uint8Array[]
  readonly now: Date
}

/** Verifies a detached signature over a file. Throws InputError for bytes that are no signature, and Node's own errors. */
export async function verifyFile(path: string, signature: Uint8Array, trust: SignatureTrust, silent: boolean): Promise<CadesReport> {
  const { revocationLists } = trustStore([], [], { revocationLists: trust.revocationLists })
  const policy = {
    ...defaultPolicy(trust.now),
    revocation: trust.revocationLists.length > 0 ? ('required' as const) : ('ignored' as const),
  }
  const authorities = usingInput('--ca', () => trust.authorities.map(decodeCertificate))
  try {
    return await verifyCades(signature, { authorities, revocationLists, policy, messageDigest: (hash) => hashFile(path, hash, silent) })
  } catch (cause) {
    return usingInput('--signature', () => {
      throw cause
    })
  }
}
