// Weights fitted on T (see parameters.ts): three sensors, three extractors, every set counting alike. They belong to the stages before them and must be
// fitted anew when those change.

const q10 = (value: number) => Math.round(1024 * value)

/**
 * ln(P(matched | same finger) / P(matched | other)) by quality (rows: below 20, 35, 45, 57, 72, above, not reported) and distance inside the border
 * (columns: below 4, 14, 30 pixels, more), Q10. A poor minutia near the border says little either way.
 */
export const matchedWeight = Int16Array.from(
  [
    [0.09, 0.37, 0.79, 0.8],
    [0.49, 0.79, 0.83, 0.97],
    [0.31, 0.47, 0.82, 0.95],
    [0.4, 0.37, 0.64, 0.84],
    [0.69, 0.8, 0.94, 1.07],
    [0.83, 0.98, 1.1, 1.19],
    [0.76, 0.83, 0.89, 0.94],
  ].flat(),
  q10,
)

/** ln(P(unmatched | same finger) / P(unmatched | other)), laid out as {@link matchedWeight}. A good minutia deep inside that is missing costs two nats. */
export const unmatchedWeight = Int16Array.from(
  [
    [-0.08, -0.2, -0.46, -0.57],
    [-0.38, -0.65, -0.66, -0.76],
    [-0.17, -0.29, -0.63, -0.86],
    [-0.2, -0.19, -0.37, -0.58],
    [-0.62, -0.82, -0.95, -1.14],
    [-1.22, -1.72, -2.02, -2.21],
    [-1.21, -1.1, -1.26, -1.28],
  ].flat(),
  q10,
)

/** Logistic weights of ln(f + 0.5), ln(rel + 0.05), lu, ln(edges + 1) and density, and the constant, Q10. */
export const logistics = {
  full: { f: q10(2.2), rel: q10(2.62), lu: q10(2.28), edges: q10(1.32), density: q10(3.32), constant: q10(-2.15) },
  lean: { f: q10(2.2), rel: q10(2.62), lu: q10(2.28), edges: q10(1.32), density: q10(3.32), constant: q10(-2.15) },
} as const

/**
 * From the logistic's argument (Q10) to tenths of the score, straight lines between. Measured: the false match rate on the impostors of T, nine sets weighed
 * alike (275,000 pairs). Full: 8.7 % at -5, 3.7 % at -4, 6.6e-3 at -2, 7.7e-4 at 0, 1.35e-4 at 2. Lean: 2.8e-2 at -6, 3.6e-3 at -3, 2.2e-4 at 0. Beyond that
 * 4 per unit, as far as 100. Ten are taken off everywhere as a margin for sensors and extractors that were not measured: a score of 40 stood for 1e-5 on T.
 */
export const calibrations = {
  full: [
    { fused: -5 * 1024, tenths: 6 },
    { fused: -4 * 1024, tenths: 43 },
    { fused: -2 * 1024, tenths: 118 },
    { fused: 0, tenths: 211 },
    { fused: 2 * 1024, tenths: 284 },
    { fused: 20 * 1024, tenths: 1004 },
  ],
  lean: [
    { fused: -9 * 1024, tenths: 10 },
    { fused: -6 * 1024, tenths: 55 },
    { fused: -3 * 1024, tenths: 144 },
    { fused: 0, tenths: 265 },
    { fused: 18 * 1024, tenths: 985 },
  ],
} as const
