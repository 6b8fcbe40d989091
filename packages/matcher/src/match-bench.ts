import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { syntheticImpression } from '@kart/minutiae'
import { createMatcher, prepare } from './comparer.ts'
import { Gallery } from './gallery.ts'
import { batchProbes, blockRecords, fastestKernel, type Kernel, type KernelName, kernelNames, openKernel } from './kernel.ts'
import { packTemplate, recordBytes, recordMinutiae } from './packed.ts'
import { type FirstLook, modes } from './parameters.ts'
import type { Prepared } from './prepare.ts'
import { openPool } from './search-pool.ts'
import { addSyntheticPeople, syntheticFinger } from './synthetic-gallery.ts'

/** What the benchmark of the matcher found; every ratio compares two things measured in turn in the same run, on the same synthetic templates. */
export interface MatchBench {
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string }
  /** Short commit of the working folder, where it is under git. */
  readonly commit: string | undefined
  readonly templates: string
  /** Microseconds of processor time. */
  readonly prepare: number
  /** One to one on prepared templates, microseconds by kernel: medians over genuine pairs and over strangers. */
  readonly compare: Partial<Record<KernelName, { readonly genuine: number; readonly strangers: number }>>
  /** Candidates a second on one core, by mode and kernel. */
  readonly search: Record<keyof typeof modes, Partial<Record<KernelName, number>>>
  /** Candidates a second of the whole pool by number of workers, by wall clock. */
  readonly workers: readonly { readonly workers: number; readonly perSecond: number }[]
  readonly bytesPerTemplate: number
  readonly ratios: Record<string, number>
}

/** Runs the benchmark, about half a minute; `progress` hears how many of its parts are done. */
export async function benchMatch(progress?: (done: number, all: number) => void): Promise<MatchBench> {
  const people = 256
  const templates = Array.from({ length: people }, (_, k) => syntheticFinger(k, 0))
  const again = templates.map((template, k) => syntheticImpression(template, k).template)
  let done = 0
  const parts = 6
  const step = <T>(value: T): T => {
    progress?.(++done, parts)
    return value
  }

  const prepareMicroseconds = step(median(templates.map((template) => timed(() => prepare(template)))))
  const prepared = templates.map((template) => prepare(template))
  const others = again.map((template) => prepare(template))
  const compareTimes: Partial<Record<KernelName, { genuine: number; strangers: number }>> = {}
  for (const name of kernelNames) {
    const pairs = name === 'wasm' ? people : 32
    compareTimes[name] = {
      genuine: medianCompare(name, prepared, others, 0, pairs),
      strangers: medianCompare(name, prepared, others, 1, pairs),
    }
  }
  step(undefined)

  const records = templates.map((template) => packed(template))
  const probes = again.slice(0, batchProbes).map((template) => packed(template))
  const search = { exhaustive: {}, cascade: {} } as Record<keyof typeof modes, Partial<Record<KernelName, number>>>
  for (const [mode, look] of Object.entries(modes) as [keyof typeof modes, FirstLook][]) {
    for (const name of kernelNames) search[mode][name] = perSecond(openKernel(name), probes, records, look)
    step(undefined)
  }

  const gallery = Gallery.create(4096, { synthetic: true })
  addSyntheticPeople(gallery, { people: 4096 })
  const cores = cpus().length
  const workers: { workers: number; perSecond: number }[] = []
  for (const count of [...new Set([1, Math.min(2, cores), cores])]) {
    const pool = openPool({ workers: count })
    let best = 0
    // the first rounds compile the kernel
    for (let round = 0; round < 5; round++) {
      const started = performance.now()
      await pool.search(gallery, probes, modes.exhaustive)
      best = Math.max(best, (1000 * probes.length * gallery.slots) / (performance.now() - started))
    }
    await pool.close()
    workers.push({ workers: count, perSecond: Math.round(best) })
  }
  step(undefined)

  const { wasm, reference } = { wasm: compareTimes.wasm!, reference: compareTimes.reference! }
  const of = (mode: keyof typeof modes, name: KernelName) => search[mode][name]!
  const result: MatchBench = {
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores, node: process.version },
    commit: commit(),
    templates: 'synthetic',
    prepare: prepareMicroseconds,
    compare: compareTimes,
    search,
    workers,
    bytesPerTemplate: recordBytes,
    ratios: {
      'wasm : reference, one to one, genuine': reference.genuine / wasm.genuine,
      'wasm : reference, one to one, strangers': reference.strangers / wasm.strangers,
      'wasm : reference, search, exhaustive': of('exhaustive', 'wasm') / of('exhaustive', 'reference'),
      'wasm : reference, search, cascade': of('cascade', 'wasm') / of('cascade', 'reference'),
      'cascade : exhaustive, wasm': of('cascade', 'wasm') / of('exhaustive', 'wasm'),
      ...Object.fromEntries(workers.slice(1).map((row) => [`${row.workers} workers : 1`, row.perSecond / workers[0]!.perSecond])),
    },
  }
  step(undefined)
  return result
}

// Microseconds of wall clock; medians are taken of many.
function timed(work: () => unknown): number {
  const started = performance.now()
  work()
  return 1000 * (performance.now() - started)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((p, q) => p - q)
  return sorted[sorted.length >> 1] ?? Number.NaN
}

function medianCompare(name: KernelName, prepared: readonly Prepared[], others: readonly Prepared[], apart: number, pairs: number): number {
  const matcher = createMatcher(name)
  const times: number[] = []
  for (let round = 0; round < (name === 'wasm' ? 8 : 3); round++)
    for (let k = 0; k < pairs; k++) times.push(timed(() => matcher.compare(prepared[k]!, others[(k + apart) % others.length]!)))
  return median(times.slice(pairs))
}

function packed(template: Parameters<typeof prepare>[0]): Uint8Array {
  const record = new Uint8Array(recordBytes)
  packTemplate(fastestKernel().prepare(template, recordMinutiae), record)
  return record
}

// Of processor time, so that another program's use of the core does not count; the best of several rounds.
function perSecond(kernel: Kernel, probes: readonly Uint8Array[], records: readonly Uint8Array[], look: FirstLook): number {
  const blocks = Math.floor(records.length / blockRecords)
  const used = kernel.name === 'wasm' ? blocks : 1
  const joined = Array.from({ length: used }, (_, block) => {
    const bytes = new Uint8Array(blockRecords * recordBytes)
    for (let r = 0; r < blockRecords; r++) bytes.set(records[block * blockRecords + r]!, r * recordBytes)
    return bytes
  })
  kernel.loadProbes(probes, look)
  let best = 0
  for (let round = 0; round < (kernel.name === 'wasm' ? 40 : 3); round++) {
    const before = process.cpuUsage()
    for (const block of joined) kernel.compareBlock(block, blockRecords)
    const { user, system } = process.cpuUsage(before)
    best = Math.max(best, (1e6 * probes.length * blockRecords * used) / (user + system))
  }
  return Math.round(best)
}

function commit(): string | undefined {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}
