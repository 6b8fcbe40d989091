import { type Codec, DecodeError, decodeAscii, encodeAscii, encodeTlv, InputError, requireTlv, tagHex } from '@kart/codec'
import { dataGroupOfTag, dataGroupTag } from './data-group-tag.ts'
import { decodeTagList, encodeTagList, flatObjects, onlyObject, refuseRepeats } from './flat-tlv.ts'

/** EF.COM: which data groups the application says it holds. Not signed: EF.SOD is what counts. */
export interface EfCom {
  /** Four digits aabb: version aa, update bb (`0107`, `0108`). */
  readonly ldsVersion: string
  /** Six digits aabbcc (`040000`). */
  readonly unicodeVersion: string
  /** Numbers 1..16, in the order of the list. */
  readonly dataGroups: readonly number[]
}

const what = 'EF.COM'

/** EF.COM (Doc 9303-10, 8th ed., 4.6.1): 60 { 5F01 version, 5F36 Unicode version, 5C tags }. */
export const efComCodec: Codec<EfCom> = {
  encode(value) {
    if (!/^[0-9]{4}$/.test(value.ldsVersion)) throw new InputError('ldsVersion', 'is not four digits')
    if (!/^[0-9]{6}$/.test(value.unicodeVersion)) throw new InputError('unicodeVersion', 'is not six digits')
    if (new Set(value.dataGroups).size !== value.dataGroups.length) throw new InputError('dataGroups', 'names a data group twice')
    const tags = value.dataGroups.map((number) => {
      const tag = dataGroupTag(number)
      if (tag === undefined) throw new InputError('dataGroups', 'holds a number that is not 1..16')
      return tag
    })
    return encodeTlv(0x60, [
      encodeTlv(0x5f01, encodeAscii(value.ldsVersion)),
      encodeTlv(0x5f36, encodeAscii(value.unicodeVersion)),
      encodeTlv(0x5c, encodeTagList(tags)),
    ])
  },
  decode(bytes) {
    const objects = flatObjects(onlyObject(bytes, 0x60, what))
    refuseRepeats(objects, what)
    const ldsVersion = decodeAscii(requireTlv(objects, 0x5f01, what).value, what)
    if (!/^[0-9]{4}$/.test(ldsVersion)) throw new DecodeError(what, 'the LDS version is not four digits')
    const unicodeVersion = decodeAscii(requireTlv(objects, 0x5f36, what).value, what)
    if (!/^[0-9]{6}$/.test(unicodeVersion)) throw new DecodeError(what, 'the Unicode version is not six digits')
    const dataGroups = decodeTagList(requireTlv(objects, 0x5c, what).value, what).map((tag) => {
      const number = dataGroupOfTag(tag)
      if (number === undefined) throw new DecodeError(what, `tag ${tagHex(tag)} in the list is no data group`)
      return number
    })
    if (new Set(dataGroups).size !== dataGroups.length) throw new DecodeError(what, 'a data group is listed twice')
    if (objects.length > 3) throw new DecodeError(what, 'a data object beside the two versions and the tag list')
    return { ldsVersion, unicodeVersion, dataGroups }
  },
}
