import { compare, type MatchResult, type MatchTrace, prepare, type ThresholdName, type TraceStage, thresholds } from '@kart/matcher'
import type { MinutiaeTemplate } from '@kart/minutiae'
import { html, join, type Markup } from './html.ts'
import { classifyMinutiae, type Fate } from './minutia-fates.ts'
import { type ScorePart, scoreParts } from './score-parts.ts'

/** A comparison with all that is needed to explain it. */
export interface MatchExplanation {
  readonly probe: MinutiaeTemplate
  readonly candidate: MinutiaeTemplate
  readonly threshold: ThresholdName
  readonly result: MatchResult
  readonly trace: MatchTrace
  /** Why one of the templates should not be compared at all, in words; empty when none should be said. */
  readonly concerns: readonly string[]
}

/** Compares two templates and keeps every stage. */
export function explainMatch(
  probe: MinutiaeTemplate,
  candidate: MinutiaeTemplate,
  threshold: ThresholdName,
  concerns: readonly string[] = [],
): MatchExplanation {
  const trace: MatchTrace = { stages: [] }
  const result = compare(prepare(probe), prepare(candidate), trace)
  return { probe, candidate, threshold, result, trace, concerns }
}

interface Point {
  readonly x: number
  readonly y: number
}

const width = 1240
const panel = { top: 130, width: 396, height: 520, gap: 16, left: 10 }
const fates = {
  matched: 'paired: the number is the same in both prints',
  missed: 'no partner, though the other print covers its place: lost or spurious',
  outside: 'outside the other print: does not count',
  unused: 'not compared: too many, or a double',
} as const satisfies Record<Fate, string>

/** What a comparison came to, in a few words. */
export function describeOutcome({ result, threshold }: MatchExplanation): { verdict: 'same' | 'other' | 'undecided'; words: string } {
  if (result.status === 'too-few-minutiae') return { verdict: 'undecided', words: 'Too few minutiae to compare' }
  return result.score >= thresholds[threshold] ? { verdict: 'same', words: 'The same finger' } : { verdict: 'other', words: 'No match' }
}

/**
 * Draws a comparison and what its score is made of: the enrolled finger, the live finger, both laid over each other as the matcher aligned them, with pairs numbered, lost and spurious minutiae told from those that lie
 * outside the other print, and below each part of the score in plain words, beside what is usual for one finger and for two. A whole SVG document.
 */
