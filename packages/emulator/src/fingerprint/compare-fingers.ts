import type { FingerComparisonSpec } from '@kart/layout/profile'
import { compare, prepare, thresholds } from '@kart/matcher/reference'
import { compactCardCodec } from '@kart/minutiae'
import { type CodedMinutiae, minutiaeKeys } from './read-probe.ts'

/**
 * House rule: a probe that has this share of its minutiae, or of the enrolled ones, in common with the enrolled finger to the bit is a copy of it and no live finger. Two prints of a finger share a few by chance;
 * docs/card.md says how many were measured.
 */
const copiedShare = 0.5

/**
 * Whether a live finger is the enrolled one. A copy is not. Every step is done whatever the ones before it found, so that what takes part in the answer does not decide how long it
 * takes; how long the comparison itself takes depends on both fingers, which is why the answer waits for a fixed time.
 */
export function isSameFinger(probe: CodedMinutiae, enrolled: Uint8Array, spec: FingerComparisonSpec): boolean {
  const { status, score } = compare(prepare(probe.template), prepare(compactCardCodec.decode(enrolled)))
  const alike = status === 'scored' && score >= thresholdOf(spec)
  const [own, stored] = [minutiaeKeys(probe.bytes), minutiaeKeys(enrolled)]
  let common = 0
  for (const key of own) if (stored.has(key)) common++
  const copied = common >= copiedShare * Math.min(own.size, stored.size)
  return alike && !copied
}

/** The score that one comparison must reach, so that a finger held against all enrolled ones keeps the rate of the threshold (Bonferroni): 10 log10(N) more, rounded up. */
function thresholdOf({ threshold, references }: FingerComparisonSpec): number {
  return thresholds[threshold] + Math.ceil(10 * Math.log10(references.length))
}
