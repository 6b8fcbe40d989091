// Weights fitted on T (see parameters.ts): three sensors, three extractors, every set counting alike. They belong to the stages before them and must be
// fitted anew when those change.

const q10 = (value: number) => Math.round(1024 * value)

/**
 * ln(P(matched | same finger) / P(matched | other)) by quality (rows: below 20, 35, 45, 57, 72, above, not reported) and distance inside the border
 * (columns: below 4, 14, 30 pixels, more), Q10. A poor minutia near the border says little either way.
 */
export const matchedWeight = Int16Array.from(
  [
    [0.13, 0.4, 0.77, 0.78],
    [0.54, 0.79, 0.81, 0.97],
    [0.33, 0.49, 0.82, 0.95],
    [0.39, 0.39, 0.65, 0.85],
    [0.69, 0.8, 0.95, 1.07],
    [0.84, 0.99, 1.11, 1.2],
    [0.75, 0.84, 0.93, 0.97],
  ].flat(),
  q10,
)

/** ln(P(unmatched | same finger) / P(unmatched | other)), laid out as {@link matchedWeight}. A good minutia deep inside that is missing costs two nats. */
export const unmatchedWeight = Int16Array.from(
  [
    [-0.11, -0.21, -0.45, -0.55],
    [-0.4, -0.65, -0.65, -0.76],
    [-0.17, -0.31, -0.63, -0.86],
    [-0.21, -0.2, -0.38, -0.59],
    [-0.63, -0.81, -0.95, -1.14],
    [-1.23, -1.72, -2.03, -2.22],
    [-1.21, -1.11, -1.28, -1.29],
  ].flat(),
  q10,
)

/** Logistic weights of ln(f + 0.5), ln(rel + 0.05), lu, ln(edges + 1) and density, and the constant, Q10. */
export const logistic = { f: q10(2.87), rel: q10(2.38), lu: q10(2.45), edges: q10(1.04), density: q10(4.34), constant: q10(-2.58) } as const

/**
 * From the logistic's argument (Q10) to tenths of the score, straight lines between. Measured: the false match rate on the impostors of T, nine sets weighed
 * alike (289,000 pairs; 19 % at -6, 4.6 % at -4, 7.6e-3 at -2, 9.6e-4 at 0, 1.1e-4 at 2), then 4.5 per unit, a little under the slope there, as far as
 * 100. Ten are taken off everywhere as a margin for sensors and extractors that were not measured, so a score of 40 stood for 1e-5 on T.
 */
export const calibration = [
  { fused: -5 * 1024, tenths: 0 },
  { fused: -4 * 1024, tenths: 33 },
  { fused: -2 * 1024, tenths: 112 },
  { fused: 0, tenths: 202 },
  { fused: 2 * 1024, tenths: 296 },
  { fused: 18 * 1024, tenths: 1016 },
] as const
