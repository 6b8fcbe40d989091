import { InputError } from '@kart/codec'
import { type Impression, makeImpression } from './impression.ts'
import { cosSinTurns, SeededRandom } from './random.ts'
import { type FlowPoint, ridgeFlow, turnsOf } from './ridge-flow.ts'
import { type MinutiaeTemplate, maxMinutiae, minutiaeOf, templateFrom } from './template.ts'

/** Whose templates the synthetic ones are like in count, spacing, steps of angle and quality: FingerJetFX OSE, NBIS mindtct or SourceAFIS. */
export type SyntheticManner = 'fjfx' | 'mindtct' | 'sourceafis'

/** How synthetic templates are made. */
export interface SyntheticOptions {
  /** Default `fjfx`. */
  readonly manner?: SyntheticManner
}

/** What every place that shows or stores synthetic templates must say of them. */
export const syntheticNotice =
  'Synthetic templates made by Kart’s model: they belong to no person, and rates measured on them are not those of real fingers.'

interface Manner {
  /** Minutiae a mm^2 of the print, and how much of that is the template's own. */
  readonly density: number
  readonly densitySpread: number
  /** Size of the region in which minutiae are found, of the print's. */
  readonly reach: number
  /** No two minutiae are nearer than this, 1/100 mm; up to twice as far, every second one is left out. */
  readonly spacing: number
  readonly endings: number
  /** Steps of angle in a turn. */
  readonly steps: number
  /** Spread of the angle about the ridge, 1/256 turn, and share of minutiae that point anywhere. */
  readonly angleSpread: number
  readonly astray: number
  /** Quality at 0, 5, 25, 50, 75, 95 and 100 % of the minutiae, or none. */
  readonly quality: readonly number[] | undefined
  /** How strongly quality falls to the border, 0 not. */
  readonly border: number
}

// Fitted to the sets of docs/synthetic.md by eye of that table: bench/statistics.mjs prints it again.
const manners = {
  fjfx: {
    density: 0.29,
    densitySpread: 0.3,
    reach: 1,
    spacing: 20,
    endings: 0.6,
    steps: 256,
    angleSpread: 7,
    astray: 0.12,
    quality: [40, 44, 61, 75, 85, 94, 100],
    border: 0,
  },
  mindtct: {
    density: 0.265,
    densitySpread: 0.2,
    reach: 1.08,
    spacing: 32,
    endings: 0.7,
    steps: 32,
    angleSpread: 6,
    astray: 0.05,
    quality: [4, 9, 15, 55, 79, 92, 99],
    border: 1,
  },
  sourceafis: {
    density: 0.235,
    densitySpread: 0.22,
    reach: 0.92,
    spacing: 32,
    endings: 0.58,
    steps: 256,
    angleSpread: 8,
    astray: 0.1,
    quality: undefined,
    border: 0,
  },
} as const satisfies Record<SyntheticManner, Manner>

const shares = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]

/** About normal from one draw: mean 0, standard deviation 1, never beyond 3.5; the sum of four bytes. */
function draw(random: SeededRandom): number {
  const word = random.next()
  return ((word & 0xff) + ((word >>> 8) & 0xff) + ((word >>> 16) & 0xff) + (word >>> 24) - 510) / 147.8
}

function between(low: number, value: number, high: number): number {
  return Math.max(low, Math.min(value, high))
}

const point: FlowPoint = { cos: 1, sin: 0 }
// The print's own frame, 1/100 mm from its middle, x right, y up.
const placedX = new Float64Array(maxMinutiae)
const placedY = new Float64Array(maxMinutiae)

/**
 * A finger's template by a model of our own (house rule), for galleries of any size: the same seed and options give the same template on every machine.
 *
 * An arch, loop or whorl (in their natural shares) gives the ridge flow, from its cores and deltas (Sherlock and Monro, 1993) with the bend of a fingertip added;
 * minutiae are strewn over an oval print of random size and density, never too near to each other, along the ridges, with the quality that the chosen
 * extractor reports. Positions are whole pixels of 197 a cm (500 dpi), at most 499. How near the statistics are to real ones: docs/synthetic.md. Synthetic: see
 * {@link syntheticNotice}. `seed`: an integer, of which the low 32 bits count. Throws InputError for any other.
 */