export function drawExplanation(explanation: MatchExplanation): string {
  const { probe, candidate, result, threshold } = explanation
  const carry = carryOf(result)
  const live = pointsOf(probe)
  const enrolled = pointsOf(candidate)
  const moved = live.map(carry)
  const fate = classifyMinutiae(moved, enrolled, result.pairs, explanation.trace)
  const numbers = new Map(result.pairs.map((pair, k) => [pair, k + 1]))
  const numberOf = (side: 'probe' | 'candidate') => new Map([...numbers].map(([pair, number]) => [pair[side], number]))
  const turn = ((result.alignment?.rotationDegrees ?? 0) * Math.PI) / 180
  const both = boundsOf([...enrolled, ...moved])
  const scaleOf = (...boxes: readonly ReturnType<typeof boundsOf>[]) =>
    Math.min(...boxes.map((box) => Math.min((panel.width - 40) / box.width, (panel.height - 40) / box.height)))
  // The two prints share a scale, so that they can be compared by eye.
  const scale = scaleOf(boundsOf(enrolled), boundsOf(live))
  const draw = (
    points: readonly Point[],
    template: MinutiaeTemplate,
    role: 'enrolled' | 'live',
    rotate: number,
    labelled: boolean,
  ): Markup => {
    const labels = numberOf(role === 'live' ? 'probe' : 'candidate')
    const kinds = role === 'live' ? fate.probe : fate.candidate
    return join(
      points.map((at, i) =>
        minutia(
          at,
          (template.angle[i]! / 256) * 2 * Math.PI + rotate,
          template.type[i]!,
          `${role} ${kinds[i]!}`,
          labelled ? labels.get(i) : undefined,
          scale,
        ),
      ),
    )
  }
  const links = join(
    result.pairs.map(({ probe: p, candidate: c }) => {
      const [from, to] = [moved[p]!, enrolled[c]!]
      return html`<line class="link" x1="${from.x.toFixed(0)}" y1="${from.y.toFixed(0)}" x2="${to.x.toFixed(0)}" y2="${to.y.toFixed(0)}"/>`
    }),
  )
  const outlines = join([
    html`<polygon class="print enrolled-print" points="${pathOf(fate.candidateHull)}"/>`,
    html`<polygon class="print live-print" points="${pathOf(fate.probeHull)}"/>`,
  ])
  const count = (kinds: readonly Fate[], fateWanted: Fate) => kinds.filter((kind) => kind === fateWanted).length
  const lost = count(fate.candidate, 'missed')
  const spurious = count(fate.probe, 'missed')
  const { verdict, words } = describeOutcome(explanation)
  const parts = scoreParts(explanation.trace, result, { lost, spurious })
  const legendTop = panel.top + panel.height + 30
  const partsTop = legendTop + 78
  const height = partsTop + 34 + 44 * Math.max(1, parts.length) + 30 + 18 * explanation.concerns.length
  const title =
    result.status === 'scored'
      ? `${words}: score ${result.score}, threshold ${thresholds[threshold]} (${threshold})`
      : `${words}: ${probe.count} and ${candidate.count}`
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif" font-size="13"><title>${title}</title><style>${{ markup: style }}</style><rect class="ground" width="${width}" height="${height}"/>
<text class="verdict ${verdict}" x="10" y="44">${words}</text>${join(summary(explanation).map((line, k) => html`<text class="soft" x="10" y="${70 + 18 * k}">${line}</text>`))}${gauge(result, threshold)}
${box(0, `enrolled finger: ${candidate.count} minutiae, ${lost} lost in the live print`, boundsOf(enrolled), scale, draw(enrolled, candidate, 'enrolled', 0, true))}${box(1, `live finger: ${probe.count} minutiae, ${spurious} spurious`, boundsOf(live), scale, draw(live, probe, 'live', 0, true))}${box(2, `laid over each other: ${result.pairs.length} pairs joined`, both, scaleOf(both), join([outlines, draw(enrolled, candidate, 'enrolled', 0, false), draw(moved, probe, 'live', turn, false), links]))}
${legend(legendTop)}
<text class="heading" x="10" y="${partsTop}">What the score is made of</text><text class="soft" x="${barLeft + 0.2 * barWidth}" y="${partsTop + 8}" text-anchor="middle">usual for two fingers</text><text class="soft" x="${barLeft + 0.8 * barWidth}" y="${partsTop + 8}" text-anchor="middle">usual for one finger</text>${join(parts.map((part, k) => partRow(part, partsTop + 34 + 44 * k)))}${parts.length === 0 ? html`<text class="soft" x="10" y="${partsTop + 30}">Nothing was scored.</text>` : undefined}${join(explanation.concerns.map((concern, k) => html`<text class="other" x="10" y="${height - 14 - 18 * k}">${concern}</text>`))}</svg>`
    .markup
}

const style = `.ground{fill:#fff}text{fill:#25303b}.soft{fill:#5d6a78;font-size:12px}.heading{font-size:16px;font-weight:600}.verdict{font-size:28px;font-weight:700}.same{fill:#1d8a4b}.other{fill:#c0322b}.undecided{fill:#8a6d00}.frame{fill:#fbfcfd;stroke:#c9ced6}.enrolled{stroke:#1b5fa8;fill:none}.live{stroke:#d9642c;fill:none}.minutia{stroke-width:7}.matched.enrolled .mark{fill:#1b5fa833}.matched.live .mark{fill:#d9642c33}.missed .mark{stroke-dasharray:none;fill:#fff}.missed{stroke-width:9}.missed .cross{stroke:#c0322b;stroke-width:8}.outside{opacity:.35}.unused{opacity:.18}.link{stroke:#1d8a4b;stroke-width:12;stroke-linecap:round}.print{stroke-width:6;stroke-dasharray:24 18}.enrolled-print{fill:#1b5fa80d;stroke:#1b5fa866}.live-print{fill:#d9642c0d;stroke:#d9642c66}.number{stroke:#fbfcfd;stroke-width:14;paint-order:stroke;fill:#25303b}.bar{fill:#eef1f4}.tick{stroke:#5d6a78;stroke-width:1.5}.for{fill:#1d8a4b}.against{fill:#c0322b}.between{fill:#8a6d00}`

function pointsOf(template: MinutiaeTemplate): Point[] {
  return Array.from({ length: template.count }, (_, i) => ({ x: template.x[i]!, y: template.y[i]! }))
}

/** How the matcher laid the live finger onto the enrolled one; the identity where it could not. */
function carryOf({ alignment }: MatchResult): (point: Point) => Point {
  if (alignment === undefined) return (point) => point
  const turn = (alignment.rotationDegrees * Math.PI) / 180
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)]
  const [px, py] = alignment.pivot
  const [tx, ty] = alignment.target
  // counter-clockwise as seen, y downwards
  return ({ x, y }) => ({ x: tx + (x - px) * cos + (y - py) * sin, y: ty - (x - px) * sin + (y - py) * cos })
}

