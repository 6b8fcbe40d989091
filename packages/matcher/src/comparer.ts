import { type Kernel, type KernelName, openKernel } from './kernel.ts'
import type { Matcher, MatchResult } from './matcher.ts'
import { type Prepared, prepare } from './prepare.ts'
import { compare as compareByReference } from './reference.ts'
import { comesAfter, resultOf, tooFew } from './result.ts'
import { lowestStrength } from './strength.ts'
import type { MatchTrace } from './trace.ts'

/** A matcher on a kernel of this name: the same results whichever it is. Throws InputError for a name that there is not. */
export function createMatcher(name: KernelName): Matcher {
  const kernel = openKernel(name)
  return { prepare: (template) => prepare(template), compare: (probe, candidate, trace) => compareOn(kernel, probe, candidate, trace) }
}

function compareOn(kernel: Kernel, probe: Prepared, candidate: Prepared, trace?: MatchTrace): MatchResult {
  // only the reference tells its stages
  if (trace !== undefined) return compareByReference(probe, candidate, trace)
  if (tooFew(probe, candidate)) return resultOf({ strength: lowestStrength }, probe, candidate, false)
  const swap = comesAfter(probe, candidate)
  return resultOf(kernel.compareFull(swap ? candidate : probe, swap ? probe : candidate), probe, candidate, swap)
}

let fastest: Kernel | undefined

function fastestKernel(): Kernel {
  if (fastest === undefined)
    try {
      fastest = openKernel('wasm')
    } catch {
      // a machine without 128-bit vectors in WebAssembly
      fastest = openKernel('reference')
    }
  return fastest
}

/** Compares two prepared templates with the fastest kernel that the machine has; see {@link Matcher.compare}. */
export function compare(probe: Prepared, candidate: Prepared, trace?: MatchTrace): MatchResult {
  return compareOn(fastestKernel(), probe, candidate, trace)
}