export function syntheticTemplate(seed: number, options: SyntheticOptions = {}): MinutiaeTemplate {
  if (!Number.isInteger(seed)) throw new InputError('seed', 'not an integer')
  const manner: Manner = manners[options.manner ?? 'fjfx']
  // Another stream than that of the impressions, so that a finger and an impression of the same seed have nothing in common.
  const random = new SeededRandom(seed ^ 0x53594e54)
  const flow = ridgeFlow(random)
  const wide = between(380, 645 + 75 * draw(random), 800) * manner.reach
  const high = between(480, wide * (1.36 + 0.13 * draw(random)), 1120)
  const density = manner.density * between(0.45, 1 + manner.densitySpread * draw(random), 2.5)
  const wanted = between(4, Math.round((density * Math.PI * wide * high) / 10000 + 2.5 * draw(random)), maxMinutiae)
  const finger = draw(random)
  const [cos, sin] = cosSinTurns(0.02 * draw(random))
  const middleX = 1000 + 80 * draw(random)
  const middleY = 1270 + 60 * draw(random)

  const x = new Int16Array(wanted)
  const y = new Int16Array(wanted)
  const angle = new Uint8Array(wanted)
  const type = new Uint8Array(wanted)
  const quality = new Uint8Array(wanted)
  const nearest = manner.spacing * manner.spacing
  const step = 256 / manner.steps
  let count = 0
  for (let tries = 20 * wanted; count < wanted && tries > 0; tries--) {
    const u = 2 * random.uniform() - 1
    const v = 2 * random.uniform() - 1
    const out = u * u + v * v
    if (out > 1) continue
    const px = u * wide
    const py = v * high
    let least = 4 * nearest
    for (let i = 0; i < count; i++) {
      const dx = placedX[i]! - px
      const dy = placedY[i]! - py
      const d2 = dx * dx + dy * dy
      if (d2 < least) least = d2
    }
    if (least < nearest || (least < 4 * nearest && (random.next() & 1) === 0)) continue
    placedX[count] = px
    placedY[count] = py

    flow(px, py, point)
    let turns = turnsOf(point.cos, point.sin) / 2
    // More minutiae point down the finger, and inwards at its sides, than the other way.
    const [ridgeX, ridgeY] = cosSinTurns(turns)
    const word = random.next()
    if (ridgeX * -u + ridgeY * -0.7 < 0 !== (word & 0xff) < 76) turns += 0.5
    turns += (manner.angleSpread / 256) * draw(random)
    if (((word >>> 8) & 0xff) < 256 * manner.astray) turns = (word >>> 16) / 65536
    // The finger lies a little turned: its frame is carried into the image's, y downwards, in whole pixels.
    const imageX = between(0, Math.round((middleX + px * cos - py * sin) * 0.197), 499)
    const imageY = between(0, Math.round((middleY - px * sin - py * cos) * 0.197), 499)
    x[count] = Math.round(imageX / 0.197)
    y[count] = Math.round(imageY / 0.197)
    angle[count] = Math.round(Math.round(((turns + turnsOf(cos, sin)) * 256) / step) * step) & 0xff
    type[count] = random.uniform() < manner.endings ? 1 : 2
    if (manner.quality !== undefined) quality[count] = gradeOf(manner.quality, random.uniform(), manner.border * (out - 0.5), finger)
    count++
  }
  const cut = <T extends Int16Array | Uint8Array>(array: T): T => (count === wanted ? array : array.slice(0, count)) as T
  return { count, x: cut(x), y: cut(y), angle: cut(angle), type: cut(type), quality: cut(quality) }
}

// The quality at share `at`, pulled down by `border` (-0.5..0.5 at most) and shifted with the finger's own.
function gradeOf(quantiles: readonly number[], at: number, border: number, finger: number): number {
  const share = between(0, border > 0 ? at * (1 - border) : at - border * (1 - at), 0.999)
  let k = 0
  while (share >= shares[k + 1]!) k++
  const low = quantiles[k]!
  const grade = low + ((share - shares[k]!) / (shares[k + 1]! - shares[k]!)) * (quantiles[k + 1]! - low)
  return between(1, Math.round(grade + 3 * finger), 100)
}

/**
 * Another impression of the same finger, as a fair sensor might see it on another day: {@link makeImpression} with its rotation, shift, distortion, errors and losses
 * drawn from the seed, and in half of the cases what lies beyond the first impression's frame cut off, as a small sensor does.
 */
export function syntheticImpression(template: MinutiaeTemplate, seed: number): Impression {
  if (!Number.isInteger(seed)) throw new InputError('seed', 'not an integer')
  const random = new SeededRandom(seed ^ 0x494d5052)
  const whole = makeImpression(template, {
    seed,
    rotationDegrees: 8 * draw(random),
    shift: [Math.round(150 * draw(random)), Math.round(170 * draw(random))],
    distortion: 20 + 35 * random.uniform(),
    lost: 0.1 + 0.3 * random.uniform(),
    spurious: 0.1 + 0.25 * random.uniform(),
    jitter: 5 + 4 * random.uniform(),
    angleJitterDegrees: 3 + 4 * random.uniform(),
    typeFlips: 0.15,
  })
  if (random.uniform() < 0.5 || template.count === 0) return whole
  const right = template.x.reduce((most, value) => Math.max(most, value))
  const bottom = template.y.reduce((most, value) => Math.max(most, value))
  const left = template.x.reduce((least, value) => Math.min(least, value))
  const top = template.y.reduce((least, value) => Math.min(least, value))
  const kept = minutiaeOf(whole.template).flatMap((m, i) => (m.x >= left && m.x <= right && m.y >= top && m.y <= bottom ? [i] : []))
  const all = minutiaeOf(whole.template)
  return {
    template: templateFrom(kept.map((i) => all[i]!)),
    description: `${whole.description} Of its ${whole.template.count} minutiae, ${whole.template.count - kept.length} beyond the sensor's edge were cut off.`,
    source: Int16Array.from(kept, (i) => whole.source[i]!),
  }
}
