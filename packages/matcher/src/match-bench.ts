import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { syntheticImpression } from '@kart/minutiae'
import { createMatcher, prepare } from './comparer.ts'
import { batchProbes, blockRecords, fastestKernel, type KernelName, kernelNames, openKernel } from './kernel.ts'
import { packTemplate, recordBytes, recordMinutiae } from './packed.ts'
import { type FirstLook, modes } from './parameters.ts'
import type { Prepared } from './prepare.ts'
import { similaritiesOf } from './similarity.ts'
import { syntheticFinger } from './synthetic-gallery.ts'
import { makeSide, spreadPrepared } from './typed-arrays/side.ts'
import { clearLists, similarities as similaritiesOnArrays } from './typed-arrays/similarity.ts'
import { kernelInstance } from './wasm-kernel.ts'
import { place, writeSide } from './wasm-memory.ts'
import { benchWorkers, workerBenchSteps } from './worker-bench.ts'

/** What the benchmark of the matcher found; every ratio compares two things measured in turn in the same run, on the same synthetic templates. */
export interface MatchBench {
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string }
  /** Short commit of the working folder, where it is under git. */
  readonly commit: string | undefined
  readonly templates: string
  /** One template, microseconds of processor time by kernel. */
  readonly prepare: Record<KernelName, number>
  /** One stage alone, all similarities of two templates: microseconds of processor time by kernel. */
  readonly similarities: Record<KernelName, number>
  /** One to one on prepared templates, microseconds by kernel: medians over genuine pairs and over strangers. */
  readonly compare: Record<KernelName, { readonly genuine: number; readonly strangers: number }>
  /** Candidates a second on one core, by mode and kernel. */
  readonly search: Record<keyof typeof modes, Record<KernelName, number>>
  /** Candidates a second of the whole pool by number of workers, by wall clock: medians of rounds in turn. */
  readonly workers: readonly { readonly workers: number; readonly perSecond: number }[]
  readonly bytesPerTemplate: number
  readonly ratios: Record<string, number>
}

/** Runs the benchmark, about two minutes; `progress` hears how many of its parts are done. */
export async function benchMatch(progress?: (done: number, all: number) => void): Promise<MatchBench> {
  const people = 256
  const templates = Array.from({ length: people }, (_, k) => syntheticFinger(k, 0))
  const again = templates.map((template, k) => syntheticImpression(template, k).template)
  const cores = cpus().length
  const counts = [...new Set([1, Math.min(2, cores), cores])]
  let done = 0
  const parts = 7 + workerBenchSteps(counts)
  const step = <T>(value: T): T => {
    progress?.(++done, parts)
    return value
  }

  const preparing = step(
    inTurn((name) => {
      const matcher = createMatcher(name)
      const all = () => {
        for (const template of templates.slice(0, 64)) matcher.prepare(template)
      }
      return processorTime(all, 2) / 64
    }),
  )
  const prepared = templates.map((template) => prepare(template))
  const others = again.map((template) => prepare(template))
  const stage = similarityStage(prepared[0]!, prepared[1]!)
  const similarities = step(inTurn((name) => processorTime(stage[name], 200)))
  const genuine = step(inTurn((name) => medianCompare(name, prepared, others, 0)))
  const strangers = step(inTurn((name) => medianCompare(name, prepared, others, 1)))
  const compare = byKernel((name) => ({ genuine: genuine[name], strangers: strangers[name] }))

  const records = templates.map((template) => packed(template))
  const probes = again.slice(0, batchProbes).map((template) => packed(template))
  const search = {} as Record<keyof typeof modes, Record<KernelName, number>>
  for (const [mode, look] of Object.entries(modes) as [keyof typeof modes, FirstLook][]) {
    const cost = step(inTurn((name) => searchCost(name, probes, records, look)))
    search[mode] = byKernel((name) => Math.round(1e6 / cost[name]))
  }

  const workers = await benchWorkers(counts, probes, () => step(undefined))

  const result: MatchBench = {
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores, node: process.version },
    commit: commit(),
    templates: 'synthetic',
    prepare: preparing,
    similarities,
    compare,
    search,
    workers,
    bytesPerTemplate: recordBytes,
    ratios: {
      ...ratiosOf('prepare', preparing),
      ...ratiosOf('similarities alone', similarities),
      ...ratiosOf('one to one, genuine', genuine),
      ...ratiosOf('one to one, strangers', strangers),
      ...ratiosOf(
        'search, exhaustive',
        byKernel((name) => 1 / search.exhaustive[name]),
      ),
      ...ratiosOf(
        'search, cascade',
        byKernel((name) => 1 / search.cascade[name]),
      ),
      'cascade : exhaustive, wasm': search.cascade.wasm / search.exhaustive.wasm,
      ...Object.fromEntries(workers.slice(1).map((row) => [`${row.workers} workers : 1`, row.perSecond / workers[0]!.perSecond])),
    },
  }
  step(undefined)
  return result
}

