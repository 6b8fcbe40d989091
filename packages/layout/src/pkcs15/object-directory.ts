import { type Codec, concatBytes, encodeTlv, InputError } from '@kart/codec'
import { type DerNode, derExplicit } from '../asn1/der.ts'
import { readObjects, type UnknownObject } from './object.ts'
import { encodeObjectValue, type ObjectValue, readObjectValue } from './object-value.ts'

/** What a directory file that EF.ODF names holds (ISO/IEC 7816-15:2016, 8.3, CIOChoice): the position in the list is the context tag. */
export const directoryTypes = [
  'privateKeys',
  'publicKeys',
  'trustedPublicKeys',
  'secretKeys',
  'certificates',
  'trustedCertificates',
  'usefulCertificates',
  'dataObjects',
  'authObjects',
] as const
export type DirectoryType = (typeof directoryTypes)[number]

/** One directory file: of which objects, and where. */
export interface DirectoryReference {
  readonly kind: DirectoryType
  /** A path; `direct` where the objects stand in EF.ODF itself. */
  readonly value: ObjectValue
}

const what = 'EF.ODF'

/** EF.ODF, in ISO/IEC 7816-15:2016, 8.3 EF.OD: where the directory files are. Objects of other types are kept as they came. */
export const odfCodec: Codec<readonly (DirectoryReference | UnknownObject)[]> = {
  encode: (entries) => concatBytes(...entries.map(encodeEntry)),
  decode: (bytes) => readObjects(bytes, what).map(readEntry),
}

function readEntry(node: DerNode): DirectoryReference | UnknownObject {
  const kind = directoryTypes[node.tag - 0xa0]
  if (kind === undefined) return { kind: 'other', raw: node.raw.slice() }
  return { kind, value: readObjectValue(derExplicit(node, node.tag, what), `${what}, path`) }
}

function encodeEntry(entry: DirectoryReference | UnknownObject): Uint8Array {
  if (entry.kind === 'other') return entry.raw
  const number = directoryTypes.indexOf(entry.kind)
  if (number < 0) throw new InputError('kind', 'is no type of directory file')
  return encodeTlv(0xa0 + number, encodeObjectValue(entry.value))
}
