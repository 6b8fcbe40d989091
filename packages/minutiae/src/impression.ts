import { InputError } from '@kart/codec'
import { cosSinTurns, SeededRandom } from './random.ts'
import { checkTemplate, type Minutia, type MinutiaeTemplate, maxMinutiae, minutiaeOf, templateFrom } from './template.ts'

/** How a second impression differs from the first; every field but the seed has a default that a fair live scan would show. */
export interface ImpressionOptions {
  /** The same seed, options and template give the same impression on every machine. */
  readonly seed: number
  /** Counter-clockwise as seen, degrees; default 8. */
  readonly rotationDegrees?: number
  /** Shift to the right and downwards, 1/100 mm; default [120, -80]. */
  readonly shift?: readonly [number, number]
  /** Greatest displacement of the elastic skin distortion, 1/100 mm; default 25. */
  readonly distortion?: number
  /** Share of minutiae that are lost, 0..1, poor ones first to go; default 0.15. */
  readonly lost?: number
  /** Share of false minutiae added, of the first impression's count, 0..1; default 0.1. */
  readonly spurious?: number
  /** Standard deviation of each coordinate's error, 1/100 mm; default 7. */
  readonly jitter?: number
  /** Standard deviation of the angle's error, degrees; default 3. */
  readonly angleJitterDegrees?: number
  /** Share of minutiae whose type is read as the other one, 0..1; default 0.05. */
  readonly typeFlips?: number
}

/** A made impression and what was done to make it. */
export interface Impression {
  readonly template: MinutiaeTemplate
  /** One sentence for people: that the impression is synthetic, and how it was made. */
  readonly description: string
  /** Per minutia, the index in the first impression, or -1 for a false one. */
  readonly source: Int16Array
}

const ranges = {
  rotationDegrees: [-360, 360],
  distortion: [0, 500],
  lost: [0, 1],
  spurious: [0, 1],
  jitter: [0, 200],
  angleJitterDegrees: [0, 90],
  typeFlips: [0, 1],
} as const

/**
 * A second impression of the same finger by a model of our own (house rule): rotation about the print's middle, shift, smooth elastic distortion, errors of
 * position, angle and type, minutiae lost and false ones found, in a new order. Synthetic: it shows that the matcher works, not how well it does on real
 * fingers. If a coordinate would be negative, the whole impression is moved just inside. Throws InputError for an option outside its range.
 */
export function makeImpression(template: MinutiaeTemplate, options: ImpressionOptions): Impression {
  checkTemplate(template)
  const shift = options.shift ?? [120, -80]
  const o = {
    rotationDegrees: options.rotationDegrees ?? 8,
    distortion: options.distortion ?? 25,
    lost: options.lost ?? 0.15,
    spurious: options.spurious ?? 0.1,
    jitter: options.jitter ?? 7,
    angleJitterDegrees: options.angleJitterDegrees ?? 3,
    typeFlips: options.typeFlips ?? 0.05,
  }
  if (!Number.isInteger(options.seed)) throw new InputError('seed', 'not an integer')
  for (const name of Object.keys(ranges) as (keyof typeof ranges)[])
    if (!(o[name] >= ranges[name][0] && o[name] <= ranges[name][1]))
      throw new InputError(name, `not in ${ranges[name][0]}..${ranges[name][1]}`)
  for (const part of shift) if (!(Math.abs(part) <= 5000)) throw new InputError('shift', 'not in -5000..5000')

  const random = new SeededRandom(options.seed)
  const first = minutiaeOf(template)
  const middle = middleOf(first)
  const distort = distortionField(random, o.distortion)
  const [cos, sin] = cosSinTurns(o.rotationDegrees / 360)
  const kept = dropMinutiae(first, o.lost, random)
  const made = kept.map((index): Made => {
    const m = first[index]!
    const dx = m.x - middle[0]
    const dy = m.y - middle[1]
    const [bendX, bendY, twist] = distort(dx, dy)
    const x = dx + bendX
    const y = dy + bendY
    return {
      index,
      // y runs downwards, so a counter-clockwise turn is (x cos + y sin, -x sin + y cos)
      x: middle[0] + x * cos + y * sin + shift[0] + o.jitter * random.normal(),
      y: middle[1] - x * sin + y * cos + shift[1] + o.jitter * random.normal(),
      turns: m.angle / 256 + o.rotationDegrees / 360 + twist + (o.angleJitterDegrees / 360) * random.normal(),
      type: random.uniform() < o.typeFlips && (m.type === 1 || m.type === 2) ? 3 - m.type : m.type,
      quality: m.quality === 0 ? 0 : clamp(m.quality + 8 * random.normal(), 1, 100),
    }
  })
  const graded = first.some(({ quality }) => quality > 0)
  const falseOnes = Math.min(Math.round(o.spurious * first.length), maxMinutiae - made.length)
  // A false minutia lies between two true ones, so inside the print.
  for (let i = 0, among = made.length; i < falseOnes && among > 0; i++) {
    const a = made[random.below(among)]!
    const b = made[random.below(among)]!
    const at = random.uniform()
    made.push({
      index: -1,
      x: a.x + at * (b.x - a.x) + 50 * random.normal(),
      y: a.y + at * (b.y - a.y) + 50 * random.normal(),
      turns: random.uniform(),
      type: 1 + random.below(2),
      quality: graded ? clamp(35 + 12 * random.normal(), 1, 100) : 0,
    })
  }
  shuffle(made, random)

  const insideX = -Math.min(0, ...made.map(({ x }) => Math.round(x)))
  const insideY = -Math.min(0, ...made.map(({ y }) => Math.round(y)))
  const minutiae = made.map(
    ({ x, y, turns, type, quality }): Minutia => ({
      x: clamp(x + insideX, 0, 32767),
      y: clamp(y + insideY, 0, 32767),
      angle: ((Math.round(turns * 256) % 256) + 256) % 256,
      type,
      quality,
    }),
  )
  const description =
    `Synthetic second impression made by Kart's impression model, not a live scan (seed ${options.seed}): ` +
    `rotated by ${o.rotationDegrees} degrees, shifted by ${shift[0] / 100} mm and ${shift[1] / 100} mm, distorted by up to ${o.distortion / 100} mm, ` +
    `${first.length - kept.length} of ${first.length} minutiae lost, ${made.length - kept.length} false ones added, ` +
    `position error ${o.jitter / 100} mm, angle error ${o.angleJitterDegrees} degrees.`
  return { template: templateFrom(minutiae), description, source: Int16Array.from(made, ({ index }) => index) }
}

