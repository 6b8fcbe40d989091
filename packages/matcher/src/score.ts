import type { Evidence } from './evidence.ts'
import { divRound } from './fixed.ts'
import { lnQ12 } from './tables.ts'
import { calibrations, logistics } from './weights.ts'

/** Highest score given; what lies above is the same certainty as far as any measurement reaches. */
const highestScore = 100

// ln of the fixed-point unit, to be taken off the logarithm of a Q10 or Q12 number
const lnQ10Unit = lnQ12(1 << 10)
const lnQ12Unit = lnQ12(1 << 12)

/** The logistic's argument, Q10: higher speaks for one finger. `rel` is Q12. */
export function fuse(rel: number, e: Pick<Evidence, 'f' | 'lu' | 'edges' | 'density'>, form: 'full' | 'lean'): number {
  const weights = logistics[form]
  const lnF = lnQ12(e.f + 512) - lnQ10Unit
  const lnRel = lnQ12(rel + 205) - lnQ12Unit
  const lnEdges = lnQ12(e.edges + 1)
  const sum = weights.f * lnF + weights.rel * lnRel + weights.edges * lnEdges + 4 * (weights.lu * e.lu + weights.density * e.density)
  return Math.floor(sum / 4096) + weights.constant
}

/** The score for a logistic argument: -10 log10 of the false match rate, with the margin of {@link calibrations}; 0..100. */
export function calibrate(fused: number, form: 'full' | 'lean' = 'full'): number {
  const calibration = calibrations[form]
  if (fused <= calibration[0].fused) return 0
  for (let k = 1; k < calibration.length; k++) {
    const low = calibration[k - 1]!
    const high = calibration[k]!
    if (fused > high.fused) continue
    const tenths = low.tenths + divRound((fused - low.fused) * (high.tenths - low.tenths), high.fused - low.fused)
    return Math.min(highestScore, Math.floor(tenths / 10))
  }
  return highestScore
}
