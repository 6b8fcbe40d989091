import { bytesToUint, concatBytes, DecodeError, decodeTlvList, encodeTlv, InputError, type Tlv, tagHex, uintToBytes } from '@kart/codec'

/** Biometric header template of one biometric record (Doc 9303-10, 8th ed., 4.7.2, tags of the BHT; ISO/IEC 19785-3). */
export interface BiometricHeader {
  /** ICAO header version, `0101`, two bytes; undefined = absent. */
  readonly version?: number
  /** Biometric type (02 face, 08 finger), 1..3 bytes as one number; undefined = absent. */
  readonly type?: number
  /** Biometric subtype: which finger, which eye; one byte; undefined = absent. */
  readonly subtype?: number
  /** Creation date and time, seven bytes as coded; undefined = absent. */
  readonly created?: Uint8Array
  /** Validity period, eight bytes as coded; undefined = absent. */
  readonly validity?: Uint8Array
  /** Creator of the record (product identifier), four bytes as one number; undefined = absent. */
  readonly creator?: number
  /** Format owner; 0101 = ISO/IEC JTC 1/SC 37. */
  readonly formatOwner: number
  /** Format type of that owner; 0008 face image, 0001 finger minutiae, 0007 finger image. */
  readonly formatType: number
}

/** One biometric information template 7F60: its header and its biometric data block, unopened. */
export interface BiometricTemplate {
  readonly header: BiometricHeader
  readonly data: Uint8Array
}

/** Biometric types of ISO/IEC 19785-3 that an eMRTD uses. */
export const biometricTypes = { face: 0x02, finger: 0x08 } as const

/** Format owner and types of ISO/IEC JTC 1/SC 37 (registry of ISO/IEC 19785-2). */
export const sc37 = {
  owner: 0x0101,
  fingerMinutiae: 0x0001,
  fingerMinutiaeExtended: 0x0002,
  fingerImage: 0x0007,
  faceImage: 0x0008,
} as const

/** Most biometric templates in one data group (Doc 9303-10, 8th ed., 4.7.2: 1..9). */
export const maxTemplates = 9

/** What a biometric data group holds: its templates, and what an issuer puts beside an empty group. */
export interface BiometricGroup {
  readonly templates: readonly BiometricTemplate[]
  /** Content of DO'53' beside a group of zero templates; undefined = absent. */
  readonly filler?: Uint8Array
}

const fieldLengths: Readonly<Record<number, readonly [number, number]>> = {
  128: [2, 2],
  129: [1, 3],
  130: [1, 1],
  131: [7, 7],
  133: [8, 8],
  134: [4, 4],
  135: [2, 2],
  136: [2, 2],
}

const flat = { constructed: false, nodes: 32 } as const

function only(list: readonly Tlv[], tag: number, what: string): Tlv {
  if (list.length !== 1 || list[0]!.tag !== tag) throw new DecodeError(what, `exactly one data object ${tagHex(tag)} is expected`)
  return list[0]!
}

function decodeHeader(bytes: Uint8Array, what: string): BiometricHeader {
  const seen = new Map<number, Uint8Array>()
  for (const { tag, value } of decodeTlvList(bytes, flat)) {
    const lengths = fieldLengths[tag]
    if (lengths === undefined) throw new DecodeError(what, `unknown data object ${tagHex(tag)} in the biometric header`)
    if (seen.has(tag)) throw new DecodeError(what, `data object ${tagHex(tag)} stands twice in the biometric header`)
    if (value.length < lengths[0] || value.length > lengths[1])
      throw new DecodeError(what, `data object ${tagHex(tag)} of ${value.length} bytes in the biometric header`)
    seen.set(tag, value)
  }
  const number = (tag: number): number | undefined => {
    const value = seen.get(tag)
    return value === undefined ? undefined : bytesToUint(value)
  }
  const formatOwner = number(0x87)
  const formatType = number(0x88)
  if (formatOwner === undefined || formatType === undefined)
    throw new DecodeError(what, 'the biometric header lacks the format owner or type (87, 88)')
  const [version, type, subtype, creator] = [number(0x80), number(0x81), number(0x82), number(0x86)]
  const [created, validity] = [seen.get(0x83), seen.get(0x85)]
  return {
    ...(version === undefined ? {} : { version }),
    ...(type === undefined ? {} : { type }),
    ...(subtype === undefined ? {} : { subtype }),
    ...(created === undefined ? {} : { created }),
    ...(validity === undefined ? {} : { validity }),
    ...(creator === undefined ? {} : { creator }),
    formatOwner,
    formatType,
  }
}

