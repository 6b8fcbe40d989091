import { equalBytes } from '@kart/codec'
import { type DerNode, derOid, derSequence, derSet, derText } from '../asn1/der.ts'

/** One attribute of a name. */
export interface NameAttribute {
  /** Dotted object identifier of the attribute type. */
  readonly oid: string
  /** Text of the value; undefined when it is not a character string. */
  readonly text: string | undefined
  /** The value in DER. */
  readonly raw: Uint8Array
}

/** A distinguished name (ITU-T X.501; RFC 5280, 4.1.2.4). */
export interface DistinguishedName {
  /** The Name in DER, as it came. */
  readonly raw: Uint8Array
  /** Relative names in the order of the certificate, each a set of one or more attributes. */
  readonly relativeNames: readonly (readonly NameAttribute[])[]
  /** For people: `C=UT, O=Kart Test, CN=DS 1`. Never parse it. */
  readonly text: string
  /** First countryName, in upper case; undefined when there is none. Two letters by Doc 9303-12, 8th ed., 7.1.1; not checked here. */
  readonly country: string | undefined
}

const countryOid = '2.5.4.6'

const shortNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'serialNumber',
  [countryOid]: 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.42': 'GN',
}

const what = 'distinguished name'

/** Reads a Name; throws DecodeError. */
export function readName(node: DerNode | undefined): DistinguishedName {
  const relativeNames = derSequence(node, what, 0, 32).map((set) =>
    derSet(set, what, 1, 8).map((pair): NameAttribute => {
      const [type, value] = derSequence(pair, what, 2, 2)
      return { oid: derOid(type, what), text: derText(value!, what), raw: value!.raw.slice() }
    }),
  )
  const attributes = relativeNames.flat()
  return {
    raw: node!.raw.slice(),
    relativeNames,
    text: relativeNames.map((set) => set.map((one) => `${shortNames[one.oid] ?? one.oid}=${printable(one.text)}`).join('+')).join(', '),
    country: attributes.find((one) => one.oid === countryOid)?.text?.toUpperCase(),
  }
}

/** Control and direction-changing characters must not reach a terminal or a report through a name; the zero-width non-joiner is a letter's form in Persian ones. */
function printable(text: string | undefined): string {
  return text === undefined ? '(not text)' : text.replace(/(?!\u200c)\p{C}/gu, '\ufffd')
}

/**
 * Whether two names are the same: equal bytes, or equal attribute by attribute where texts differ only in case and white space (RFC 5280, 7.1: issuers in the
 * field do change string types and case of the country between a CSCA's subject and a signer's issuer).
 */
export function sameName(a: DistinguishedName, b: DistinguishedName): boolean {
  if (equalBytes(a.raw, b.raw)) return true
  return (
    a.relativeNames.length === b.relativeNames.length &&
    a.relativeNames.every((set, i) => {
      const other = b.relativeNames[i]!
      return set.length === other.length && set.every((one) => other.some((candidate) => sameAttribute(one, candidate)))
    })
  )
}

function sameAttribute(a: NameAttribute, b: NameAttribute): boolean {
  if (a.oid !== b.oid) return false
  if (a.text === undefined || b.text === undefined) return equalBytes(a.raw, b.raw)
  return folded(a.text) === folded(b.text)
}

function folded(text: string): string {
  return text.normalize('NFC').toLowerCase().trim().replace(/\s+/gu, ' ')
}