function boundsOf(points: readonly Point[]): { x: number; y: number; width: number; height: number } {
  if (points.length === 0) return { x: 0, y: 0, width: 100, height: 100 }
  const margin = 70
  const xs = points.map(({ x }) => x)
  const ys = points.map(({ y }) => y)
  const x = Math.min(...xs) - margin
  const y = Math.min(...ys) - margin
  return { x, y, width: Math.max(...xs) + margin - x, height: Math.max(...ys) + margin - y }
}

const pathOf = (points: readonly Point[]) => points.map(({ x, y }) => `${x.toFixed(0)},${y.toFixed(0)}`).join(' ')

/** A minutia: a ring for an ending, a square for a bifurcation, a rhomb for others, and a line where it points. Missed ones are crossed out. */
function minutia(at: Point, direction: number, type: number, kind: string, number: number | undefined, scale: number): Markup {
  const [x, y] = [Math.round(at.x), Math.round(at.y)]
  const r = 20
  const mark =
    type === 1
      ? html`<circle class="mark" cx="${x}" cy="${y}" r="${r}"/>`
      : type === 2
        ? html`<rect class="mark" x="${x - r + 2}" y="${y - r + 2}" width="${2 * r - 4}" height="${2 * r - 4}"/>`
        : html`<path class="mark" d="M${x - r} ${y}L${x} ${y - r}L${x + r} ${y}L${x} ${y + r}Z"/>`
  const cross = kind.endsWith('missed') ? html`<path class="cross" d="M${x - 14} ${y - 14}l28 28m0 -28l-28 28"/>` : undefined
  const label =
    number === undefined
      ? undefined
      : html`<text class="number" stroke-linejoin="round" font-size="${(11 / scale).toFixed(0)}" x="${(x - 26 * Math.cos(direction)).toFixed(0)}" y="${(y + 26 * Math.sin(direction) + 3.5 / scale).toFixed(0)}" text-anchor="${Math.cos(direction) > 0 ? 'end' : 'start'}">${number}</text>`
  return html`<g class="minutia ${kind}">${mark}<line x1="${x}" y1="${y}" x2="${(x + 58 * Math.cos(direction)).toFixed(0)}" y2="${(y - 58 * Math.sin(direction)).toFixed(0)}"/>${cross}${label}</g>`
}

function box(column: number, title: string, bounds: ReturnType<typeof boundsOf>, scale: number, content: Markup): Markup {
  const left = panel.left + column * (panel.width + panel.gap)
  const dx = left + (panel.width - bounds.width * scale) / 2
  const dy = panel.top + (panel.height - bounds.height * scale) / 2
  return html`<text x="${left}" y="${panel.top - 9}">${title}</text><rect class="frame" x="${left}" y="${panel.top}" width="${panel.width}" height="${panel.height}"/><path class="tick" fill="none" d="M${left + 10} ${panel.top + panel.height - 14}v6h${(500 * scale).toFixed(1)}v-6"/><text class="soft" x="${(left + 16 + 500 * scale).toFixed(1)}" y="${panel.top + panel.height - 8}">5 mm</text><g transform="translate(${dx.toFixed(1)} ${dy.toFixed(1)}) scale(${scale.toFixed(4)}) translate(${(-bounds.x).toFixed(0)} ${(-bounds.y).toFixed(0)})">${content}</g>`
}

