import type { MinutiaeTemplate } from '@kart/minutiae'
import { html, join, type Markup } from './html.ts'

/** Index of a probe minutia and of the candidate minutia it was paired with. */
export interface MinutiaPair {
  readonly probe: number
  readonly candidate: number
}

/** What a match picture shows; pairs are indices into the two templates. */
export interface MatchPicture {
  readonly probe: MinutiaeTemplate
  readonly candidate: MinutiaeTemplate
  readonly pairs: readonly MinutiaPair[]
  /** A line under the picture: score, threshold, outcome. */
  readonly caption: string
}

interface Point {
  readonly x: number
  readonly y: number
}

/** Rotation and shift that bring the probe's paired minutiae onto the candidate's, least squares; the identity for fewer than two pairs. */
export function alignPairs(picture: Pick<MatchPicture, 'probe' | 'candidate' | 'pairs'>): {
  cos: number
  sin: number
  dx: number
  dy: number
} {
  const { probe, candidate, pairs } = picture
  if (pairs.length < 2) return { cos: 1, sin: 0, dx: 0, dy: 0 }
  let px = 0
  let py = 0
  let cx = 0
  let cy = 0
  for (const pair of pairs) {
    px += probe.x[pair.probe]!
    py += probe.y[pair.probe]!
    cx += candidate.x[pair.candidate]!
    cy += candidate.y[pair.candidate]!
  }
  const n = pairs.length
  px /= n
  py /= n
  cx /= n
  cy /= n
  let dot = 0
  let cross = 0
  for (const pair of pairs) {
    const ax = probe.x[pair.probe]! - px
    const ay = probe.y[pair.probe]! - py
    const bx = candidate.x[pair.candidate]! - cx
    const by = candidate.y[pair.candidate]! - cy
    dot += ax * bx + ay * by
    cross += ax * by - ay * bx
  }
  const length = Math.hypot(dot, cross)
  // Pairs that all lie in one place say how to shift, not how to turn.
  const cos = length === 0 ? 1 : dot / length
  const sin = length === 0 ? 0 : cross / length
  return { cos, sin, dx: cx - (px * cos - py * sin), dy: cy - (px * sin + py * cos) }
}

function minutia(at: Point, direction: number, style: string): Markup {
  // Angles run counter-clockwise while the picture's y axis points down.
  const x2 = at.x + 55 * Math.cos(direction)
  const y2 = at.y - 55 * Math.sin(direction)
  return html`<g class="${style}"><circle cx="${at.x.toFixed(0)}" cy="${at.y.toFixed(0)}" r="20"/><line x1="${at.x.toFixed(0)}" y1="${at.y.toFixed(0)}" x2="${x2.toFixed(0)}" y2="${y2.toFixed(0)}"/></g>`
}

function bounds(points: readonly Point[]): { x: number; y: number; width: number; height: number } {
  if (points.length === 0) return { x: 0, y: 0, width: 100, height: 100 }
  const xs = points.map(({ x }) => x)
  const ys = points.map(({ y }) => y)
  const margin = 120
  const x = Math.min(...xs) - margin
  const y = Math.min(...ys) - margin
  return { x, y, width: Math.max(...xs) + margin - x, height: Math.max(...ys) + margin - y }
}

const angleOf = (template: MinutiaeTemplate, index: number, turn = 0): number => (template.angle[index]! / 256) * 2 * Math.PI + turn
const pointsOf = (template: MinutiaeTemplate): Point[] =>
  Array.from({ length: template.count }, (_, i) => ({ x: template.x[i]!, y: template.y[i]! }))

function panel(title: string, box: ReturnType<typeof bounds>, left: number, width: number, height: number, content: Markup): Markup {
  const scale = Math.min(width / box.width, height / box.height)
  return html`<g transform="translate(${left} 40)"><rect width="${width}" height="${height}" class="frame"/><text x="8" y="-10">${title}</text><g transform="translate(${((width - box.width * scale) / 2).toFixed(1)} ${((height - box.height * scale) / 2).toFixed(1)}) scale(${scale.toFixed(4)}) translate(${(-box.x).toFixed(0)} ${(-box.y).toFixed(0)})">${content}</g></g>`
}

/** Draws a comparison: the enrolled finger, the live finger, and both laid over each other with matched pairs joined. A whole SVG document; units 1/100 mm. */
export function renderMatchSvg(picture: MatchPicture): string {
  const { probe, candidate, pairs } = picture
  const matchedProbe = new Set(pairs.map((pair) => pair.probe))
  const matchedCandidate = new Set(pairs.map((pair) => pair.candidate))
  const { cos, sin, dx, dy } = alignPairs(picture)
  const turn = -Math.atan2(sin, cos)
  const enrolled = pointsOf(candidate)
  const live = pointsOf(probe)
  const moved = live.map(({ x, y }) => ({ x: x * cos - y * sin + dx, y: x * sin + y * cos + dy }))
  const draw = (points: readonly Point[], template: MinutiaeTemplate, matched: ReadonlySet<number>, role: string, rotate = 0): Markup =>
    join(points.map((point, i) => minutia(point, angleOf(template, i, rotate), `${role} ${matched.has(i) ? 'matched' : 'alone'}`)))
  const links = join(
    pairs.map(({ probe: p, candidate: c }) => {
      const from = moved[p]!
      const to = enrolled[c]!
      return html`<line class="link" x1="${from.x.toFixed(0)}" y1="${from.y.toFixed(0)}" x2="${to.x.toFixed(0)}" y2="${to.y.toFixed(0)}"/>`
    }),
  )
  const width = 320
  const height = 420
  const overlay = join([draw(enrolled, candidate, matchedCandidate, 'enrolled'), draw(moved, probe, matchedProbe, 'live', turn), links])
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1020 500" role="img" font-family="system-ui, sans-serif" font-size="14"><style>
.frame{fill:#fff;stroke:#c9ced6}.enrolled{stroke:#1b5fa8;fill:none;stroke-width:7}.live{stroke:#d9642c;fill:none;stroke-width:7}.alone{opacity:.38}.enrolled.matched circle{fill:#1b5fa833}.live.matched circle{fill:#d9642c33}.link{stroke:#1d8a4b;stroke-width:10}text{fill:#25303b}
</style>${panel(`enrolled finger: ${candidate.count} minutiae`, bounds(enrolled), 10, width, height, draw(enrolled, candidate, matchedCandidate, 'enrolled'))}${panel(`live finger: ${probe.count} minutiae`, bounds(live), 350, width, height, draw(live, probe, matchedProbe, 'live'))}${panel(`overlay: ${pairs.length} pairs joined`, bounds([...enrolled, ...moved]), 690, width, height, overlay)}<text x="10" y="486">${picture.caption}</text></svg>`
    .markup
}
