// Every tuning constant of the matcher. Lengths are in 1/100 mm (1 pixel at 500 dpi is 5.08), angles in 1/256 turn unless said, Qn = times 2^n.
// "T" is the tuning data: sensors crossmatch, upek and FVC2002 DB4 set B, three extractors (FingerJetFX OSE, NBIS mindtct, SourceAFIS).
// Constants marked "study" come from an ablation study of 123 configurations on T. The weights in weights.ts were fitted on T by bench/fit.mjs.
// Other sensors were looked at to judge; three times such a look led to more work, see docs/matcher.md.

/** Which minutiae take part. */
export const limits = {
  /** Most minutiae that descriptors are built from, best quality first: bounds the work on hostile templates (study). */
  minutiae: 128,
  /** Fewest minutiae on either side for a score at all: with fewer, chance agreements and true ones look alike (house rule). */
  fewest: 6,
  /** Coordinates are clamped to this from the middle of the print: no finger is wider, and products stay inside 32 bits. */
  coordinate: 4095,
  /** Quality that a minutia without a reported one counts as, when the best are chosen (study). */
  unknownQuality: 60,
  /** Quality of the best minutia below which a template's qualities are on another scale: the poorest best one of the 1,232 graded templates of T is 72. */
  leastBest: 72,
  /**
   * A minutia without a quality that lies nearer to another one, about a ridge period, comes after the others where not all can take part. T, qualities taken away, exhaustive: 40 to 60 let the 48 of a record lose
   * a third to a half less on FingerJetFX (mean FMR1000 1.18 to 0.67 %) and the same within one or two pairs on the other two (0.83 to 1.00, 3.98 to 3.95 %); 80 and more gained nothing further.
   */
  crowded: 50,
} as const

/** The descriptor: 8 x 8 cells of 6 angle sections around a minutia (study 3.2; after Cappelli's cylinder code, in bits). */
export const cylinder = {
  /** Half the side of the square, and the largest distance of a used cell's centre: 70 pixels. */
  radius: 356,
  /** Standard deviation of a neighbour's weight in space: 11.8 pixels. */
  sigma: 60,
  /** Where that weight is cut: three standard deviations. */
  reach: 180,
  /** Radius and reach together: minutiae farther away along an axis give nothing. */
  farthest: 536,
  /** Standard deviation of a neighbour's weight in angle, radians. */
  sigmaAngle: 0.62,
  /** A bit is set when the summed weight is above 0.28, Q12. */
  threshold: 1147,
  /** A cell counts when its centre is at most 12 pixels outside the hull: tight masks were the largest single gain (study row 10: 10 to 20 pixels). */
  margin: 60,
} as const

/** Similarity of two descriptors (study 3.3). */
export const similarity = {
  /** Minutiae whose angles differ by more are never compared: 67 degrees, wider than fingers are turned. */
  window: 48,
  /** Fewest cells valid in both: 60 bits of 312. */
  fewestCells: 10,
  /** Similarities below 0.05 are dropped, Q10. */
  least: 51,
  /** In a search those are compared exactly that are at a glance at least three quarters as similar as the best, Q2 (T: as accurate as comparing all). */
  nearBest: 3,
} as const

/** The second look at the most similar pairs: do their nearest neighbours agree (study 3.4)? */
export const neighbourhood = {
  /** Neighbours kept of each minutia, between 3 and 120 pixels away, squared. */
  count: 8,
  nearest: 232,
  farthest: 371612,
  /** Squared error allowed: 36 px^2 and 0.02 of the squared distance, Q10. */
  tolerance: 929,
  toleranceShare: 20,
  /** Difference of relative directions allowed, 34 degrees. */
  angle: 24,
  /** Neighbours count up to 1.15 of the smaller of the two outermost distances, Q10. */
  reach: 1178,
  /** An unmatched one counts when it falls at most 5 pixels outside the other hull. */
  margin: 25,
  /** Pairs looked at again, and the share of the neighbours in their new similarity, 0.7, Q10. */
  pairs: 64,
  share: 717,
} as const

/** Selection and consistency of pairs (study 3.4 and 3.5). */
export const consistency = {
  /** Pairs kept by the one-to-one selection; more did not help. */
  pairs: 32,
  /** Squared error allowed to a displacement, in (4/100 mm)^2: 80 px^2 ... */
  tolerance: 129,
  /** ... plus 0.055 of its squared length, that is 28 for each 8192 (1/100 mm)^2, reckoned up to 30 mm. */
  toleranceStep: 28,
  farthest: 1150,
  /** Each component of the error is cut here, 4/100 mm, so that its square stays inside 16 bits. */
  clamp: 180,
  /** Difference of two pairs' rotations, 31 degrees. */
  rotation: 22,
  /** What a unit of that difference takes off, of 256. */
  rotationWeight: 7,
  /** Displacements shorter than 5 pixels (L1) say nothing. */
  shortest: 25,
  rounds: 3,
  /** In a round a pair keeps 0.35 of its value and gains 0.65 * 4 of the mean support of the other pairs (at least seven are reckoned with), Q10. */
  keep: 358,
  gain: 2662,
  /** The largest values that make up `rel`. */
  best: 8,
} as const

