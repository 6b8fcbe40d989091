import { InputError } from '@kart/codec'
import { compactCardCodec } from './card-formats.ts'
import {
  checkTemplate,
  limitMinutiae,
  type Minutia,
  type MinutiaeTemplate,
  type MinutiaOrder,
  minutiaeOf,
  sortMinutiae,
  templateFrom,
} from './template.ts'

/** What a card takes of a finger, as its biometric information template says (ISO/IEC 19794-2:2005, 8.5). */
export interface CardLimits {
  /** Most minutiae, 1..255. */
  readonly most: number
  /** The order that the card wants; the template's own unless told. */
  readonly order?: MinutiaOrder
  readonly descending?: boolean
}

/** 25.5 mm in 1/100 mm: what a byte of position holds. */
const reach = 2550

/**
 * The best minutiae of a finger within a card's limits, moved into the 25.5 mm square of the compact size card format and rounded to its steps, so that encoding loses nothing more: a print that is
 * wider loses its rim, minutiae that become equal are told once, the worst are left out (ISO/IEC 19794-2:2005, 8.4.2: quality, then nearness to the middle). Quality is gone, as the
 * format has none. Throws InputError for a limit that is none.
 */
export function cardTemplate(template: MinutiaeTemplate, { most, order, descending = false }: CardLimits): MinutiaeTemplate {
  checkTemplate(template)
  if (!Number.isInteger(most) || most < 1 || most > 255) throw new InputError('most', 'not in 1..255')
  const best = limitMinutiae(fitted(template), most)
  // Once more: the best begin elsewhere than all did.
  const rounded = compactCardCodec.decode(compactCardCodec.encode(fitted(best)))
  return order === undefined ? rounded : sortMinutiae(rounded, order, descending)
}

const fitted = (template: MinutiaeTemplate): MinutiaeTemplate => withoutDoubles(intoSquare(minutiaeOf(template)))

/** Moves the print so that it begins at 0, 0; of one that does not fit, the square around its middle. */
function intoSquare(minutiae: readonly Minutia[]): Minutia[] {
  const startX = startOf(minutiae.map(({ x }) => x))
  const startY = startOf(minutiae.map(({ y }) => y))
  return minutiae.flatMap((one) => {
    const [x, y] = [one.x - startX, one.y - startY]
    return x < 0 || x > reach || y < 0 || y > reach ? [] : [{ ...one, x, y }]
  })
}

function startOf(values: readonly number[]): number {
  if (values.length === 0) return 0
  const sorted = [...values].sort((a, b) => a - b)
  const [first, last, middle] = [sorted[0]!, sorted.at(-1)!, sorted[sorted.length >> 1]!]
  return last - first <= reach ? first : middle - reach / 2
}

/** The first of best quality of those that are one and the same once they are rounded. */
function withoutDoubles(minutiae: readonly Minutia[]): MinutiaeTemplate {
  const coded = compactCardCodec.encode(templateFrom(minutiae))
  const best = new Map<number, Minutia>()
  for (const [i, one] of minutiae.entries()) {
    const key = (coded[3 * i]! << 16) | (coded[3 * i + 1]! << 8) | coded[3 * i + 2]!
    const known = best.get(key)
    if (known === undefined || one.quality > known.quality) best.set(key, one)
  }
  return templateFrom([...best.values()])
}