interface Made {
  readonly index: number
  readonly x: number
  readonly y: number
  readonly turns: number
  readonly type: number
  readonly quality: number
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, Math.round(value)))
}

function middleOf(minutiae: readonly Minutia[]): readonly [number, number] {
  let x = 0
  let y = 0
  for (const m of minutiae) {
    x += m.x
    y += m.y
  }
  return minutiae.length === 0 ? [0, 0] : [x / minutiae.length, y / minutiae.length]
}

// The indices that stay, in order. Each minutia's chance to go falls from 1.5 times the average at quality 0 to half of it at 100.
function dropMinutiae(minutiae: readonly Minutia[], lost: number, random: SeededRandom): number[] {
  const fate = minutiae.map((m, index) => ({ index, luck: random.uniform() / (1.5 - (m.quality === 0 ? 50 : m.quality) / 100) }))
  fate.sort((a, b) => a.luck - b.luck || a.index - b.index)
  return fate
    .slice(Math.round(lost * minutiae.length))
    .map(({ index }) => index)
    .sort((a, b) => a - b)
}

// Three plane waves of 10 to 20 mm, each pushing in its own direction; together never beyond `most`. Also the turn of the ridges there, in turns.
function distortionField(random: SeededRandom, most: number): (x: number, y: number) => readonly [number, number, number] {
  const waves = Array.from({ length: 3 }, () => {
    const [alongX, alongY] = cosSinTurns(random.uniform())
    const [pushX, pushY] = cosSinTurns(random.uniform())
    return { alongX, alongY, pushX, pushY, length: 1000 + 1000 * random.uniform(), phase: random.uniform() }
  })
  return (x, y) => {
    let bendX = 0
    let bendY = 0
    let twist = 0
    for (const { alongX, alongY, pushX, pushY, length, phase } of waves) {
      const [slope, wave] = cosSinTurns((x * alongX + y * alongY) / length + phase)
      bendX += (most / 3) * pushX * wave
      bendY += (most / 3) * pushY * wave
      // half the curl of the field, which in radians is turns times 2 pi; the sign turns with y downwards
      twist += ((most / 3) * slope * (alongY * pushX - alongX * pushY)) / (2 * length)
    }
    return [bendX, bendY, twist]
  }
}

function shuffle<T>(list: T[], random: SeededRandom): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const kept = list[i]!
    list[i] = list[j]!
    list[j] = kept
  }
}
