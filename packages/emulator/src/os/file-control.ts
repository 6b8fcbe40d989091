import { encodeTlv, uintToBytes } from '@kart/codec'
import type { ApplicationSpec, FileSpec } from '@kart/layout/profile'
import { type CardState, fileContent } from '../memory/card-state.ts'
import { holderApplicationParameters } from '../pkcs15/control-parameters.ts'
import { inCreation } from '../pkcs15/holder-rights.ts'

/**
 * Life cycle status byte (ISO/IEC 7816-4:2020, 7.4.10): initialisation before the card is secured, operational activated after. The MF is in creation as long as
 * the PKCS#15 application is: the stock tool goes by it.
 */
function lifeCycleStatus(state: CardState, { name }: ApplicationSpec): number {
  if (name === 'mf' && inCreation(state)) return 0x01
  return state.lifeCycle === 'OP_READY' || state.lifeCycle === 'INITIALIZED' ? 0x03 : 0x05
}

/** Data objects of an EF's control parameters (ISO/IEC 7816-4:2020, 7.4.3, table 11). */
export function fileParameters(state: CardState, application: ApplicationSpec, file: FileSpec): Uint8Array[] {
  const length = fileContent(state, application.name, file.fid)?.length ?? 0
  return [
    encodeTlv(0x80, uintToBytes(length, 2)),
    encodeTlv(0x82, Uint8Array.of(0x01)), // transparent working EF
    encodeTlv(0x83, uintToBytes(file.fid, 2)),
    ...(file.sfi === undefined ? [] : [encodeTlv(0x88, Uint8Array.of(file.sfi << 3))]),
    encodeTlv(0x8a, Uint8Array.of(lifeCycleStatus(state, application))),
  ]
}

/** Data objects of a DF's control parameters. */
export function applicationParameters(state: CardState, application: ApplicationSpec): Uint8Array[] {
  if (application.name === 'pkcs15') return holderApplicationParameters(state, application)
  return [
    encodeTlv(0x82, Uint8Array.of(0x38)), // DF
    ...(application.fid === undefined ? [] : [encodeTlv(0x83, uintToBytes(application.fid, 2))]),
    ...(application.aid === undefined ? [] : [encodeTlv(0x84, application.aid)]),
    encodeTlv(0x8a, Uint8Array.of(lifeCycleStatus(state, application))),
  ]
}
