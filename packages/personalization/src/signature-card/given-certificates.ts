import { X509Certificate } from 'node:crypto'
import { equalBytes, InputError } from '@kart/codec'
import { decodeCertificate } from '@kart/layout'
import type { CardImage } from '../card-image.ts'
import type { CertifyHolder } from './holder-certificate.ts'
import { certificateProblem, type HolderKeyPair } from './personalize-holder.ts'

/** Most authorities above a holder's certificate that go onto the card (house rule). */
const longestChain = 4

function signed(authority: Uint8Array, certificate: Uint8Array): boolean {
  const [above, below] = [new X509Certificate(authority), new X509Certificate(certificate)]
  return above.ca && below.checkIssued(above) && below.verify(above.publicKey)
}

/** The authorities above a certificate, nearest first, that are among the others. */
function chainOf(certificate: Uint8Array, others: readonly Uint8Array[]): Uint8Array[] {
  const chain: Uint8Array[] = []
  for (let below = certificate; chain.length < longestChain; ) {
    const above = others.find((one) => one !== below && !chain.includes(one) && signed(one, below))
    if (above === undefined) return chain
    chain.push(above)
    below = above
  }
  return chain
}

/**
 * Certificates (DER) that an authority elsewhere has given, as `certify` of `execute`: one for each of the card's keys, which are found by their public keys, and any above
 * those, which go onto the card too. Throws InputError, before anything is written, for a key without a certificate or with two, for a certificate that may not go onto this
 * card (another holder, another use, out of its time), and for one that is neither for a key nor of an authority above; DecodeError.
 */
export function givenCertificates(
  image: CardImage,
  keys: readonly HolderKeyPair[],
  certificates: readonly Uint8Array[],
  now: Date = new Date(),
): CertifyHolder {
  const { holder } = image
  if (holder === undefined) throw new InputError('certificates', 'have no place on a card without keys of its holder')
  const unique = certificates.filter((one, i) => certificates.findIndex((other) => equalBytes(one, other)) === i)
  const found = keys.map((pair) => {
    const own = unique.filter((der) => equalBytes(decodeCertificate(der).spki, pair.publicKey))
    const [certificate] = own
    if (certificate === undefined)
      throw new InputError('certificates', `there is none for the card’s key ${pair.row.label}: they are of another card, or not all here`)
    if (own.length > 1) throw new InputError('certificates', `there are ${own.length} for the key ${pair.row.label}: give one`)
    const wrong = certificateProblem(pair, holder, certificate, now)
    if (wrong !== undefined) throw new InputError('certificates', `that for the key ${pair.row.label} ${wrong}`)
    return { pair, certificate, chain: chainOf(certificate, unique) }
  })
  const used = found.flatMap(({ certificate, chain }) => [certificate, ...chain])
  const stray = unique.find((one) => !used.includes(one))
  if (stray !== undefined) {
    const kind = new X509Certificate(stray).ca ? 'of an authority' : 'of an end entity'
    throw new InputError('certificates', `one (${kind}) is neither for a key of this card nor of an authority above those`)
  }
  return async ({ label, publicKey }) => {
    const one = found.find(({ pair }) => equalBytes(pair.publicKey, publicKey))
    if (one === undefined) throw new InputError('certificates', `there is none for the card’s key ${label}`)
    return one
  }
}
