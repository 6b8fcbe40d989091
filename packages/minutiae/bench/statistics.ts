// Statistics of folders of templates, side by side with those of the synthetic templates:
//   node packages/minutiae/bench/statistics.mjs [--synthetic N] [--manner fjfx|mindtct|sourceafis] FOLDER...
// Every *.fmr of a folder counts; templates of fewer than six minutiae are left out. Prints a table in Markdown, one column a folder.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { decodeTemplate, type MinutiaeTemplate, type SyntheticManner, syntheticTemplate } from '../src/index.ts'

const turn = (difference: number) => ((difference + 384) & 0xff) - 128

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

const rising = (values: Iterable<number>) => [...values].sort((a, b) => a - b)
const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const spreadOf = (values: readonly number[]) => {
  const mean = meanOf(values)
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)))
}

/** Area of the convex hull, mm^2. */
function hullArea(template: MinutiaeTemplate): number {
  const points = Array.from(template.x, (x, i) => [x / 100, template.y[i]! / 100] as const).sort((a, b) => a[0] - b[0] || a[1] - b[1])
  const half = (list: typeof points) => {
    const chain: (readonly [number, number])[] = []
    for (const p of list) {
      while (chain.length >= 2) {
        const [a, b] = [chain.at(-2)!, chain.at(-1)!]
        if ((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) > 0) break
        chain.pop()
      }
      chain.push(p)
    }
    return chain.slice(0, -1)
  }
  const hull = [...half(points), ...half([...points].reverse())]
  let area = 0
  for (const [i, p] of hull.entries()) {
    const q = hull[(i + 1) % hull.length]!
    area += p[0] * q[1] - p[1] * q[0]
  }
  return Math.abs(area) / 2
}

const places = ['upper left', 'above', 'upper right', 'left', 'middle', 'right', 'lower left', 'below', 'lower right'] as const

