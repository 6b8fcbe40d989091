import { concatBytes, fromHex } from '@kart/codec'

/** Whole numbers from 0 to below what is asked, as of {@link seededNumbers}. */
export type Numbers = (below: number) => number

/** One command: mostly one of `known` (hex), else one cut, lengthened or changed in its first six bytes (CLA to one of `firstBytes`), or mere noise. */
export function drawCommand(next: Numbers, known: readonly string[], firstBytes: readonly number[]): Uint8Array {
  const kind = next(10)
  if (kind === 0) return Uint8Array.from({ length: next(24) }, () => next(256))
  const bytes = fromHex(known[next(known.length)]!)
  if (kind <= 6) return bytes
  if (kind === 7) return bytes.subarray(0, next(bytes.length + 1))
  if (kind === 8)
    return concatBytes(
      bytes,
      Uint8Array.from({ length: 1 + next(6) }, () => next(256)),
    )
  const other = bytes.slice()
  const at = next(Math.min(other.length, 6))
  other[at] = at === 0 ? firstBytes[next(firstBytes.length)]! : next(256)
  return other
}

/** What a card may answer: ISO/IEC 7816-4:2020, 5.6, tables 5 to 7; 6F00, which says nothing, is no answer to anything. */
export const interindustryStatus =
  /^(9000|61..|62(00|0[2-9]|[1-7].|80|8[1-8])|63(00|10|4[01]|81|c.)|64..|65(00|81)|6700|68(00|8[1-4])|69(00|8[1-8])|6a(00|8[0-9a])|6b00|6c..|6d00|6e00)$/