/** Alignment (study 3.6). */
export const alignment = {
  /** How two alignments must differ to be both tried: the centre moves by more than 14 pixels (L1), or the angle by 0.1 rad (1/1024 turn). */
  seedDistance: 71,
  seedAngle: 16,
  /** Evidence of a pair's directions in the fits, 600 and 200 px^2. */
  directionFirst: 15484,
  direction: 5161,
  /** Radius of the pairing: 18 pixels, in the last pass 12; angle 28 degrees, in 1/1024 turn. */
  radius: 91,
  lastRadius: 61,
  angleUnits: 80,
  /** What distance and angle at the limit take off a pair's value, 0.7 and 0.6, and the value that a pair of unlike descriptors still has, 0.35, Q10. */
  distanceWeight: 717,
  angleWeight: 614,
  plainPair: 358,
  /** Elastic correction reaches 60 pixels, here squared; and 1024 divided by that, Q14. */
  elasticSquare: 93025,
  elasticFactor: 180,
} as const

/** How a search sees whether an alignment is worth its cost: how near minutiae come under it. Chosen on T. */
export const accord = {
  /** From this distance on, both axes together, a minutia is not near: 25 pixels; at most 128, which the kernel's arithmetic counts on. */
  reach: 128,
  /** What chance brings for each minutia that overlaps: logistics over rel, nearness and overlap gave 22 to 29. */
  chance: 24,
  /** Added to rel below the logarithm. */
  relAdded: 50,
} as const

/** What the final pairing is judged by (study 3.6). */
export const evidence = {
  /** An unmatched minutia counts as overlapping from 8 pixels outside the other hull (0) to 24 inside (1). */
  overlapOutside: 41,
  overlapInside: 122,
  /** Least overlap, 8 minutiae, and 6 added below f, Q10. */
  leastOverlap: 8192,
  overlapAdded: 6144,
  /** Two matched pairs agree when their distances differ by less than 3 pixels and 5 %, Q10, and their angles by 12. */
  edgeDistance: 15,
  edgeShare: 51,
  edgeAngle: 12,
  /** Bounds of the quality bins and of the bins of distance inside the border (4, 14, 30 pixels). */
  qualityBins: [20, 35, 45, 57, 72],
  borderBins: [20, 71, 152],
} as const

/** What a comparison spends: everything one to one, less in a search, where most candidates are strangers. */
export interface Form {
  /** Most minutiae compared, best quality first. */
  readonly centres: number
  /** Pairs looked at again by their neighbours. */
  readonly looked: number
  /** Most alignments tried. */
  readonly seeds: number
  /** Which logistic of weights.ts its score is read from. */
  readonly logistic: 'full' | 'lean'
}

/** One to one: nothing is left out (study, F5). */
export const full: Form = { centres: 80, looked: 64, seeds: 4, logistic: 'full' }

/**
 * A search: 48 minutiae are as accurate as 80 there, and make a record of 2,752 bytes (study). The 32 chosen pairs alone are looked at again, and two
 * alignments tried: on T within one genuine pair of 64 and four.
 */
export const lean: Form = { centres: 48, looked: 32, seeds: 2, logistic: 'lean' }

/**
 * The coarse look of a cascade, before anything else is compared; see coarse.ts. Chosen on T, where at one lost pair in a thousand half as many strangers pass as when
 * every pair above a likelihood ratio votes.
 */
export const coarse = {
  /** Least log likelihood ratio of a pair to vote, quarters. One vote, and one more for each two units above. */
  least: -15,
  mostVotes: 8,
  /** Two prints with more minutiae make more votes by chance: one vote more is asked for each 2^7 pairs of minutiae, of at most 32 times 48. */
  chance: 7,
} as const

/** What a search does before it tries an alignment, so that most strangers are done with early. Gates are least values of `rel`, Q12, unless said. */
export interface FirstLook {
  /** The probe's minutiae that look first, best quality first, and the pairs that they choose. */
  readonly leading: number
  readonly pairs: number
  /** Behind the look of the leading minutiae. */
  readonly gate: number
  /** For the alignment that their pairs lead to, by how near minutiae come under it; see accord.ts. */
  readonly firstAccordGate: number
  /** Behind the same look of all minutiae and exact similarities of what is alike there. */
  readonly exactGate: number
  /** The same for every later alignment, before its cost is spent: the same in every mode, as a score is the best alignment's of those that were tried. */
  readonly accordGate: number
  /** Behind the second look at the pairs by neighbours. */
  readonly lastGate: number
  /** Least votes of the coarse look before all of it, at most 240, to which `chance` adds; 0: there is no such look. */
  readonly coarse: number
}

/**
 * The modes of a search. The gates of `exhaustive` were moved in steps on T (FMR1000, and the genuine pairs above it that each gate sends away) with the other
 * three sets printed beside it, which kept them on the safe side: figures are optimistic there. `exactGate` rose last, from 150 to 200, where no pair of any set
 * is lost. `cascade` is the same stages behind the coarse look and higher gates. Its gates were chosen on T alone: as high, and the votes as few, as cost none of
 * the genuine pairs of T, of strength 0 and more or 5,000 and more in `exhaustive`, that the gates before these let through (9 votes, first accord 1500, exact
 * 400); the other sets were looked at afterwards, and lose fewer there too. docs/matcher.md says what it sends away.
 */
export const modes = {
  exhaustive: { leading: 22, pairs: 8, gate: 140, firstAccordGate: 1500, exactGate: 200, accordGate: 1700, lastGate: 130, coarse: 0 },
  cascade: { leading: 22, pairs: 8, gate: 140, firstAccordGate: 1700, exactGate: 450, accordGate: 1700, lastGate: 250, coarse: 8 },
} as const satisfies Record<string, FirstLook>
