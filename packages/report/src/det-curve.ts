import type { DetPoint } from '@kart/matcher/evaluation'
import { html, join, type Markup } from './html.ts'

/** One curve of a plot: a set's points from the lowest threshold up, and its name. */
export interface DetSeries {
  readonly name: string
  readonly curve: readonly DetPoint[]
}

const size = { width: 760, height: 560, left: 78, top: 46, right: 28, bottom: 64 }
const inner = { width: size.width - size.left - size.right, height: size.height - size.top - size.bottom }
// Told apart also by those who see no red or green (Okabe and Ito, 2008), and by their dashes.
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#8a6d00'] as const
const dashes = ['', '7 4', '2 3', '9 3 2 3'] as const
const marks = [
  { fmr: 1e-2, name: 'FMR100' },
  { fmr: 1e-3, name: 'FMR1000' },
  { fmr: 1e-4, name: 'F10000' },
] as const

/**
 * Draws detection error trade-off curves (ISO/IEC 19795-1:2021): false non-match rate against false match rate, both logarithmic, as steps, because between two thresholds nothing changes. Rates of
 * 0 lie on the axis. A whole SVG document.
 */
export function renderDetCurve(title: string, series: readonly DetSeries[]): string {
  const rates = series.flatMap(({ curve }) => curve)
  const lowest = (values: readonly number[], most: number) => {
    const above = values.filter((value) => value > 0)
    return Math.min(most, Math.floor(Math.log10(Math.min(1, ...extremes(above))) + 1e-9))
  }
  const decadesX = lowest(
    rates.map(({ fmr }) => fmr),
    -3,
  )
  const decadesY = lowest(
    rates.map(({ fnmr }) => fnmr),
    -2,
  )
  const x = (fmr: number) => size.left + inner.width * (1 - Math.max(decadesX, Math.log10(fmr)) / decadesX)
  const y = (fnmr: number) => size.top + inner.height * (Math.max(decadesY, Math.log10(fnmr)) / decadesY)
  const decades = (low: number) => Array.from({ length: 1 - low }, (_, k) => 10 ** (low + k))
  const percent = (rate: number) => `${Number((100 * rate).toPrecision(3))} %`
  const grid = join([
    ...decades(decadesX).map(
      (rate) =>
        html`<line class="grid" x1="${x(rate).toFixed(1)}" y1="${size.top}" x2="${x(rate).toFixed(1)}" y2="${size.height - size.bottom}"/><text x="${x(rate).toFixed(1)}" y="${size.height - size.bottom + 18}" text-anchor="middle">${percent(rate)}</text>`,
    ),
    ...decades(decadesY).map(
      (rate) =>
        html`<line class="grid" x1="${size.left}" y1="${y(rate).toFixed(1)}" x2="${size.width - size.right}" y2="${y(rate).toFixed(1)}"/><text x="${size.left - 8}" y="${(y(rate) + 4).toFixed(1)}" text-anchor="end">${percent(rate)}</text>`,
    ),
    ...marks
      .filter(({ fmr }) => Math.log10(fmr) >= decadesX)
      .map(
        ({ fmr, name }) =>
          html`<line class="mark" x1="${x(fmr).toFixed(1)}" y1="${size.top}" x2="${x(fmr).toFixed(1)}" y2="${size.height - size.bottom}"/><text class="soft" x="${(x(fmr) + 4).toFixed(1)}" y="${size.top + 14}">${name}</text>`,
      ),
  ])
  const equal = Math.max(decadesX, decadesY)
  const diagonal = html`<line class="equal" x1="${x(10 ** equal).toFixed(1)}" y1="${y(10 ** equal).toFixed(1)}" x2="${x(1).toFixed(1)}" y2="${y(1).toFixed(1)}"/><text class="soft" x="${(x(10 ** (equal * 0.6)) + 10).toFixed(1)}" y="${(y(10 ** (equal * 0.6)) + 4).toFixed(1)}">equal errors</text>`
  const drawn = join(
    series.map(({ curve }, k) => {
      const points: string[] = []
      for (const [at, { fmr, fnmr }] of curve.entries()) {
        if (at === 0) points.push(`M${x(fmr).toFixed(1)} ${y(fnmr).toFixed(1)}`)
        else points.push(`H${x(fmr).toFixed(1)}V${y(fnmr).toFixed(1)}`)
      }
      return html`<path class="curve" d="${points.join('')}" stroke="${colours[k % colours.length]!}" stroke-dasharray="${dashes[Math.floor(k / colours.length) % dashes.length]!}"/>`
    }),
  )
  // At the upper right, where curves of any use do not come.
  const right = size.width - size.right
  const legend = join(
    series.map(({ name }, k) => {
      const at = size.top + 40 + 17 * k
      return html`<line class="curve" x1="${right - 42}" y1="${at}" x2="${right - 12}" y2="${at}" stroke="${colours[k % colours.length]!}" stroke-dasharray="${dashes[Math.floor(k / colours.length) % dashes.length]!}"/><text class="named" x="${right - 50}" y="${at + 4}" text-anchor="end">${name}</text>`
    }),
  )
  return frame(title, join([grid, diagonal, drawn, legend]))
}

function frame(title: string, content: Markup): string {
  const middle = size.left + inner.width / 2
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img" font-family="system-ui, sans-serif" font-size="12"><style>
text{fill:#25303b}.soft{fill:#5d6a78}.ground{fill:#fff}.frame{fill:none;stroke:#8a94a0}.grid{stroke:#e6e9ee}.mark{stroke:#b9c1cb;stroke-dasharray:3 3}.equal{stroke:#c9ced6}.curve{fill:none;stroke-width:2}.named{paint-order:stroke;stroke:#fff;stroke-width:4}
</style><rect class="ground" width="${size.width}" height="${size.height}"/><text x="${size.left}" y="28" font-size="16" font-weight="600">${title}</text><rect class="frame" x="${size.left}" y="${size.top}" width="${inner.width}" height="${inner.height}"/>${content}<text x="${middle}" y="${size.height - 20}" text-anchor="middle">false match rate (impostors that match)</text><text transform="translate(20 ${size.top + inner.height / 2}) rotate(-90)" text-anchor="middle">false non-match rate (genuine pairs refused)</text></svg>`
    .markup
}

// Smallest of many, without spreading them over a call's arguments.
function extremes(values: readonly number[]): readonly number[] {
  return values.length === 0 ? [] : [values.reduce((least, value) => Math.min(least, value))]
}
