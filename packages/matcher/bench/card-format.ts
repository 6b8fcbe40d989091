// What the compact size card format and a card's limit of minutiae cost in accuracy, over folders of templates named <finger>_<impression>.fmr:
//   node packages/matcher/bench/card-format.mjs [--json FILE] FOLDER...
// Both sides of every pair go through it: full records; compact with all their minutiae; then the best 60, 48, 40 and 32. Extended protocol (see accuracy.ts), full scoring.
import { writeFileSync } from 'node:fs'
import { cardTemplate, compactCardCodec, limitMinutiae, type MinutiaeTemplate } from '@kart/minutiae'
import { evaluate, type ImpressionFolder, readImpressions } from '../src/evaluation.ts'

type Form = readonly [name: string, (template: MinutiaeTemplate) => MinutiaeTemplate]

const limits = [60, 48, 40, 32] as const
const forms: readonly Form[] = [
  ['full', (template) => template],
  ['full, 60', (template) => limitMinutiae(template, 60)],
  ['compact', (template) => cardTemplate(template, { most: 255 })],
  ...limits.map((most): Form => [`compact, ${most}`, (template) => cardTemplate(template, { most, order: 'x-then-y' })]),
]

const through = (folder: ImpressionFolder, change: Form[1]): ImpressionFolder => ({
  ...folder,
  impressions: folder.impressions.map((one) => ({ ...one, template: one.template && change(one.template) })),
})

/** Largest share of a genuine probe's coded minutiae that stand in the other impression byte for byte: what a replay is told from. */
function equalShares(folder: ImpressionFolder): number[] {
  const coded = folder.impressions.map(({ template }) => {
    const bytes = template ? compactCardCodec.encode(cardTemplate(template, { most: 60 })) : new Uint8Array(0)
    return new Set(Array.from({ length: bytes.length / 3 }, (_, i) => (bytes[3 * i]! << 16) | (bytes[3 * i + 1]! << 8) | bytes[3 * i + 2]!))
  })
  const shares: number[] = []
  for (const [p, one] of coded.entries())
    for (let q = 0; q < p; q++) {
      const other = coded[q]!
      if (Math.min(one.size, other.size) < 12) continue
      shares.push([...one].filter((key) => other.has(key)).length / Math.min(one.size, other.size))
    }
  return shares
}

const folders = process.argv.slice(2)
const at = folders.indexOf('--json')
const json = at < 0 ? undefined : folders.splice(at, 2)[1]
if (folders.length === 0) throw new Error('usage: card-format.mjs [--json FILE] FOLDER...')
const results = []
for (const folder of folders) {
  const read = readImpressions(folder)
  const counts = read.impressions.map(({ template }) => template?.count ?? 0).sort((a, b) => a - b)
  const shares = equalShares(read)
  console.log(
    `${folder}: median ${counts[counts.length >> 1]} minutiae; most equal minutiae in two prints ${(100 * shares.reduce((a, b) => Math.max(a, b), 0)).toFixed(0)} %`,
  )
  for (const [name, change] of forms) {
    const { rates, thresholds, ...rest } = await evaluate(through(read, change), { protocol: 'extended' })
    const at40 = thresholds.find(({ score }) => score === 40)!
    const at50 = thresholds.find(({ score }) => score === 50)!
    const percent = (share: number | undefined) => (share === undefined ? '-' : (100 * share).toFixed(2)).padStart(6)
    console.log(
      `  ${name.padEnd(12)} EER ${percent(rates?.eer.rate)}  FMR1000 ${percent(rates?.fmr1000.rate)}  at 40: FMR ${at40.fmr.toExponential(1)} FNMR ${percent(at40.fnmr)}  at 50: FMR ${at50.fmr.toExponential(1)} FNMR ${percent(at50.fnmr)}`,
    )
    results.push({ folder, form: name, genuine: rest.genuine, impostors: rest.impostors, fmr1000: rates?.fmr1000, at40, at50 })
  }
}
for (const [name] of forms) {
  const own = results.filter(({ form }) => form === name)
  console.log(
    `mean FMR1000, ${name}: ${((100 * own.reduce((sum, { fmr1000 }) => sum + (fmr1000?.rate ?? 1), 0)) / own.length).toFixed(2)} %`,
  )
}
if (json !== undefined) writeFileSync(json, `${JSON.stringify(results, undefined, 2)}\n`)
