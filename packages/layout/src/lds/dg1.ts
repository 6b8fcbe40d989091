import { type Codec, DecodeError, decodeAscii, encodeAscii, encodeTlv, InputError } from '@kart/codec'
import { parseMrz } from '../mrz/read-mrz.ts'
import { flatObjects, onlyObject } from './flat-tlv.ts'

/** EF.DG1: the machine-readable zone. */
export interface Dg1 {
  /** Lines joined without line ends: 90 (TD1), 72 (TD2) or 88 (TD3) characters. Read it with `readMrz`: a card's zone may be wrong. */
  readonly mrz: string
}

const what = 'EF.DG1'

/** EF.DG1 (Doc 9303-10, 8th ed., 4.7.1): 61 { 5F1F MRZ }. Encoding takes a right zone only; decoding leaves its judgement to the reader of the zone. */
export const dg1Codec: Codec<Dg1> = {
  encode(value) {
    if (value.mrz.includes('\n')) throw new InputError('mrz', 'holds line ends')
    try {
      parseMrz(value.mrz)
    } catch (cause) {
      throw new InputError('mrz', cause instanceof Error ? cause.message : 'is not a machine-readable zone', { cause })
    }
    return encodeTlv(0x61, encodeTlv(0x5f1f, encodeAscii(value.mrz)))
  },
  decode(bytes) {
    const [zone, ...beside] = flatObjects(onlyObject(bytes, 0x61, what))
    if (zone?.tag !== 0x5f1f || beside.length > 0) throw new DecodeError(what, 'exactly one data object 5F1F is expected')
    const mrz = decodeAscii(zone.value, what)
    if (mrz.length !== 90 && mrz.length !== 72 && mrz.length !== 88)
      throw new DecodeError(what, `a zone of ${mrz.length} characters; TD1 has 90, TD2 72, TD3 88`)
    return { mrz }
  },
}
