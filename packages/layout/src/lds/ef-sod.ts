import { type Codec, DecodeError, decodeTlv, encodeTlv } from '@kart/codec'
import { decodeSignedData, encodeSignedData, type SignedData } from '../cms/signed-data.ts'
import { decodeLdsSecurityObject, type LdsSecurityObject } from './lds-security-object.ts'

/** EF.SOD: CMS SignedData over the LDS security object (Doc 9303-10, 8th ed., 4.6.2; RFC 5652, 5.1). Its contentType is 2.23.136.1.1.1 when it is what it should be. */
export interface EfSod extends SignedData {
  /** The whole file as it came. */
  readonly raw: Uint8Array
  readonly ldsSecurityObject: LdsSecurityObject
}

const what = 'EF.SOD'
const maxLength = 65_535

/** EF.SOD (Doc 9303-10, 8th ed., 4.6.2). `encode` puts the same parts together again: what was signed stays as signed. */
export const efSodCodec: Codec<EfSod> = {
  encode: (sod) => encodeTlv(0x77, encodeSignedData(sod)),
  decode(bytes) {
    if (bytes.length > maxLength) throw new DecodeError(what, `${bytes.length} bytes where at most ${maxLength} are read`)
    const data = decodeSignedData(decodeTlv(bytes, 0x77, { constructed: false }).value, what)
    return { ...data, raw: bytes.slice(), ldsSecurityObject: decodeLdsSecurityObject(data.content) }
  },
}