function typeBytes(type: number): Uint8Array {
  return uintToBytes(type, type > 0xffff ? 3 : type > 0xff ? 2 : 1)
}

function exact(bytes: Uint8Array, length: number, field: string): Uint8Array {
  if (bytes.length !== length) throw new InputError(field, `${bytes.length} bytes where ${length} are needed`)
  return bytes
}

function encodeHeader(header: BiometricHeader): Uint8Array {
  const parts: Uint8Array[] = []
  if (header.version !== undefined) parts.push(encodeTlv(0x80, uintToBytes(header.version, 2)))
  if (header.type !== undefined) parts.push(encodeTlv(0x81, typeBytes(header.type)))
  if (header.subtype !== undefined) parts.push(encodeTlv(0x82, uintToBytes(header.subtype, 1)))
  if (header.created !== undefined) parts.push(encodeTlv(0x83, exact(header.created, 7, 'header.created')))
  if (header.validity !== undefined) parts.push(encodeTlv(0x85, exact(header.validity, 8, 'header.validity')))
  if (header.creator !== undefined) parts.push(encodeTlv(0x86, uintToBytes(header.creator, 4)))
  parts.push(encodeTlv(0x87, uintToBytes(header.formatOwner, 2)), encodeTlv(0x88, uintToBytes(header.formatType, 2)))
  return concatBytes(...parts)
}

/**
 * Opens a biometric data group (Doc 9303-10, 8th ed., 4.7.2 to 4.7.4): `tag` { 7F61 { 02 count, 7F60 { A1 header, 5F2E or 7F2E data }... } }, and 53 beside an empty group.
 * `what` names the file in errors. Throws DecodeError.
 */
export function decodeBiometricGroup(bytes: Uint8Array, tag: number, what: string): BiometricGroup {
  const outer = only(decodeTlvList(bytes, flat), tag, what)
  const [group, filler, ...more] = decodeTlvList(outer.value, flat)
  if (group?.tag !== 0x7f61) throw new DecodeError(what, 'the biometric information group template 7F61 is missing')
  if (more.length > 0 || (filler !== undefined && filler.tag !== 0x53)) throw new DecodeError(what, 'unexpected data objects after 7F61')
  const [count, ...objects] = decodeTlvList(group.value, flat)
  if (count?.tag !== 0x02 || count.value.length !== 1) throw new DecodeError(what, 'the number of templates (02, one byte) is missing')
  if (count.value[0] !== objects.length) throw new DecodeError(what, `${objects.length} templates where ${count.value[0]} are announced`)
  if (objects.length > maxTemplates) throw new DecodeError(what, `${objects.length} templates where at most ${maxTemplates} are allowed`)
  if (filler !== undefined && objects.length > 0) throw new DecodeError(what, 'DO’53’ beside templates')
  const templates = objects.map((object): BiometricTemplate => {
    if (object.tag !== 0x7f60) throw new DecodeError(what, `data object ${tagHex(object.tag)} where a template 7F60 is expected`)
    const [header, data, ...extra] = decodeTlvList(object.value, flat)
    if (header?.tag !== 0xa1) throw new DecodeError(what, 'the biometric header template A1 is missing')
    if (data === undefined || (data.tag !== 0x5f2e && data.tag !== 0x7f2e))
      throw new DecodeError(what, 'the biometric data block (5F2E, 7F2E) is missing')
    if (extra.length > 0) throw new DecodeError(what, 'unexpected data objects after the biometric data block')
    return { header: decodeHeader(header.value, what), data: data.value }
  })
  return filler === undefined ? { templates } : { templates, filler: filler.value }
}

/** Codes a biometric data group; the data block always as 5F2E. Throws InputError for more than nine templates, or a filler beside templates. */
export function encodeBiometricGroup(group: BiometricGroup, tag: number): Uint8Array {
  if (group.templates.length > maxTemplates) throw new InputError('templates', `${group.templates.length}; at most ${maxTemplates} fit`)
  if (group.filler !== undefined && group.templates.length > 0) throw new InputError('filler', 'only a group without templates has one')
  const templates = group.templates.map(({ header, data }) =>
    encodeTlv(0x7f60, [encodeTlv(0xa1, encodeHeader(header)), encodeTlv(0x5f2e, data)]),
  )
  const objects = [encodeTlv(0x7f61, [encodeTlv(0x02, Uint8Array.of(templates.length)), ...templates])]
  if (group.filler !== undefined) objects.push(encodeTlv(0x53, group.filler))
  return encodeTlv(tag, objects)
}
