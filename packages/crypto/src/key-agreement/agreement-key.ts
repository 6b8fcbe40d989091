import { encodeTlv } from '@kart/codec'
import { CryptoError } from '../crypto-error.ts'
import { DerReader } from '../der.ts'
import { type AgreementGroup, agreementGroup } from './agreement-group.ts'
import { decodeDomainParameters } from './domain-parameters.ts'

/** A public key of key agreement, checked. */
export interface AgreementKey {
  readonly group: AgreementGroup
  /** The element, in full width. */
  readonly element: Uint8Array
}

const what = 'key agreement public key'

/**
 * A DER SubjectPublicKeyInfo whose algorithm says a group as {@link decodeDomainParameters} takes it: the BIT STRING is the point, or for integers the DER INTEGER
 * (RFC 3279, 2.3.3 and 2.3.5). Throws DecodeError for bytes that are not one; CryptoError for a group that is not taken and for an
 * element that is not in its group.
 */
export function decodeAgreementKey(spki: Uint8Array): AgreementKey {
  const outer = new DerReader(spki, what)
  const info = outer.inside(0x30)
  outer.end()
  const algorithm = encodeTlv(0x30, info.element(0x30))
  const bits = info.bitString()
  info.end()
  const name = decodeDomainParameters(algorithm)
  if (name === undefined) throw new CryptoError('unsupported', 'the key is in a group that is not supported')
  const group = agreementGroup(name)
  if (group.kind === 'ecdh') return { group, element: group.check(bits) }
  const integer = new DerReader(bits, what)
  const value = integer.unsigned()
  integer.end()
  if (value.length > group.elementLength) throw new CryptoError('invalid-key', 'the public key is longer than the prime')
  const element = new Uint8Array(group.elementLength)
  element.set(value, element.length - value.length)
  return { group, element: group.check(element) }
}
