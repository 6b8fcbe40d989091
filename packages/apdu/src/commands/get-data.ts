import { concatBytes, encodeTag, encodeTlv, InputError } from '@kart/codec'
import type { CardCommand } from '../card-command.ts'
import { atMost, type CommandLabel, makeCommand } from './make-command.ts'

export interface GetDataOptions extends CommandLabel {
  /** Most answer bytes, 1..65536; 256 unless told. */
  readonly ne?: number
}

/** GET DATA of one object with a tag of one or two bytes, in P1-P2 (ISO/IEC 7816-4:2020, 11.5, even INS). Gives back the answer's data as it came. Throws InputError. */
export function getData(tag: number, options: GetDataOptions = {}): CardCommand<Uint8Array> {
  if (!Number.isInteger(tag) || tag < 1 || tag > 0xffff) throw new InputError('tag', 'not a tag of one or two bytes')
  return makeCommand({ ins: 0xca, p1: tag >> 8, p2: tag & 0xff, ne: options.ne ?? 256, parse: atMost(65536), label: options.label })
}

/**
 * GET DATA by a tag list DO'5C' (ISO/IEC 7816-4:2020, 11.5, odd INS) from the file in P1-P2; `file` 3FFF, the current DF, unless told.
 * Gives back the answer's data as it came. Throws InputError.
 */
export function getDataByTagList(
  tags: readonly number[],
  options: GetDataOptions & { readonly file?: number } = {},
): CardCommand<Uint8Array> {
  if (tags.length === 0) throw new InputError('tags', 'is empty')
  const file = options.file ?? 0x3fff
  if (!Number.isInteger(file) || file < 0 || file > 0xffff) throw new InputError('file', 'not a 16-bit file identifier')
  const data = encodeTlv(0x5c, concatBytes(...tags.map(encodeTag)))
  return makeCommand({ ins: 0xcb, p1: file >> 8, p2: file & 0xff, data, ne: options.ne ?? 256, parse: atMost(65536), label: options.label })
}