function statistics(templates: readonly MinutiaeTemplate[]): readonly (readonly [string, string])[] {
  const used = templates.filter(({ count }) => count >= 6)
  const counts = rising(used.map(({ count }) => count))
  const areas = rising(used.map(hullArea))
  const densities = rising(used.map((t) => t.count / hullArea(t)))
  const nearest: number[] = []
  const close = { same: 0, opposite: 0, all: 0 }
  const far = { same: 0, opposite: 0, all: 0 }
  const qualities: number[] = []
  const templateQualities: number[] = []
  const borderQuality: number[] = []
  const innerQuality: number[] = []
  let endings = 0
  let typed = 0
  let ungraded = 0
  const steps = new Set<number>()
  const flow = places.map(() => ({ cos: 0, sin: 0, count: 0 }))
  for (const t of used) {
    const middleX = meanOf([...t.x])
    const middleY = meanOf([...t.y])
    const spread = Math.sqrt(meanOf(Array.from(t.x, (x, i) => (x - middleX) ** 2 + (t.y[i]! - middleY) ** 2)))
    const own: number[] = []
    for (let i = 0; i < t.count; i++) {
      let best = Number.POSITIVE_INFINITY
      for (let j = 0; j < t.count; j++) {
        if (i === j) continue
        const distance = Math.hypot(t.x[i]! - t.x[j]!, t.y[i]! - t.y[j]!) / 100
        best = Math.min(best, distance)
        const pair = distance < 1 ? close : distance > 2 && distance < 3 ? far : undefined
        if (pair === undefined) continue
        const angle = Math.abs(turn(t.angle[i]! - t.angle[j]!))
        pair.all++
        if (angle <= 21) pair.same++
        if (angle >= 107) pair.opposite++
      }
      nearest.push(best)
      if (t.type[i] === 1) endings++
      if (t.type[i] !== 0) typed++
      steps.add(t.angle[i]!)
      const dx = t.x[i]! - middleX
      const dy = t.y[i]! - middleY
      if (t.quality[i] === 0) ungraded++
      else {
        qualities.push(t.quality[i]!)
        own.push(t.quality[i]!)
        const out = Math.hypot(dx, dy) / spread
        if (out > 1.3) borderQuality.push(t.quality[i]!)
        if (out < 0.7) innerQuality.push(t.quality[i]!)
      }
      const column = dx < -250 ? 0 : dx > 250 ? 2 : 1
      const row = dy < -250 ? 0 : dy > 250 ? 2 : 1
      const cell = flow[3 * row + column]!
      const doubled = (t.angle[i]! / 256) * 4 * Math.PI
      cell.cos += Math.cos(doubled)
      cell.sin += Math.sin(doubled)
      cell.count++
    }
    if (own.length > 0) templateQualities.push(meanOf(own))
  }
  const percent = (part: number, all: number) => `${((100 * part) / Math.max(1, all)).toFixed(0)} %`
  const near = rising(nearest)
  const graded = rising(qualities)
  return [
    ['templates', `${used.length}`],
    ['minutiae: 5 %, mean, 95 %', `${quantile(counts, 0.05)}, ${meanOf(counts).toFixed(0)}, ${quantile(counts, 0.95)}`],
    [
      'hull area mm²: 5 %, mean, 95 %',
      `${quantile(areas, 0.05).toFixed(0)}, ${meanOf(areas).toFixed(0)}, ${quantile(areas, 0.95).toFixed(0)}`,
    ],
    ['minutiae a mm² of hull: 5 %, median, 95 %', [0.05, 0.5, 0.95].map((share) => quantile(densities, share).toFixed(2)).join(', ')],
    ['nearest neighbour mm: 5 %, median, 95 %', [0.05, 0.5, 0.95].map((share) => quantile(near, share).toFixed(2)).join(', ')],
    ['within 1 mm: same way, opposite way', `${percent(close.same, close.all)}, ${percent(close.opposite, close.all)}`],
    ['2 to 3 mm away: same way, opposite way', `${percent(far.same, far.all)}, ${percent(far.opposite, far.all)}`],
    ['endings among typed', percent(endings, typed)],
    ['different angles', `${steps.size}`],
    [
      'quality: 5 %, 25 %, median, 75 %, 95 %',
      graded.length === 0 ? '-' : [0.05, 0.25, 0.5, 0.75, 0.95].map((share) => quantile(graded, share)).join(', '),
    ],
    [
      'spread of quality: within all, between templates',
      graded.length === 0 ? '-' : `${spreadOf(graded).toFixed(0)}, ${spreadOf(templateQualities).toFixed(0)}`,
    ],
    ['mean quality: inner, border', graded.length === 0 ? '-' : `${meanOf(innerQuality).toFixed(0)}, ${meanOf(borderQuality).toFixed(0)}`],
    ['quality not reported', percent(ungraded, near.length)],
    ...flow.map(({ cos, sin, count }, k): readonly [string, string] => {
      const degrees = (((Math.atan2(sin, cos) / 2) * 180) / Math.PI + 180) % 180
      return [
        `ridge flow ${places[k]}: degrees, agreement`,
        `${degrees.toFixed(0)}, ${(Math.hypot(cos, sin) / Math.max(1, count)).toFixed(2)}`,
      ]
    }),
  ]
}

const args = process.argv.slice(2)
const option = (name: string): string | undefined => {
  const at = args.indexOf(name)
  return at < 0 ? undefined : args.splice(at, 2)[1]
}
const synthetic = Number(option('--synthetic') ?? 2000)
const manner = option('--manner') as SyntheticManner | undefined
const columns = [
  ...args.map((folder) => ({
    name: `${basename(dirname(folder))}/${basename(folder)}`,
    rows: statistics(
      readdirSync(folder)
        .filter((name) => name.endsWith('.fmr'))
        .map((name) => decodeTemplate(new Uint8Array(readFileSync(join(folder, name))))),
    ),
  })),
  ...(synthetic > 0
    ? [
        {
          name: 'synthetic',
          rows: statistics(Array.from({ length: synthetic }, (_, seed) => syntheticTemplate(seed, manner === undefined ? {} : { manner }))),
        },
      ]
    : []),
]
console.log(`| | ${columns.map(({ name }) => name).join(' | ')} |`)
console.log(`| --- ${'| --- '.repeat(columns.length)}|`)
for (const [row, [title]] of columns[0]!.rows.entries())
  console.log(`| ${title} | ${columns.map(({ rows }) => rows[row]![1]).join(' | ')} |`)
