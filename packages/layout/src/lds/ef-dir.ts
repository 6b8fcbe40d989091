import {
  type Codec,
  concatBytes,
  DecodeError,
  decodeUtf8,
  encodeTlv,
  encodeUtf8,
  findTlv,
  InputError,
  requireTlv,
  type Tlv,
  tagHex,
} from '@kart/codec'
import { encodeOthers, flatObjects, refuseRepeats } from './flat-tlv.ts'

/** One application that the card names. */
export interface DirectoryEntry {
  /** Application identifier, 1..16 bytes. */
  readonly aid: Uint8Array
  readonly label?: string
  /** Path of the application's DF: file identifiers, two bytes each. */
  readonly path?: Uint8Array
  /** Objects that no field above names, kept as read. */
  readonly other?: readonly Tlv[]
}

/** EF.DIR: the applications of the card. */
export interface EfDir {
  readonly applications: readonly DirectoryEntry[]
}

const what = 'EF.DIR'

/** EF.DIR (ISO/IEC 7816-4:2020, 12.2.2): 61 { 4F AID, 50 label, 51 path, ... } for each application; a bare 4F is read as an application without more. */
export const efDirCodec: Codec<EfDir> = {
  encode(value) {
    const templates = value.applications.map(({ aid, label, path, other }) => {
      if (aid.length < 1 || aid.length > 16) throw new InputError('aid', 'is not 1 to 16 bytes')
      const parts = [encodeTlv(0x4f, aid)]
      if (label !== undefined) {
        if (label === '') throw new InputError('label', 'is empty')
        parts.push(encodeTlv(0x50, encodeUtf8(label)))
      }
      if (path !== undefined) {
        if (path.length === 0 || path.length % 2 !== 0) throw new InputError('path', 'is not file identifiers of two bytes')
        parts.push(encodeTlv(0x51, path))
      }
      parts.push(...encodeOthers(other, (tag) => tag === 0x4f || tag === 0x50 || tag === 0x51))
      return encodeTlv(0x61, parts)
    })
    if (templates.length === 0) throw new InputError('applications', 'is empty')
    return concatBytes(...templates)
  },
  decode(bytes) {
    const entries = flatObjects(bytes, true)
    if (entries.length === 0) throw new DecodeError(what, 'names no application')
    return {
      applications: entries.map((object) => {
        if (object.tag === 0x4f) return { aid: checkedAid(object.value) }
        if (object.tag !== 0x61)
          throw new DecodeError(what, `data object ${tagHex(object.tag)} where an application template (61) is expected`)
        const objects = flatObjects(object.value)
        refuseRepeats(objects, what)
        const label = findTlv(objects, 0x50)
        const path = findTlv(objects, 0x51)
        if (path !== undefined && (path.value.length === 0 || path.value.length % 2 !== 0))
          throw new DecodeError(what, 'a path that is not pairs of bytes')
        const other = objects.filter(({ tag }) => tag !== 0x4f && tag !== 0x50 && tag !== 0x51)
        return {
          aid: checkedAid(requireTlv(objects, 0x4f, what).value),
          ...(label === undefined ? {} : { label: decodeUtf8(label.value, what) }),
          ...(path === undefined ? {} : { path: path.value }),
          ...(other.length === 0 ? {} : { other }),
        }
      }),
    }
  },
}

function checkedAid(aid: Uint8Array): Uint8Array {
  if (aid.length < 1 || aid.length > 16) throw new DecodeError(what, `an application identifier of ${aid.length} bytes`)
  return aid
}
