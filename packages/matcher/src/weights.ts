// Weights fitted on T (see parameters.ts): three sensors, three extractors, every set counting alike. They belong to the stages before them and must be
// fitted anew when those change.

const q10 = (value: number) => Math.round(1024 * value)

/**
 * ln(P(matched | same finger) / P(matched | other)) by quality (rows: below 20, 35, 45, 57, 72, above, not reported) and distance inside the border
 * (columns: below 4, 14, 30 pixels, more), Q10. A poor minutia near the border says little either way.
 */
export const matchedWeight = Int16Array.from(
  [
    [0.08, 0.36, 0.8, 0.77],
    [0.47, 0.79, 0.83, 0.96],
    [0.3, 0.48, 0.83, 0.95],
    [0.37, 0.37, 0.64, 0.85],
    [0.66, 0.8, 0.95, 1.06],
    [0.82, 0.98, 1.1, 1.19],
    [0.73, 0.83, 0.9, 0.95],
  ].flat(),
  q10,
)

/** ln(P(unmatched | same finger) / P(unmatched | other)), laid out as {@link matchedWeight}. A good minutia deep inside that is missing costs two nats. */
export const unmatchedWeight = Int16Array.from(
  [
    [-0.07, -0.19, -0.46, -0.55],
    [-0.36, -0.65, -0.66, -0.76],
    [-0.16, -0.31, -0.63, -0.86],
    [-0.19, -0.19, -0.37, -0.59],
    [-0.61, -0.81, -0.95, -1.14],
    [-1.21, -1.72, -2.01, -2.21],
    [-1.2, -1.1, -1.26, -1.29],
  ].flat(),
  q10,
)

/** Logistic weights of ln(f + 0.5), ln(rel + 0.05), lu, ln(edges + 1) and density, and the constant, Q10. */
export const logistics = {
  full: { f: q10(2.39), rel: q10(2.91), lu: q10(2.35), edges: q10(1.32), density: q10(3.14), constant: q10(-0.94) },
  lean: { f: q10(2.39), rel: q10(2.91), lu: q10(2.35), edges: q10(1.32), density: q10(3.14), constant: q10(-0.94) },
} as const

/**
 * From the logistic's argument (Q10) to tenths of the score, straight lines between. Measured: the false match rate on the impostors of T, nine sets weighed
 * alike (275,000 pairs; 3.8 % at -4, 6.2e-3 at -2, 7.4e-4 at 0, 1.35e-4 at 2), then 4 per unit, under the slope of eight sets and over that of the
 * ninth, as far as 100. Ten are taken off everywhere as a margin for sensors and extractors that were not measured: a score of 40 stood for 1e-5 on T.
 */
export const calibrations = {
  full: [
  { fused: -5 * 1024, tenths: 8 },
  { fused: -4 * 1024, tenths: 42 },
  { fused: -2 * 1024, tenths: 121 },
  { fused: 0, tenths: 213 },
  { fused: 2 * 1024, tenths: 287 },
  { fused: 20 * 1024, tenths: 1007 },
  ],
  lean: [
    { fused: -5 * 1024, tenths: 8 },
    { fused: -4 * 1024, tenths: 42 },
    { fused: -2 * 1024, tenths: 121 },
    { fused: 0, tenths: 213 },
    { fused: 2 * 1024, tenths: 287 },
    { fused: 20 * 1024, tenths: 1007 },
  ],
} as const
