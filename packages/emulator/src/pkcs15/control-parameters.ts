import { encodeTlv, uintToBytes } from '@kart/codec'
import type { ApplicationSpec } from '@kart/layout/profile'
import type { CardState } from '../memory/card-state.ts'
import { holderFileTypes } from '../memory/holder-state.ts'
import { inCreation, type NamedFile } from './holder-rights.ts'

/** DO'8A': creation, or activated (ISO/IEC 7816-4:2020, 7.4.10); the stock tool verifies no PIN in the first. */
const lifeCycle = (state: CardState): Uint8Array => encodeTlv(0x8a, Uint8Array.of(inCreation(state) ? 0x01 : 0x07))

/** Control parameters of a file under DF 5015, in the order of the MyEID command surface: size, descriptor, identifier, access bytes, properties, life cycle. */
export function holderFileParameters(state: CardState, { fid, file }: NamedFile): Uint8Array[] {
  return [
    encodeTlv(0x80, uintToBytes(file.size, 2)),
    encodeTlv(0x82, Uint8Array.of(holderFileTypes[file.type])),
    encodeTlv(0x83, uintToBytes(fid, 2)),
    encodeTlv(0x86, file.access),
    encodeTlv(0x85, file.properties),
    lifeCycle(state),
  ]
}

/** Control parameters of DF 5015: files are made and deleted by anyone in the creation phase and by nobody after it. */
export function holderApplicationParameters(state: CardState, { fid = 0x5015, aid }: ApplicationSpec): Uint8Array[] {
  const guard = inCreation(state) ? [0x00, 0x0f, 0xff] : [0xff, 0xff, 0xff]
  const used = [...state.signature.files.values()].reduce((sum, { content }) => sum + content.length, 0)
  return [
    encodeTlv(0x81, uintToBytes(Math.min(used, 0xffff), 2)),
    encodeTlv(0x82, Uint8Array.of(0x38)),
    encodeTlv(0x83, uintToBytes(fid, 2)),
    encodeTlv(0x86, Uint8Array.from(guard)),
    encodeTlv(0x85, Uint8Array.of(0x00, 0x00)),
    lifeCycle(state),
    ...(aid === undefined ? [] : [encodeTlv(0x84, aid)]),
  ]
}
