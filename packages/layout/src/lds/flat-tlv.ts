import { DecodeError, decodeTlvList, encodeTag, encodeTlv, InputError, type Tlv, tagHex } from '@kart/codec'

/** Data objects a text file may hold at one level; the standards' own lists stop below twenty. */
const maxObjects = 64

/** One level of data objects, constructed ones left closed. `padding`: 00 bytes between and behind them are passed over. */
export function flatObjects(bytes: Uint8Array, padding = false): Tlv[] {
  return decodeTlvList(bytes, { constructed: false, nodes: maxObjects, padding })
}

/** Value of the one data object with this tag that fills the file; anything else is a DecodeError naming `what`. */
export function onlyObject(bytes: Uint8Array, tag: number, what: string): Uint8Array {
  const [object, ...beside] = flatObjects(bytes)
  if (object?.tag !== tag || beside.length > 0) throw new DecodeError(what, `exactly one data object ${tagHex(tag)} is expected`)
  return object.value
}

/** Throws DecodeError when a tag stands twice. */
export function refuseRepeats(objects: readonly Tlv[], what: string): void {
  const seen = new Set<number>()
  for (const { tag } of objects) {
    if (seen.has(tag)) throw new DecodeError(what, `data object ${tagHex(tag)} stands twice`)
    seen.add(tag)
  }
}

/** Objects that a codec does not know, as read, to be written back as they were. `known`: tags that the codec writes itself. */
export function encodeOthers(others: readonly Tlv[] | undefined, known: (tag: number) => boolean): Uint8Array[] {
  return (others ?? []).map(({ tag, value }) => {
    if (known(tag)) throw new InputError('other', `data object ${tagHex(tag)} has a field of its own`)
    return encodeTlv(tag, value)
  })
}

/** Tags of a tag list DO'5C' (ISO/IEC 7816-4:2020, 8.5.2): tag fields side by side. */
export function decodeTagList(bytes: Uint8Array, what: string): number[] {
  const tags: number[] = []
  for (let at = 0; at < bytes.length; ) {
    if (tags.length >= maxObjects) throw new DecodeError(what, `more than ${maxObjects} tags in the tag list`, { offset: at })
    let tag = bytes[at]!
    let length = 1
    if ((tag & 0x1f) === 0x1f) {
      let next: number | undefined
      do {
        next = bytes[at + length]
        if (next === undefined || length > 3) throw new DecodeError(what, 'a malformed tag in the tag list', { offset: at })
        tag = tag * 256 + next
        length++
      } while ((next & 0x80) !== 0)
    }
    tags.push(tag)
    at += length
  }
  return tags
}

/** The tag fields side by side. */
export function encodeTagList(tags: readonly number[]): Uint8Array {
  return Uint8Array.from(tags.flatMap((tag) => [...encodeTag(tag)]))
}
