import { Gallery } from './gallery.ts'
import { modes } from './parameters.ts'
import { openPool, type SearchPool } from './search-pool.ts'
import { addSyntheticPeople } from './synthetic-gallery.ts'

/** Records of the gallery that the pools search. */
const records = 16_384
/** Rounds that count, and the least seconds that one of them takes on the fastest pool. */
const rounds = 5
const leastSeconds = 2

/** Steps that {@link benchWorkers} reports for some numbers of workers. */
export function workerBenchSteps(counts: readonly number[]): number {
  return 1 + rounds * counts.length
}

/**
 * Candidates a second of pools of different sizes by the clock, the median of five rounds each. All pools stand open and are warm (the kernel compiled, the gallery
 * touched) before the first round counts, and search in turn, the same passes over the same gallery, so that what else the machine does meets all of them alike.
 */
export async function benchWorkers(
  counts: readonly number[],
  probes: readonly Uint8Array[],
  step: () => void,
): Promise<{ workers: number; perSecond: number }[]> {
  const gallery = Gallery.create(records, { synthetic: true })
  addSyntheticPeople(gallery, { people: records })
  step()
  const pools = counts.map((workers) => openPool({ workers }))
  try {
    for (const pool of pools) await secondsOf(pool, gallery, probes, 2)
    let fastest = Number.POSITIVE_INFINITY
    for (const pool of pools) fastest = Math.min(fastest, await secondsOf(pool, gallery, probes, 1))
    const passes = Math.ceil((1.1 * leastSeconds) / fastest)
    const seconds: number[][] = pools.map(() => [])
    for (let round = 0; round < rounds; round++)
      for (const [k, pool] of pools.entries()) {
        seconds[k]!.push(await secondsOf(pool, gallery, probes, passes))
        step()
      }
    const median = (values: number[]) => values.sort((p, q) => p - q)[values.length >> 1]!
    return counts.map((workers, k) => ({
      workers,
      perSecond: Math.round((passes * probes.length * gallery.slots) / median(seconds[k]!)),
    }))
  } finally {
    await Promise.all(pools.map((pool) => pool.close()))
  }
}

async function secondsOf(pool: SearchPool, gallery: Gallery, probes: readonly Uint8Array[], passes: number): Promise<number> {
  const started = performance.now()
  for (let pass = 0; pass < passes; pass++) await pool.search(gallery, probes, modes.exhaustive)
  return (performance.now() - started) / 1000
}
