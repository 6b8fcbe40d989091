import { concatBytes, InputError, uintToBytes } from '@kart/codec'
import type { CardCommand } from '../card-command.ts'
import { atMost, type CommandLabel, makeCommand, noData } from './make-command.ts'

/** What SELECT asks the card to answer: nothing (P2 0C), the file control information template (00), the file control parameters (04). */
export type SelectAnswer = 'nothing' | 'fci' | 'fcp'

export interface SelectOptions extends CommandLabel {
  /** `nothing` unless told. */
  readonly answer?: SelectAnswer
}

const answerBits = { fci: 0x00, fcp: 0x04, nothing: 0x0c } as const satisfies Record<SelectAnswer, number>

function select(p1: number, data: Uint8Array, options: SelectOptions): CardCommand<Uint8Array> {
  const answer = options.answer ?? 'nothing'
  const ne = answer === 'nothing' ? 0 : 256
  // A card may answer a template although none was asked for; it is dropped rather than refused, as the selection itself went well.
  const parse = answer === 'nothing' ? () => noData : atMost(65536)
  return makeCommand({ ins: 0xa4, p1, p2: answerBits[answer], data, ne, parse, label: options.label })
}

/**
 * SELECT an application by its AID of 0..16 bytes; the empty AID means the default one, as GlobalPlatform asks for the issuer security domain
 * (ISO/IEC 7816-4:2020, 11.2). Gives back the answer's data, empty when none was asked for. Throws InputError for a longer AID.
 */
export function selectApplication(aid: Uint8Array, options: SelectOptions = {}): CardCommand<Uint8Array> {
  if (aid.length > 16) throw new InputError('aid', `${aid.length} bytes; at most 16 are allowed`)
  return select(0x04, aid.slice(), options)
}

function fidBytes(fid: number): Uint8Array {
  if (!Number.isInteger(fid) || fid < 0 || fid > 0xffff) throw new InputError('fid', 'not a 16-bit file identifier')
  return uintToBytes(fid, 2)
}

/**
 * SELECT an EF under the current DF by its file identifier (P1 02); `anyKind` also takes the MF or a DF (P1 00) (ISO/IEC 7816-4:2020, 11.2).
 * Throws InputError for an identifier that is not 16 bits.
 */
export function selectFile(fid: number, options: SelectOptions & { readonly anyKind?: boolean } = {}): CardCommand<Uint8Array> {
  return select(options.anyKind ? 0x00 : 0x02, fidBytes(fid), options)
}

/** SELECT the MF by its file identifier 3F00 (ISO/IEC 7816-4:2020, 11.2). */
export function selectMf(options: SelectOptions = {}): CardCommand<Uint8Array> {
  return select(0x00, fidBytes(0x3f00), { label: 'MF', ...options })
}

/**
 * SELECT by a path of 1..16 file identifiers (house bound), from the MF, whose own identifier is left out (P1 08), or from the current DF
 * (P1 09) (ISO/IEC 7816-4:2020, 11.2). Throws InputError for an empty or longer path.
 */
export function selectPath(
  path: readonly number[],
  options: SelectOptions & { readonly from?: 'mf' | 'current-df' } = {},
): CardCommand<Uint8Array> {
  if (path.length < 1 || path.length > 16) throw new InputError('path', 'not 1..16 file identifiers')
  return select(options.from === 'current-df' ? 0x09 : 0x08, concatBytes(...path.map(fidBytes)), options)
}
