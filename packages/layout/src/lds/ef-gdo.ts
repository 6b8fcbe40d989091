import { type Codec, concatBytes, DecodeError, encodeTlv, InputError, requireTlv, type Tlv } from '@kart/codec'
import { encodeOthers, flatObjects, refuseRepeats } from './flat-tlv.ts'

/** EF.GDO: global data objects; the ICC serial number and others. */
export interface EfGdo {
  /** ICC serial number as stored, 1..16 bytes. */
  readonly serialNumber: Uint8Array
  /** Objects beside it, kept as read. */
  readonly other?: readonly Tlv[]
}

const what = 'EF.GDO'

/** EF.GDO (ISO/IEC 7816-4:2020, 12.2.4; 5A: ISO/IEC 7816-6:2023): 5A serial number and others, side by side. */
export const efGdoCodec: Codec<EfGdo> = {
  encode(value) {
    if (value.serialNumber.length < 1 || value.serialNumber.length > 16) throw new InputError('serialNumber', 'is not 1 to 16 bytes')
    return concatBytes(encodeTlv(0x5a, value.serialNumber), ...encodeOthers(value.other, (tag) => tag === 0x5a))
  },
  decode(bytes) {
    const objects = flatObjects(bytes, true)
    refuseRepeats(objects, what)
    const serialNumber = requireTlv(objects, 0x5a, what).value
    if (serialNumber.length < 1 || serialNumber.length > 16) throw new DecodeError(what, `a serial number of ${serialNumber.length} bytes`)
    const other = objects.filter(({ tag }) => tag !== 0x5a)
    return { serialNumber, ...(other.length === 0 ? {} : { other }) }
  },
}