function byKernel<T>(of: (name: KernelName) => T): Record<KernelName, T> {
  return Object.fromEntries(kernelNames.map((name) => [name, of(name)])) as Record<KernelName, T>
}

// Measures every kernel in turn, several times over, and keeps each one's lowest: what else the machine does meets all of them alike.
function inTurn(measure: (name: KernelName) => number): Record<KernelName, number> {
  const lowest = byKernel(() => Number.POSITIVE_INFINITY)
  for (let round = 0; round < 4; round++) for (const name of kernelNames) lowest[name] = Math.min(lowest[name], measure(name))
  return lowest
}

// How many times faster a kernel is than each of the slower ones.
function ratiosOf(what: string, cost: Record<KernelName, number>): Record<string, number> {
  return Object.fromEntries(
    kernelNames.flatMap((fast, k) => kernelNames.slice(k + 1).map((slow) => [`${fast} : ${slow}, ${what}`, cost[slow] / cost[fast]])),
  )
}

// Microseconds of processor time for one of many runs, so that another program's use of the core does not count.
function processorTime(work: () => void, runs: number): number {
  for (let k = 0; k < runs; k++) work()
  const before = process.cpuUsage()
  for (let k = 0; k < runs; k++) work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / runs
}

// The first stage of a comparison, on each kernel.
function similarityStage(a: Prepared, b: Prepared): Record<KernelName, () => void> {
  const kernel = kernelInstance()
  for (const [at, side] of [[place.probes, a] as const, [place.candidate, b] as const]) {
    writeSide(kernel.memory.buffer, at, side)
    kernel.finishSide(at)
  }
  const [sideA, sideB] = [makeSide(), makeSide()]
  spreadPrepared(sideA, a)
  spreadPrepared(sideB, b)
  const out = new Int16Array(a.count * b.count)
  return {
    wasm: () => kernel.similarityStage(),
    'typed-arrays': () => {
      clearLists()
      similaritiesOnArrays(sideA, sideB, 0, sideA.count)
    },
    reference: () => {
      for (let i = 0; i < a.count; i++) similaritiesOf(a, i, b, out)
    },
  }
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

function medianCompare(name: KernelName, prepared: readonly Prepared[], others: readonly Prepared[], apart: number): number {
  const matcher = createMatcher(name)
  const pairs = name === 'reference' ? 32 : 128
  const times: number[] = []
  for (let round = 0; round < 3; round++)
    for (let k = 0; k < pairs; k++) times.push(timed(() => matcher.compare(prepared[k]!, others[(k + apart) % others.length]!)))
  return median(times.slice(pairs))
}

function packed(template: Parameters<typeof prepare>[0]): Uint8Array {
  const record = new Uint8Array(recordBytes)
  packTemplate(fastestKernel().prepare(template, recordMinutiae), record)
  return record
}

// Microseconds of processor time for a comparison of a search.
function searchCost(name: KernelName, probes: readonly Uint8Array[], records: readonly Uint8Array[], look: FirstLook): number {
  const kernel = openKernel(name)
  const used = name === 'reference' ? 1 : Math.floor(records.length / blockRecords)
  const blocks = Array.from({ length: used }, (_, block) => {
    const bytes = new Uint8Array(blockRecords * recordBytes)
    for (let r = 0; r < blockRecords; r++) bytes.set(records[block * blockRecords + r]!, r * recordBytes)
    return bytes
  })
  kernel.loadProbes(probes, look)
  const all = () => {
    for (const block of blocks) kernel.compareBlock(block, blockRecords)
  }
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < (name === 'wasm' ? 10 : 2); round++)
    best = Math.min(best, processorTime(all, 1) / (probes.length * blockRecords * used))
  return best
}

function commit(): string | undefined {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}
