import { pcError } from './colours.ts'

/** Tells how far a count has come: how many are done, of how many. */
export type Count = (done: number, all: number) => void

/** A line that follows a count. */
export interface CountProgress {
  readonly count: Count
  /** Clears the line. */
  end(): void
}

const everyMilliseconds = { live: 200, lines: 10_000 } as const

/**
 * Follows a long count on standard error, with its rate and the time left: one line that is written over on a terminal, a line every ten seconds elsewhere, nothing when `silent`. `unit` is what
 * is counted, in the plural.
 */
export function followCount(title: string, unit: string, silent: boolean): CountProgress {
  const live = process.stderr.isTTY === true
  const started = performance.now()
  let shown = started
  let drawn = false
  return {
    count(done, all) {
      const now = performance.now()
      if (silent || now - shown < (live ? everyMilliseconds.live : everyMilliseconds.lines)) return
      shown = now
      const line = describeCount(title, unit, done, all, (now - started) / 1000)
      process.stderr.write(live ? `\r\u001b[2K${pcError.dim(line)}` : `${line}\n`)
      drawn = live
    },
    end() {
      if (drawn) process.stderr.write('\r\u001b[2K')
      drawn = false
    },
  }
}

/** The line of a count after `seconds`: share, rate, time left at that rate. */
export function describeCount(title: string, unit: string, done: number, all: number, seconds: number): string {
  const rate = seconds > 0 ? done / seconds : 0
  const left = rate > 0 ? `${duration((all - done) / rate)} left` : 'time left unknown'
  const share = all > 0 ? Math.floor((100 * done) / all) : 100
  return `${title}: ${share} %, ${done} of ${all} ${unit}, ${rate < 10 ? rate.toFixed(1) : Math.round(rate)} a second, ${left}`
}

/** Seconds in words: 9 s, 4 min 5 s, 3 h 20 min. */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