function summary({ probe, candidate, result }: MatchExplanation): readonly string[] {
  if (result.status !== 'scored')
    return [`The live finger has ${probe.count} minutiae, the enrolled one ${candidate.count}: a score would mean nothing.`]
  const rate = result.score === 0 ? 'nearly all' : `about one in ${oneIn(result.score)}`
  const how =
    result.score > measuredScore ? `by the calibration, which is extrapolated above ${measuredScore}` : 'as calibrated on real prints'
  return [
    `${result.pairs.length} of ${probe.count} live and ${candidate.count} enrolled minutiae are paired.`,
    `Of pairs of different fingers ${rate} would score ${result.score} or more, ${how}.`,
  ]
}

/** Above this score no impostor was seen; what lies above is a straight line drawn on. */
const measuredScore = 30

/** 10^(score / 10) in words that a person can take in. */
function oneIn(score: number): string {
  const rate = 10 ** (score / 10)
  if (rate < 10) return rate.toFixed(1)
  const names = ['', ' thousand', ' million', ' billion', ' trillion'] as const
  const step = Math.min(names.length - 1, Math.floor(Math.log10(rate) / 3 + 1e-9))
  return `${Number((rate / 1000 ** step).toPrecision(2))}${names[step]!}`
}

/** The score on a line from 0 to 100, with the named thresholds. */
function gauge({ status, score }: MatchResult, threshold: ThresholdName): Markup {
  const left = 720
  const length = 500
  const at = (value: number) => left + (length * value) / 100
  const ticks = Object.entries(thresholds).map(
    ([name, value]) =>
      html`<line class="tick" x1="${at(value)}" y1="34" x2="${at(value)}" y2="${name === threshold ? 64 : 56}"/><text class="${name === threshold ? 'heading' : 'soft'}" style="font-size:11px" x="${at(value)}" y="${name === threshold ? 76 : 68}" text-anchor="middle">${name}</text>`,
  )
  const reached = status === 'scored'
  const kind = score >= thresholds[threshold] ? 'for' : 'against'
  return html`<rect class="bar" x="${left}" y="38" width="${length}" height="14" rx="7"/>${reached ? html`<rect class="${kind}" x="${left}" y="38" width="${Math.max(7, (length * score) / 100)}" height="14" rx="7"/><text class="heading" x="${at(score)}" y="28" text-anchor="${score > 90 ? 'end' : score < 10 ? 'start' : 'middle'}">${score}</text>` : undefined}${ticks}<text class="soft" x="${left - 12}" y="50" text-anchor="end">score</text>`
}

function legend(top: number): Markup {
  const sample = (x: number, y: number, kind: string, type: number) =>
    html`<g transform="translate(${x} ${y}) scale(0.32)">${minutia({ x: 0, y: 0 }, 0.6, type, kind, undefined, 1)}</g>`
  return html`${sample(22, top - 4, 'enrolled matched', 1)}${sample(50, top - 4, 'live matched', 1)}<text class="soft" x="78" y="${top}">${fates.matched}</text>${sample(22, top + 20, 'enrolled missed', 1)}${sample(50, top + 20, 'live missed', 1)}<text class="soft" x="78" y="${top + 24}">${fates.missed}</text>${sample(22, top + 44, 'enrolled outside', 1)}${sample(50, top + 44, 'live outside', 1)}<text class="soft" x="78" y="${top + 48}">${fates.outside}</text>${sample(660, top - 4, 'enrolled matched', 1)}<text class="soft" x="686" y="${top}">ring: ridge ending</text>${sample(660, top + 20, 'enrolled matched', 2)}<text class="soft" x="686" y="${top + 24}">square: bifurcation</text>${sample(660, top + 44, 'enrolled matched', 0)}<text class="soft" x="686" y="${top + 48}">rhomb: type not known</text><line class="link" style="stroke-width:3" x1="850" y1="${top - 4}" x2="880" y2="${top - 4}"/><text class="soft" x="890" y="${top}">joins a pair: its length is what alignment leaves</text><line class="print enrolled-print" style="stroke-width:1.5;stroke-dasharray:6 4" x1="850" y1="${top + 16}" x2="880" y2="${top + 16}"/><line class="print live-print" style="stroke-width:1.5;stroke-dasharray:6 4" x1="850" y1="${top + 23}" x2="880" y2="${top + 23}"/><text class="soft" x="890" y="${top + 24}">outlines of the two prints</text>`
}

