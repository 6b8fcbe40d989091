import { type Codec, DecodeError, decodeTlv, encodeTlv, findTlv, InputError, requireTlv, type Tlv, uintToBytes } from '@kart/codec'

/** One biometric information template (7F60): which finger a card holds and how it wants a live one coded (ISO/IEC 7816-11:2017, clause 8; CBEFF TLV). */
export interface BiometricInformation {
  /** Reference data qualifier for P2 of VERIFY (83 of the template), where given. */
  readonly reference?: number
  /** Version of the header, two bytes, major and minor (80; CBEFF patron header version). */
  readonly headerVersion?: number
  /** CBEFF biometric type, 08 = fingerprint. */
  readonly biometricType?: number
  /** CBEFF subtype, which finger; see {@link fingerSubtype}. */
  readonly subtype?: number
  /** When the reference was made, YYYYMMDDhhmmss in BCD, seven bytes (83). */
  readonly creation?: Uint8Array
  /** Who made it, UTF-8 (84). */
  readonly creator?: Uint8Array
  /** From when to when it holds, twice YYYYMMDD in BCD, eight bytes (85). */
  readonly validity?: Uint8Array
  /** Product that made it, owner and type, four bytes (86). */
  readonly product?: Uint8Array
  /** Format owner and type, 0101 and 0005 for the compact size card format of ISO/IEC 19794-2. */
  readonly formatOwner: number
  readonly formatType: number
  /** What the comparison wants, where the template says so (ISO/IEC 19794-2:2005, 8.5). */
  readonly parameters?: MinutiaeParameters
}

/** Biometric matching algorithm parameters for finger minutiae (B1). */
export interface MinutiaeParameters {
  /** Fewest and most minutiae taken, 0..255. */
  readonly minMinutiae?: number
  readonly maxMinutiae?: number
  /** Order of minutiae: bits 1-2 ascending (1) or descending (2), bits 3-5 none (0), x-y (1), y-x (2), angle (3), polar (4), bit 6 coordinate extension. */
  readonly order?: number
  /** Extended features handled: bit 1 ridge counts, 2 cores, 3 deltas, 4 cell quality. */
  readonly features?: number
}

const rawFields = [
  { name: 'creation', tag: 0x83, least: 7, most: 7 },
  { name: 'creator', tag: 0x84, least: 1, most: 64 },
  { name: 'validity', tag: 0x85, least: 8, most: 8 },
  { name: 'product', tag: 0x86, least: 2, most: 4 },
] as const

/** The raw fields of a header, one by one. */
type RawFields = { -readonly [Name in (typeof rawFields)[number]['name']]?: Uint8Array }

const what = 'biometric information template'
const fingerprint = 0x08

/**
 * The CBEFF subtype of a finger (ISO/IEC 19785-3:2020, subtype coding of the TLV-encoded patron formats): bits 1-2 right (1) or left (2), bits 3-5 thumb (1) to little finger (5).
 * `position` 1..10 as in ISO/IEC 19794-2:2005, table 2, or 0 for an unknown one, which has none. Throws InputError for others.
 */
export function fingerSubtype(position: number): number | undefined {
  if (!Number.isInteger(position) || position < 0 || position > 10) throw new InputError('position', 'not in 0..10')
  if (position === 0) return undefined
  return position <= 5 ? (position << 2) | 0x01 : ((position - 5) << 2) | 0x02
}

/** The position of the finger that a CBEFF subtype names, the reverse of {@link fingerSubtype}; undefined where it names no one finger. */
export function fingerPosition(subtype: number): number | undefined {
  const finger = subtype >> 2
  const side = subtype & 0x03
  if (finger < 1 || finger > 5 || (side !== 1 && side !== 2)) return undefined
  return side === 1 ? finger : finger + 5
}

/** The group of biometric information templates (7F61): 02 with their number, then as many 7F60. Data objects that Kart does not know are passed over. */
export const bitGroupCodec: Codec<readonly BiometricInformation[]> = { encode, decode }

function decode(bytes: Uint8Array): readonly BiometricInformation[] {
  const inside = decodeTlv(bytes, 0x7f61, { depth: 5, nodes: 600 }).children!
  if (inside[0]?.tag !== 0x02) throw new DecodeError(what, 'the group does not begin with the number of templates')
  const count = numberOf(inside[0], 1)
  const templates = inside.slice(1)
  if (templates.length !== count) throw new DecodeError(what, `the group says ${count} templates and holds ${templates.length}`)
  return templates.map((template) => {
    if (template.tag !== 0x7f60) throw new DecodeError(what, 'another data object than 7F60 in the group')
    return decodeOne(template)
  })
}

