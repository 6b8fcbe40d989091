/** The value that this share (0..1) of the samples does not exceed, between the two nearest ones by proportion; samples in any order, at least one. */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new RangeError('no samples')
  const sorted = [...samples].sort((a, b) => a - b)
  const at = share * (sorted.length - 1)
  const below = sorted[Math.floor(at)]!
  const above = sorted[Math.ceil(at)]!
  return below + (above - below) * (at - Math.floor(at))
}

/** What some runs of the same thing took. */
export interface Timing {
  readonly runs: number
  /** Wall clock, milliseconds. */
  readonly medianMs: number
  readonly p90Ms: number
  /** Mean CPU time of the process in a run, milliseconds; it leaves out what other programs of the machine took. */
  readonly cpuMs: number
  /** 1000 / median: one process, one run after the other. */
  readonly perSecond: number
  /** 1000 / CPU time: what one core that does nothing else would come near to. */
  readonly perCpuSecond: number
}

/** The timing of runs, each with its wall and CPU milliseconds. */
export function timingOf(runs: readonly { readonly wallMs: number; readonly cpuMs: number }[]): Timing {
  const wall = runs.map(({ wallMs }) => wallMs)
  const medianMs = quantile(wall, 0.5)
  const cpuMs = runs.reduce((sum, run) => sum + run.cpuMs, 0) / runs.length
  return {
    runs: runs.length,
    medianMs,
    p90Ms: quantile(wall, 0.9),
    cpuMs,
    perSecond: 1000 / medianMs,
    perCpuSecond: 1000 / cpuMs,
  }
}

/** Runs something once and says what it took. */
export async function clocked<T>(run: () => Promise<T>): Promise<{ value: T; wallMs: number; cpuMs: number }> {
  const cpu = process.cpuUsage()
  const started = performance.now()
  const value = await run()
  const wallMs = performance.now() - started
  const { user, system } = process.cpuUsage(cpu)
  return { value, wallMs, cpuMs: (user + system) / 1000 }
}
