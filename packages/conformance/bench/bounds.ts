import type { WayTimings, Wire } from './card-runs.ts'
import { isCrypto, type Share, type Shares, type Subject, subjects, sumOf } from './profile-shares.ts'
import type { ProfiledJob } from './profiled.ts'

/** The bit rates of contactless cards (ISO/IEC 14443-2:2020, 8.1 and 9.1: fc/128 to fc/16), kilobits a second; the amendments' faster ones are rare. */
const contactlessKbit = { slow: 106, fast: 848 } as const
/** A share from which waiting counts as what bounds the rate. */
const idleBound = 0.5

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`

/** The shares of each subject over both sides, greatest first. */
export function bySubject(shares: Shares): readonly { readonly subject: Subject; readonly share: number }[] {
  const sums = new Map<Subject, number>()
  for (const { subject, share } of shares.shares) sums.set(subject, (sums.get(subject) ?? 0) + share)
  return [...sums].map(([subject, share]) => ({ subject, share })).sort((a, b) => b.share - a.share)
}

/**
 * What bounds the rate of a job, in sentences that follow from the measured shares: what takes most, how far the rate could rise without it (Amdahl's law), and
 * how much of the time is the emulated card's, which a real card spends on its own processor.
 */
export function boundsOf(job: ProfiledJob, shares: Shares, medianMs: number, wire: Wire): string[] {
  const [first, second] = bySubject(shares)
  const crypto = sumOf(shares, isCrypto)
  const ofCard = sumOf(shares, ({ side }: Share) => side === 'card')
  const without = (share: number): string => (1000 / (medianMs * Math.max(1 - share, Number.EPSILON))).toFixed(0)
  const lines: string[] = []
  const verb = job === 'personalize' ? 'Personalizing' : 'Verifying'
  if (shares.idle >= idleBound) lines.push(`${verb} is bound by waiting: the process was idle in ${percent(shares.idle)} of the samples.`)
  else
    lines.push(
      `${verb} is bound by computing on one core (idle in ${percent(shares.idle)} of the samples), and first by ${subjects[first!.subject]}: ${percent(first!.share)}` +
        `${second === undefined ? '' : `, then ${subjects[second.subject]}: ${percent(second.share)}`}.`,
    )
  lines.push(
    `Cryptography of both sides together is ${percent(crypto)}: were it free, ${(1000 / medianMs).toFixed(0)} cards a second would become ${without(crypto)}; without ` +
      `${subjects[first!.subject]} alone, ${without(first!.share)}.`,
  )
  lines.push(
    `The emulated card itself takes ${percent(ofCard)}; the terminal alone would do ${without(ofCard)} cards a second, were card and link infinitely fast.`,
  )
  const bits = (wire.sent + wire.received) * 8
  const seconds = (kbit: number): string => (bits / (kbit * 1000)).toFixed(2)
  lines.push(
    `A real card is bound by itself and its interface: these ${wire.sent + wire.received} bytes alone take ${seconds(contactlessKbit.fast)} s at ${contactlessKbit.fast} kbit/s and ` +
      `${seconds(contactlessKbit.slow)} s at ${contactlessKbit.slow} kbit/s (computed, not measured), against ${(medianMs / 1000).toFixed(3)} s here.`,
  )
  return lines
}

/** How much longer each way takes than the first one, by medians. */
export function ratiosToFirst(
  ways: readonly WayTimings[],
): readonly { readonly way: string; readonly personalize: number; readonly verify: number }[] {
  const first = ways[0]!.timings
  return ways.map(({ way, timings }) => ({
    way,
    personalize: timings.personalize.medianMs / first.personalize.medianMs,
    verify: timings.verify.medianMs / first.verify.medianMs,
  }))
}
