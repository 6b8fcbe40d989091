import type { MinutiaeTemplate } from '@kart/minutiae'
import { fastestKernel, type Kernel, type KernelName, openKernel } from './kernel.ts'
import type { Matcher, MatchResult } from './matcher.ts'
import { full } from './parameters.ts'
import type { Prepared } from './prepare.ts'
import { compare as compareByReference } from './reference.ts'
import { comesAfter, resultOf, tooFew } from './result.ts'
import { lowestStrength } from './strength.ts'
import type { MatchTrace } from './trace.ts'

/** A matcher on a kernel of this name: the same results whichever it is. Throws InputError for a name that there is not. */
export function createMatcher(name: KernelName): Matcher {
  const kernel = openKernel(name)
  return {
    prepare: (template) => kernel.prepare(template, full.centres),
    compare: (probe, candidate, trace) => compareOn(kernel, probe, candidate, trace),
  }
}

function compareOn(kernel: Kernel, probe: Prepared, candidate: Prepared, trace?: MatchTrace): MatchResult {
  // only the reference tells its stages
  if (trace !== undefined) return compareByReference(probe, candidate, trace)
  if (tooFew(probe, candidate)) return resultOf({ strength: lowestStrength }, probe, candidate, false)
  const swap = comesAfter(probe, candidate)
  return resultOf(kernel.compareFull(swap ? candidate : probe, swap ? probe : candidate), probe, candidate, swap)
}

/** Compares two prepared templates with the fastest kernel that the machine has; see {@link Matcher.compare}. */
export function compare(probe: Prepared, candidate: Prepared, trace?: MatchTrace): MatchResult {
  return compareOn(fastestKernel(), probe, candidate, trace)
}

/** Makes a template ready for comparison with the fastest kernel that the machine has; throws InputError when its arrays do not agree. */
export function prepare(template: MinutiaeTemplate): Prepared {
  return fastestKernel().prepare(template, full.centres)
}
