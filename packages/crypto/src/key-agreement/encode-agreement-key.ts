import { concatBytes, encodeTlv, fromHex } from '@kart/codec'
import { curveDomain } from '../curve-domain.ts'
import { type AgreementGroup, agreementGroup, type GroupName } from './agreement-group.ts'
import { type ModpName, modpGroups } from './modp-parameters.ts'

const oids = { ecPublicKey: '2a8648ce3d0201', dhPublicNumber: '2a8648ce3e0201', primeField: '2a8648ce3d0101' } as const
const zero = Uint8Array.of(0)

const sequence = (...parts: readonly Uint8Array[]): Uint8Array => encodeTlv(0x30, parts)
const oid = (hex: string): Uint8Array => encodeTlv(0x06, fromHex(hex))

/** INTEGER of an unsigned value: the fewest bytes, never negative. */
function integer(value: Uint8Array): Uint8Array {
  const start = value.findIndex((byte) => byte !== 0)
  const shortest = start < 0 ? zero : value.subarray(start)
  return encodeTlv(0x02, shortest[0]! >= 0x80 ? concatBytes(zero, shortest) : shortest)
}

/**
 * DER AlgorithmIdentifier of a group, spelled out: ecPublicKey with ECParameters, a curve's coefficients in the field's width, or dhpublicnumber with DomainParameters
 * (Doc 9303-11, 8th ed., 9.5; RFC 3279, 2.3.3 and 2.3.5; BSI TR-03111 v2.10, 5.1.1.1).
 */
export function encodeDomainParameters(name: GroupName): Uint8Array {
  const group = agreementGroup(name)
  if (group.kind === 'dh') {
    const { p, g, q } = modpGroups[name as ModpName]
    return sequence(oid(oids.dhPublicNumber), sequence(integer(fromHex(p)), integer(fromHex(g)), integer(fromHex(q))))
  }
  const { prime, a, b, generator, order, cofactor } = curveDomain(name as Exclude<GroupName, ModpName>)
  const width = (group.elementLength - 1) / 2
  const fieldElement = (value: Uint8Array): Uint8Array => encodeTlv(0x04, concatBytes(new Uint8Array(width - value.length), value))
  return sequence(
    oid(oids.ecPublicKey),
    sequence(
      integer(Uint8Array.of(1)),
      sequence(oid(oids.primeField), integer(prime)),
      sequence(fieldElement(a), fieldElement(b)),
      encodeTlv(0x04, generator),
      integer(order),
      integer(cofactor),
    ),
  )
}

/** DER SubjectPublicKeyInfo of a key of key agreement, its domain parameters spelled out (Doc 9303-11, 8th ed., 9.4). Throws CryptoError for an element that is not in the group. */
export function encodeAgreementKey(name: GroupName, element: Uint8Array): Uint8Array {
  const group: AgreementGroup = agreementGroup(name)
  const checked = group.check(element)
  const bits = group.kind === 'dh' ? integer(checked) : checked
  return sequence(encodeDomainParameters(name), encodeTlv(0x03, concatBytes(zero, bits)))
}
