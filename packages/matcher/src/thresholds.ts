/**
 * Scores to accept at, by the false match rate that they stand for. Which one to take is the policy of whoever verifies; `fmr1e-4` is a usual choice for one
 * finger against one card.
 */
export const thresholds = { 'fmr1e-2': 20, 'fmr1e-3': 30, 'fmr1e-4': 40, 'fmr1e-5': 50 } as const

/** Name of a threshold. */
export type ThresholdName = keyof typeof thresholds
