import { InputError } from '@kart/codec'

/**
 * The minutiae of one finger view, free of any format: what every format decodes to and what the matcher takes.
 *
 * Axes as in ISO/IEC 19794-2:2005, 6.4: origin at the image's upper left corner, x to the right, y downwards. Angles run counter-clockwise as seen,
 * from the positive x axis, so the direction of angle a is (cos a, -sin a) in these coordinates.
 */
export interface MinutiaeTemplate {
  /** Number of minutiae, 0..255; every array has this length. */
  readonly count: number
  /** 1/100 mm, to the right. */
  readonly x: Int16Array
  /** 1/100 mm, downwards. */
  readonly y: Int16Array
  /** 1/256 turn, counter-clockwise. */
  readonly angle: Uint8Array
  /** 0 other, 1 ridge ending, 2 ridge bifurcation, 3 reserved (ISO/IEC 19794-2:2005, 7.5.2.2). */
  readonly type: Uint8Array
  /** 1..100, or 0 where the format or the extractor reports none. */
  readonly quality: Uint8Array
}

/** One minutia in the units of {@link MinutiaeTemplate}. */
export interface Minutia {
  readonly x: number
  readonly y: number
  readonly angle: number
  readonly type: number
  readonly quality: number
}

/** Most minutiae of one view: the count is one byte (ISO/IEC 19794-2:2005, 7.4.2.5). */
export const maxMinutiae = 255

/** Gathers minutiae into a template; throws InputError for more than 255 or a value outside its range. */
export function templateFrom(minutiae: readonly Minutia[]): MinutiaeTemplate {
  const count = minutiae.length
  if (count > maxMinutiae) throw new InputError('minutiae', `more than ${maxMinutiae}`)
  const x = new Int16Array(count)
  const y = new Int16Array(count)
  const angle = new Uint8Array(count)
  const type = new Uint8Array(count)
  const quality = new Uint8Array(count)
  for (const [i, minutia] of minutiae.entries()) {
    x[i] = within(minutia.x, -32768, 32767, 'x')
    y[i] = within(minutia.y, -32768, 32767, 'y')
    angle[i] = within(minutia.angle, 0, 255, 'angle')
    type[i] = within(minutia.type, 0, 3, 'type')
    quality[i] = within(minutia.quality, 0, 100, 'quality')
  }
  return { count, x, y, angle, type, quality }
}

/** The minutiae of a template as a list. */
export function minutiaeOf(template: MinutiaeTemplate): Minutia[] {
  return Array.from({ length: template.count }, (_, i) => ({
    x: template.x[i]!,
    y: template.y[i]!,
    angle: template.angle[i]!,
    type: template.type[i]!,
    quality: template.quality[i]!,
  }))
}

function within(value: number, low: number, high: number, field: string): number {
  if (!Number.isInteger(value) || value < low || value > high) throw new InputError(`minutia ${field}`, `not an integer in ${low}..${high}`)
  return value
}

/** Throws InputError when the arrays of a template do not agree with its count, or hold more than 255 minutiae. */
export function checkTemplate(template: MinutiaeTemplate): void {
  const { count, x, y, angle, type, quality } = template
  if (!Number.isInteger(count) || count < 0 || count > maxMinutiae) throw new InputError('template count', `not in 0..${maxMinutiae}`)
  for (const array of [x, y, angle, type, quality])
    if (array.length !== count)
      throw new InputError('template', `arrays of unequal length: ${array.length} where ${count} minutiae are counted`)
}

/** How a card wants its minutiae ordered (ISO/IEC 19794-2:2005, 8.5.2). */
export type MinutiaOrder = 'x-then-y' | 'y-then-x' | 'angle' | 'polar'

/**
 * What an order is called by the byte that a card gives it (DO'82' in DO'B1'; ISO/IEC 19794-2:2005, 8.5.2); undefined where any order will do. Throws InputError for a byte that names none.
 */
export function minutiaOrderOf(byte: number): { readonly order: MinutiaOrder; readonly descending: boolean } | undefined {
  const by = (byte >> 2) & 0x07
  if (by === 0) return undefined
  const order = (['x-then-y', 'y-then-x', 'angle', 'polar'] as const)[by - 1]
  const direction = byte & 0x03
  if (order === undefined || (direction !== 1 && direction !== 2)) throw new InputError('order', 'is no order of minutiae')
  return { order, descending: direction === 2 }
}

/**
 * The same minutiae in another order (ISO/IEC 19794-2:2005, 8.5.2). Ties keep the template's own order.
 * `polar` goes by distance from the centre of mass, then by angle around it as the standard's polar coordinates do.
 */
export function sortMinutiae(template: MinutiaeTemplate, order: MinutiaOrder, descending = false): MinutiaeTemplate {
  const minutiae = minutiaeOf(template)
  const [centreX, centreY] = centreOfMass(minutiae)
  const keys = minutiae.map((m): readonly [number, number] => {
    if (order === 'x-then-y') return [m.x, m.y]
    if (order === 'y-then-x') return [m.y, m.x]
    if (order === 'angle') return [m.angle, 0]
    const dx = m.x - centreX
    const dy = centreY - m.y
    return [dx * dx + dy * dy, pseudoAngle(dx, dy)]
  })
  const sign = descending ? -1 : 1
  const indices = minutiae.map((_, i) => i).sort((a, b) => sign * (keys[a]![0] - keys[b]![0] || keys[a]![1] - keys[b]![1]) || a - b)
  return templateFrom(indices.map((i) => minutiae[i]!))
}

/**
 * At most `limit` minutiae, for a card that takes no more: the worst go first, by quality, then by distance from the centre of mass, ridge endings before
 * others, larger angle first (ISO/IEC 19794-2:2005, 8.4.2). The order of those that stay is kept.
 */
export function limitMinutiae(template: MinutiaeTemplate, limit: number): MinutiaeTemplate {
  if (!Number.isInteger(limit) || limit < 0) throw new InputError('limit', 'not a count')
  if (template.count <= limit) return template
  const minutiae = minutiaeOf(template)
  const [centreX, centreY] = centreOfMass(minutiae)
  const distance = minutiae.map((m) => (m.x - centreX) ** 2 + (m.y - centreY) ** 2)
  const best = minutiae.map((_, i) => i)
  best.sort((a, b) => {
    const p = minutiae[a]!
    const q = minutiae[b]!
    const ending = Number(p.type === 1) - Number(q.type === 1)
    return q.quality - p.quality || distance[a]! - distance[b]! || ending || p.angle - q.angle || a - b
  })
  const kept = best.slice(0, limit).sort((a, b) => a - b)
  return templateFrom(kept.map((i) => minutiae[i]!))
}

function centreOfMass(minutiae: readonly Minutia[]): readonly [number, number] {
  let sumX = 0
  let sumY = 0
  for (const { x, y } of minutiae) {
    sumX += x
    sumY += y
  }
  const count = Math.max(1, minutiae.length)
  return [Math.round(sumX / count), Math.round(sumY / count)]
}

// Grows with the angle of (x, y) over one turn, 0..4, with exact arithmetic only: Math.atan2 may differ between machines.
function pseudoAngle(x: number, y: number): number {
  if (x === 0 && y === 0) return 0
  const along = x / (Math.abs(x) + Math.abs(y))
  return y >= 0 ? 1 - along : 3 + along
}
