import { type Codec, concatBytes, DecodeError, encodeTlv, type Tlv } from '@kart/codec'
import { DerFields, decodeDer, derOid, derTag } from '../asn1/der.ts'
import { encodeOid } from '../asn1/der-encode.ts'
import type { DirectoryEntry } from '../lds/ef-dir.ts'
import { raws } from './object.ts'
import { type CardPath, encodeObjectValue, readPath } from './object-value.ts'

/** CIODDO, the discretionary data of the application in EF.DIR: where its files are (ISO/IEC 7816-15:2016, 7.4). */
export interface CioDiscretionaryData {
  /** Who defined the application, dotted object identifier. */
  readonly provider?: string
  readonly odfPath?: CardPath
  readonly tokenInfoPath?: CardPath
  /** Application identifier, where it is not that of the entry. */
  readonly aid?: Uint8Array
  /** Fields behind those, each in DER. */
  readonly other?: readonly Uint8Array[]
}

const what = 'EF.DIR, discretionary data'
const discretionaryTag = 0x73
const tokenInfoTag = 0xa0
const aidTag = 0x4f

/** AID of the PKCS #15 application, RID A000000063 and "PKCS-15" (PKCS #15 v1.1). */
export const pkcs15Aid = Uint8Array.of(0xa0, 0, 0, 0, 0x63, 0x50, 0x4b, 0x43, 0x53, 0x2d, 0x31, 0x35)

/** Contents of DO'73' of EF.DIR (ISO/IEC 7816-15:2016, 7.4). */
export const cioDiscretionaryDataCodec: Codec<CioDiscretionaryData> = {
  encode({ provider, odfPath, tokenInfoPath, aid, other }) {
    return concatBytes(
      ...(provider === undefined ? [] : [encodeOid(provider)]),
      ...(odfPath === undefined ? [] : [encodeObjectValue(odfPath)]),
      // [0] IMPLICIT: the path's SEQUENCE under another tag.
      ...(tokenInfoPath === undefined ? [] : [retag(encodeObjectValue(tokenInfoPath), tokenInfoTag)]),
      ...(aid === undefined ? [] : [encodeTlv(aidTag, aid)]),
      ...(other ?? []),
    )
  },
  decode(bytes) {
    const fields = new DerFields(decodeDer(encodeTlv(discretionaryTag, bytes), what).children, what)
    const provider = fields.optional(derTag.oid)
    const odfPath = fields.optional(derTag.sequence)
    const tokenInfoPath = fields.optional(tokenInfoTag)
    const aid = fields.optional(aidTag)
    const other = raws(fields)
    if (aid !== undefined && (aid.content.length < 1 || aid.content.length > 16))
      throw new DecodeError(what, `an application identifier of ${aid.content.length} bytes`)
    return {
      ...(provider && { provider: derOid(provider, what) }),
      ...(odfPath && { odfPath: readPath(odfPath, what) }),
      ...(tokenInfoPath && { tokenInfoPath: readPath({ ...tokenInfoPath, tag: derTag.sequence }, what) }),
      ...(aid && { aid: aid.content.slice() }),
      ...(other && { other }),
    }
  },
}

function retag(value: Uint8Array, tag: number): Uint8Array {
  const copy = value.slice()
  copy[0] = tag
  return copy
}

/** The application's entry of EF.DIR (ISO/IEC 7816-15:2016, 7.4): AID, label, path of the DF, and CIODDO where given. Throws InputError. */
export function pkcs15Entry(label: string, path: CardPath, discretionary?: CioDiscretionaryData): DirectoryEntry {
  const value = discretionary && cioDiscretionaryDataCodec.encode(discretionary)
  return {
    aid: pkcs15Aid.slice(),
    label,
    path: path.path,
    ...(value && { other: [{ tag: discretionaryTag, value }] }),
  }
}

/** CIODDO of an entry of EF.DIR; undefined when it has none. Throws DecodeError. */
export function readDiscretionaryData(entry: DirectoryEntry): CioDiscretionaryData | undefined {
  const object = entry.other?.find((one: Tlv) => one.tag === discretionaryTag)
  return object && cioDiscretionaryDataCodec.decode(object.value)
}