function decodeOne(template: Tlv): BiometricInformation {
  const reference = findTlv(template.children, 0x83)
  const header = requireTlv(template.children, 0xa1, what)
  const type = findTlv(header.children, 0x81)
  const version = findTlv(header.children, 0x80)
  const subtype = findTlv(header.children, 0x82)
  const parameters = findTlv(header.children, 0xb1)
  return {
    ...(reference === undefined ? {} : { reference: numberOf(reference, 1) }),
    ...(version === undefined ? {} : { headerVersion: numberOf(version, 2, 2) }),
    ...(type === undefined ? {} : { biometricType: numberOf(type, 3) }),
    ...(subtype === undefined ? {} : { subtype: numberOf(subtype, 1) }),
    ...decodeRaw(header),
    formatOwner: numberOf(requireTlv(header.children, 0x87, what), 2, 2),
    formatType: numberOf(requireTlv(header.children, 0x88, what), 2, 2),
    ...(parameters === undefined ? {} : { parameters: decodeParameters(parameters) }),
  }
}

function decodeRaw(header: Tlv): RawFields {
  const fields: RawFields = {}
  for (const { name, tag, least, most } of rawFields) {
    const value = findTlv(header.children, tag)?.value
    if (value === undefined) continue
    if (value.length < least || value.length > most)
      throw new DecodeError(what, `${name} of ${value.length} bytes where ${least === most ? least : `${least} to ${most}`} fit`)
    fields[name] = value
  }
  return fields
}

function decodeParameters(parameters: Tlv): MinutiaeParameters {
  const range = findTlv(parameters.children, 0x81)
  const order = findTlv(parameters.children, 0x82)
  const features = findTlv(parameters.children, 0x83)
  const both = range === undefined ? undefined : numberOf(range, 2, 2)
  if (both !== undefined && both >> 8 > (both & 0xff)) throw new DecodeError(what, 'fewest minutiae above most minutiae')
  return {
    ...(both === undefined ? {} : { minMinutiae: both >> 8, maxMinutiae: both & 0xff }),
    ...(order === undefined ? {} : { order: numberOf(order, 1) }),
    ...(features === undefined ? {} : { features: numberOf(features, 1) }),
  }
}

function numberOf(object: Tlv, most: number, least = 1): number {
  if (object.value.length < least || object.value.length > most)
    throw new DecodeError(what, `a field of ${object.value.length} bytes where at most ${most} fit`)
  let value = 0
  for (const byte of object.value) value = value * 256 + byte
  return value
}

function encode(templates: readonly BiometricInformation[]): Uint8Array {
  if (templates.length > 255) throw new InputError('templates', 'more than 255')
  return encodeTlv(0x7f61, [encodeTlv(0x02, Uint8Array.of(templates.length)), ...templates.map(encodeOne)])
}

function encodeOne(template: BiometricInformation): Uint8Array {
  const { reference, biometricType = fingerprint, subtype, parameters } = template
  const header: Uint8Array[] = []
  if (template.headerVersion !== undefined) header.push(encodeTlv(0x80, uintToBytes(template.headerVersion, 2)))
  header.push(encodeTlv(0x81, uintToBytes(biometricType, biometricType > 0xffff ? 3 : biometricType > 0xff ? 2 : 1)))
  if (subtype !== undefined) header.push(encodeTlv(0x82, uintToBytes(subtype, 1)))
  for (const { name, tag, least, most } of rawFields) {
    const value = template[name]
    if (value === undefined) continue
    if (value.length < least || value.length > most)
      throw new InputError(name, `not ${least === most ? least : `${least} to ${most}`} bytes`)
    header.push(encodeTlv(tag, value))
  }
  header.push(encodeTlv(0x87, uintToBytes(template.formatOwner, 2)), encodeTlv(0x88, uintToBytes(template.formatType, 2)))
  if (parameters !== undefined) header.push(encodeTlv(0xb1, encodeParameters(parameters)))
  const outer = reference === undefined ? [] : [encodeTlv(0x83, uintToBytes(reference, 1))]
  return encodeTlv(0x7f60, [...outer, encodeTlv(0xa1, header)])
}

function encodeParameters({ minMinutiae, maxMinutiae, order, features }: MinutiaeParameters): readonly Uint8Array[] {
  const out: Uint8Array[] = []
  if ((minMinutiae === undefined) !== (maxMinutiae === undefined))
    throw new InputError('parameters', 'fewest and most minutiae go together')
  if (minMinutiae !== undefined && maxMinutiae !== undefined) {
    if (minMinutiae > maxMinutiae) throw new InputError('parameters', 'fewest minutiae above most minutiae')
    out.push(encodeTlv(0x81, [uintToBytes(minMinutiae, 1), uintToBytes(maxMinutiae, 1)]))
  }
  if (order !== undefined) out.push(encodeTlv(0x82, uintToBytes(order, 1)))
  if (features !== undefined) out.push(encodeTlv(0x83, uintToBytes(features, 1)))
  return out
}