const barLeft = 720
const barWidth = 500

function partRow({ name, value, words, position }: ScorePart, y: number): Markup {
  const at = (share: number) => barLeft + barWidth * share
  const kind = position >= 0.65 ? 'for' : position <= 0.35 ? 'against' : 'between'
  return html`<text x="10" y="${y}" font-weight="600">${name}</text><text class="soft" x="10" y="${y + 17}">${words}</text><text x="${barLeft - 14}" y="${y + 6}" text-anchor="end" font-weight="600">${value}</text><rect class="bar" x="${barLeft}" y="${y - 4}" width="${barWidth}" height="12" rx="6"/><line class="tick" x1="${at(0.2)}" y1="${y - 8}" x2="${at(0.2)}" y2="${y + 12}"/><line class="tick" x1="${at(0.8)}" y1="${y - 8}" x2="${at(0.8)}" y2="${y + 12}"/><circle class="${kind}" cx="${at(position).toFixed(1)}" cy="${y + 2}" r="8"/>`
}

/** The same as a page: the picture, the parts, every pair and every stage in words. One file, no script, nothing fetched from anywhere. */
export function renderExplanationPage(explanation: MatchExplanation): string {
  const { probe, candidate, result, trace } = explanation
  const rows = result.pairs.map(
    ({ probe: p, candidate: c, residual }, k) =>
      html`<tr><td>${k + 1}</td><td>${p + 1}</td><td>${c + 1}</td><td>${(residual / 100).toFixed(2)}</td><td>${probe.quality[p]! || '-'}</td><td>${candidate.quality[c]! || '-'}</td></tr>`,
  )
  return `<!doctype html>\n${
    html`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${describeOutcome(explanation).words}</title><style>body{margin:0 auto;max-width:1240px;padding:24px;background:#f4f6f8;color:#25303b;font:15px/1.5 system-ui,sans-serif}section{background:#fff;border:1px solid #dfe4ea;border-radius:10px;padding:18px;margin:0 0 16px;overflow-x:auto}h2{font-size:18px;margin:0 0 12px}svg{width:100%;height:auto}table{border-collapse:collapse;font-size:14px}th,td{text-align:right;padding:4px 12px;border-bottom:1px solid #dfe4ea}li{margin:4px 0}</style></head><body><section>${{ markup: drawExplanation(explanation) }}</section><section><h2>Step by step</h2><ol>${trace.stages.map((stage) => html`<li>${describeStage(stage)}</li>`)}</ol></section><section><h2>${rows.length} pairs, the surest first</h2><table><thead><tr><th>pair</th><th>live minutia</th><th>enrolled minutia</th><th>apart, mm</th><th>live quality</th><th>enrolled quality</th></tr></thead><tbody>${rows}</tbody></table></section></body></html>`
      .markup
  }\n`
}

function describeStage(stage: TraceStage): string {
  switch (stage.stage) {
    case 'descriptors':
      return `Each minutia’s neighbourhood is described: ${stage.probe} live and ${stage.candidate} enrolled ones.`
    case 'pairs':
      return `${stage.pairs.length} pairs of alike neighbourhoods are taken, each minutia once; the eight that support each other best come to ${(stage.rel / 1000).toFixed(2)}.`
    case 'clusters':
      return `${stage.clusters.length} ways to lay the prints over each other are tried; they pair ${stage.clusters.map(({ matched }) => matched).join(', ')} minutiae.`
    case 'transform':
      return `The best turns the live print by ${stage.rotationDegrees.toFixed(1)} degrees and moves its middle by ${(stage.shift[0] / 100).toFixed(1)} mm to the right and ${(stage.shift[1] / 100).toFixed(1)} mm down.`
    case 'matched':
      return `${stage.pairs.length} minutiae find a partner within 0.6 mm and 28 degrees.`
    case 'unmatched':
      return `${stage.probe.length} live and ${stage.candidate.length} enrolled minutiae find none.`
    case 'score':
      return `All evidence together comes to ${(stage.fused / 1000).toFixed(1)} (above 0 it speaks for one finger), which the calibration turns into a score of ${stage.score}.`
    default:
      return ''
  }
}
