import type { ImageFrame } from './record.ts'
import { checkTemplate, type MinutiaeTemplate } from './template.ts'

/** What may be wrong with a template; see {@link inspectTemplate}. */
export type ConcernCode =
  | 'too-few-minutiae'
  | 'few-minutiae'
  | 'odd-resolution'
  | 'outside-image'
  | 'duplicates'
  | 'one-angle'
  | 'grid'
  | 'too-dense'
  | 'too-large'

/** One finding about a template. */
export interface TemplateConcern {
  readonly code: ConcernCode
  /** Whether a comparison would mean nothing; else it is only less certain. */
  readonly unusable: boolean
  /** In plain words, with the figure found. */
  readonly detail: string
}

// House rules, each far beyond what 2,567 real templates of six sensors and three extractors show (docs/matcher.md, Formats); in brackets their most extreme.
const limits = {
  /** Fewest minutiae that tell fingers apart at all, and fewest that do it well. */
  fewest: 6,
  few: 12,
  /** Pixels a cm: 200 to 2,000 dpi; below 480 dpi minutiae are placed less surely. */
  lowestResolution: 79,
  fineResolution: 189,
  highestResolution: 788,
  /** Share of minutiae outside the image [none]. */
  outside: 0.1,
  /** Share of minutiae that lie within 0.06 mm of another [0.07]. */
  duplicates: 0.25,
  duplicateDistance: 6,
  /** Share of minutiae within 6 degrees of one angle [0.42]. */
  oneAngle: 0.6,
  angleWidth: 4,
  /** Spread of the distances to the nearest neighbour over their mean [0.27]: a lattice has hardly any. */
  grid: 0.15,
  /** Median distance to the nearest neighbour, 1/100 mm [41]: half a ridge period is about 23. */
  dense: 20,
  /** Largest side, 1/100 mm [2,397]: no finger's print is 5 cm long. */
  size: 5000,
  /** Fewest minutiae for the rules on angles and on distances. */
  forAngles: 12,
  forDistances: 20,
} as const

/**
 * What speaks against comparing a template: too few minutiae, a resolution that no sensor has, minutiae outside the image, many in one place or of one angle, a lattice, a density or size that no finger has. Such
 * templates come from damaged records, wrong units, or an attacker (a grid of minutiae is meant to match everyone). Worst first; empty for a sound template. `frame`, where known, is the image of the record that
 * the template came from. Work is bounded: at most 255 x 255 distances. Throws InputError when the template's arrays do not agree.
 */
export function inspectTemplate(template: MinutiaeTemplate, frame?: ImageFrame): TemplateConcern[] {
  checkTemplate(template)
  const { count, x, y } = template
  const found: TemplateConcern[] = []
  const add = (code: ConcernCode, unusable: boolean, detail: string) => found.push({ code, unusable, detail })
  const percent = (share: number) => `${Math.round(100 * share)} %`
  if (count < limits.fewest) add('too-few-minutiae', true, `too few minutiae: ${count}, where ${limits.fewest} are the least`)
  else if (count < limits.few) add('few-minutiae', false, `only ${count} minutiae: the score is less certain`)
  if (frame !== undefined) inspectFrame(template, frame, add)
  if (count >= limits.fewest) {
    const wide = Math.max(...x) - Math.min(...x)
    const high = Math.max(...y) - Math.min(...y)
    if (Math.max(wide, high) > limits.size)
      add(
        'too-large',
        true,
        `the minutiae spread over ${Math.round(wide / 100)} x ${Math.round(high / 100)} mm, larger than any finger: is the resolution right?`,
      )
  }
  const nearest = nearestDistances(template)
  const double = nearest.filter((distance) => distance <= limits.duplicateDistance).length / Math.max(1, count)
  if (count >= limits.fewest && double > limits.duplicates) add('duplicates', true, `${percent(double)} of the minutiae lie on another one`)
  if (count >= limits.forDistances) {
    const mean = nearest.reduce((sum, distance) => sum + distance, 0) / count
    const spread = Math.sqrt(nearest.reduce((sum, distance) => sum + (distance - mean) ** 2, 0) / count)
    if (spread < limits.grid * mean) add('grid', true, 'the minutiae lie on a grid, all equally far from each other: no finger has that')
    const median = [...nearest].sort((a, b) => a - b)[count >> 1]!
    if (median < limits.dense && double <= limits.duplicates)
      add('too-dense', true, `the minutiae lie ${(median / 100).toFixed(2)} mm apart, nearer than ridges do: is the resolution right?`)
  }
  if (count >= limits.forAngles) {
    const share = mostOneWay(template.angle) / count
    if (share > limits.oneAngle) add('one-angle', true, `${percent(share)} of the minutiae point the same way`)
  }
  return found.sort((a, b) => Number(b.unusable) - Number(a.unusable))
}

function inspectFrame(
  { count, x, y }: MinutiaeTemplate,
  { width, height, resolutionX, resolutionY }: ImageFrame,
  add: (code: ConcernCode, unusable: boolean, detail: string) => void,
): void {
  const lowest = Math.min(resolutionX, resolutionY)
  const highest = Math.max(resolutionX, resolutionY)
  const named = `${resolutionX} x ${resolutionY} pixels a cm`
  if (lowest < limits.lowestResolution || highest > limits.highestResolution)
    add('odd-resolution', true, `a resolution of ${named}, which no fingerprint sensor has (500 dpi is 197)`)
  else if (lowest < limits.fineResolution) add('odd-resolution', false, `a resolution of ${named}, below the usual 197 (500 dpi)`)
  if (width === 0 || height === 0) return
  let outside = 0
  // half a pixel more, because positions were rounded to 1/100 mm
  for (let i = 0; i < count; i++) if (x[i]! * resolutionX >= 1000 * width || y[i]! * resolutionY >= 1000 * height) outside++
  if (outside > 0)
    add(
      'outside-image',
      outside > limits.outside * count,
      `${outside} of ${count} minutiae lie outside the image of ${width} x ${height} pixels`,
    )
}

function nearestDistances({ count, x, y }: MinutiaeTemplate): number[] {
  const nearest = new Array<number>(count).fill(Number.POSITIVE_INFINITY)
  for (let i = 0; i < count; i++)
    for (let j = 0; j < i; j++) {
      const squared = (x[i]! - x[j]!) ** 2 + (y[i]! - y[j]!) ** 2
      if (squared < nearest[i]!) nearest[i] = squared
      if (squared < nearest[j]!) nearest[j] = squared
    }
  return nearest.map(Math.sqrt)
}

/** Most minutiae whose angles lie within `angleWidth` of one of them. */
function mostOneWay(angles: Uint8Array): number {
  let most = 0
  for (const centre of angles) {
    let near = 0
    for (const angle of angles) if (((angle - centre + limits.angleWidth) & 0xff) <= 2 * limits.angleWidth) near++
    most = Math.max(most, near)
  }
  return most
}
