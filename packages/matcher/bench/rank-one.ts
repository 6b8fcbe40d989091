// How often the right finger comes first in a large gallery, in both modes, and how fast each search is:
//   node packages/matcher/bench/rank-one.mjs [--probes N] [--workers N] GALLERY FOLDER...
// GALLERY holds strangers ("kart gallery synth 1000000 -o FILE"). Of every finger of the folders (<finger>_<impression>.fmr) the first impression is enrolled beside
// them and impressions 2 to 4 are probes, --probes of them in all when it is told, spread evenly.
import { availableParallelism } from 'node:os'
import { type ImpressionFolder, readImpressions } from '../src/evaluation.ts'
import { Gallery } from '../src/gallery.ts'
import { batchProbes, fastestKernel } from '../src/kernel.ts'
import { packTemplate, recordBytes, recordMinutiae } from '../src/packed.ts'
import { limits, modes } from '../src/parameters.ts'
import { calibrate } from '../src/score.ts'
import { openPool } from '../src/search-pool.ts'

type Mode = keyof typeof modes
interface Best {
  readonly strength: number
  /** Slot among the enrolled fingers; -1 for a stranger. */
  readonly finger: number
}

const args = process.argv.slice(2)
const most = option('--probes', Number.POSITIVE_INFINITY)
const workers = option('--workers', availableParallelism())
const [file, ...folders] = args
if (file === undefined || folders.length === 0) throw new Error('usage: rank-one.mjs [--probes N] [--workers N] GALLERY FOLDER...')

function option(name: string, unless: number): number {
  const at = args.indexOf(name)
  return at < 0 ? unless : Number(args.splice(at, 2)[1])
}

const strangers = Gallery.open(file)
const enrolled = Gallery.create(1024)
const all: { finger: number; record: Uint8Array }[] = []
for (const folder of folders) enrol(readImpressions(folder))
const step = Math.max(1, all.length / most)
const probes = Array.from({ length: Math.min(all.length, most) }, (_, k) => all[Math.floor(k * step)]!)
console.log(
  `${strangers.slots} strangers${strangers.synthetic ? ' (synthetic)' : ''}, ${enrolled.slots} fingers enrolled, ${probes.length} probes, ${workers} workers`,
)

/** Enrols each finger's first impression and keeps the next three as probes. */
function enrol({ fingers, impressions }: ImpressionFolder): void {
  for (let finger = 0; finger < fingers.length; finger++) {
    const [first, ...others] = impressions.filter((one) => one.finger === finger && (one.template?.count ?? 0) >= limits.fewest)
    if (first?.template === undefined) continue
    enrolled.append(`${enrolled.slots}`, [{ template: first.template }])
    for (const { template } of others.slice(0, 3)) {
      const record = new Uint8Array(recordBytes)
      packTemplate(fastestKernel().prepare(template!, recordMinutiae), record)
      all.push({ finger: enrolled.slots - 1, record })
    }
  }
}

const pool = openPool({ workers })
const firsts = new Map<Mode, Best[]>()
for (const mode of ['cascade', 'exhaustive'] as const) firsts.set(mode, await searchAll(mode))
await pool.close()

async function searchAll(mode: Mode): Promise<Best[]> {
  const best: Best[] = []
  let seconds = 0
  let processor = 0
  for (let at = 0; at < probes.length; at += batchProbes) {
    const batch = probes.slice(at, at + batchProbes)
    const records = batch.map(({ record }) => record)
    const [started, used] = [performance.now(), process.cpuUsage()]
    const big = await pool.search(strangers, records, modes[mode])
    const { user, system } = process.cpuUsage(used)
    seconds += (performance.now() - started) / 1000
    processor += (user + system) / 1e6
    if (big.refused.length > 0) throw new Error(`${big.refused.length} blocks are damaged`)
    const small = await pool.search(enrolled, records, modes[mode])
    for (let row = 0; row < batch.length; row++) best.push(bestOf(row, big.strengths, small.strengths))
    const done = Math.min(at + batchProbes, probes.length)
    console.error(`${mode}: ${done} of ${probes.length} probes, ${Math.round((seconds / done) * (probes.length - done))} s left`)
  }
  const pairs = probes.length * strangers.slots
  const right = best.filter(({ finger }, k) => finger === probes[k]!.finger).length
  console.log(
    `${mode}: first for ${right} of ${probes.length}; ${thousands(pairs / processor)} candidates a second and core by processor time, ${thousands(pairs / seconds)} a second by the clock`,
  )
  return best
}

function bestOf(row: number, big: Int32Array, small: Int32Array): Best {
  let best: Best = { strength: Number.NEGATIVE_INFINITY, finger: -1 }
  for (let slot = 0; slot < enrolled.slots; slot++) {
    const strength = small[row * enrolled.slots + slot]!
    if (strength > best.strength && calibrate(strength, 'lean') > 0) best = { strength, finger: slot }
  }
  // A tie with a stranger counts as lost.
  for (let slot = 0; slot < strangers.slots; slot++) {
    const strength = big[row * strangers.slots + slot]!
    if (strength >= best.strength && calibrate(strength, 'lean') > 0) best = { strength, finger: -1 }
  }
  return best
}

function thousands(value: number): string {
  return (1000 * Math.round(value / 1000)).toLocaleString('en-US')
}

const right = (mode: Mode) => new Set([...probes.keys()].filter((k) => firsts.get(mode)![k]!.finger === probes[k]!.finger))
const [fast, full] = [right('cascade'), right('exhaustive')]
const kept = [...full].filter((k) => fast.has(k)).length
console.log(`of the ${full.size} that exhaustive finds first, cascade finds ${kept} first: ${((100 * kept) / full.size).toFixed(1)} %`)
