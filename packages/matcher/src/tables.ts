import { divRound } from './fixed.ts'
import { cylinder } from './parameters.ts'

// Every table is made once from the four basic operations, which IEEE 754 and ECMAScript round the same on every machine, and rounded to integers.
// Math.sin, exp, log and pow are left open by ECMAScript and are not used. A test pins the checksum of all tables.

/** e^-x for x >= 0 by halving and a power series. */
function expNegative(x: number): number {
  let halvings = 0
  let rest = x
  while (rest > 0.5) {
    rest /= 2
    halvings++
  }
  let term = 1
  let sum = 1
  for (let k = 1; k < 20; k++) {
    term *= -rest / k
    sum += term
  }
  for (; halvings > 0; halvings--) sum *= sum
  return sum
}

/** Natural logarithm of x > 0 by halving and the series of artanh. */
function ln(x: number): number {
  let twos = 0
  let rest = x
  while (rest > 1.5) {
    rest /= 2
    twos++
  }
  while (rest < 0.75) {
    rest *= 2
    twos--
  }
  const q = (rest - 1) / (rest + 1)
  let power = q
  let sum = 0
  for (let k = 1; k < 60; k += 2) {
    sum += power / k
    power *= q * q
  }
  return 2 * sum + twos * Math.LN2
}

/** Square root of x > 0 by Newton's rule. */
function squareRoot(x: number): number {
  let root = Math.max(x, 1)
  for (let k = 0; k < 60; k++) root = (root + x / root) / 2
  return root
}

function sine(turns: number): number {
  const t = turns * 6.283185307179586
  let term = t
  let sum = 0
  for (let k = 1; k < 40; k += 2) {
    sum += term
    term *= (-t * t) / ((k + 1) * (k + 2))
  }
  return sum
}

/** Sines and cosines of 1024 angles to a turn, Q14. */
export const sin1024 = Int16Array.from({ length: 1024 }, (_, i) => Math.round(16384 * sine((i < 512 ? i : i - 1024) / 1024)))
export const cos1024 = Int16Array.from({ length: 1024 }, (_, i) => sin1024[(i + 256) & 1023]!)

/** Spatial weight of a cylinder cell by squared distance >> 5, Q12; 0 beyond three standard deviations. */
export const cellWeight = Int16Array.from({ length: ((cylinder.reach * cylinder.reach) >> 5) + 1 }, (_, i) =>
  Math.round(4096 * expNegative((32 * i + 16) / (2 * cylinder.sigma * cylinder.sigma))),
)

/** Angular weight of a cylinder section by the difference in 1/768 turn, 0..384, Q12. */
export const sectionWeight = Int16Array.from({ length: 385 }, (_, i) => {
  const e = (i / 768) * 6.283185307179586
  return Math.round(4096 * expNegative((e * e) / (2 * cylinder.sigmaAngle * cylinder.sigmaAngle)))
})

/** 1 / sqrt(ones + 8) by the number of ones, 0..312, Q12. */
export const rootInverse = Int16Array.from({ length: 313 }, (_, ones) => Math.round(4096 / squareRoot(ones + 8)))

/** 1.4 / N by the number of common cells, N = 6 cells, Q20; 0 where there are too few. */
export const bitsInverse = Int32Array.from({ length: 53 }, (_, cells) => (cells < 1 ? 0 : Math.round((1.4 * 1048576) / (6 * cells))))

/** ln(1 + i/256), Q12. */
export const lnTable = Int16Array.from({ length: 257 }, (_, i) => Math.round(4096 * ln(1 + i / 256)))
const lnTwo = Math.round(4096 * Math.LN2)

/** Natural logarithm of a positive integer below 2^31, Q12, by table and straight line between; error below 2e-3. */
export function lnQ12(n: number): number {
  const top = 31 - Math.clz32(n)
  // the 16 bits after the leading one
  const fraction = top >= 16 ? (n >>> (top - 16)) & 0xffff : (n << (16 - top)) & 0xffff
  const at = fraction >> 8
  const low = lnTable[at]!
  return top * lnTwo + low + divRound((lnTable[at + 1]! - low) * (fraction & 0xff), 256)
}

/** Directions of the hull's support values: n_k for k = 0..7 at 22.5 degrees each, Q14; the other eight are their negatives. */
export const hullX = Int16Array.from({ length: 8 }, (_, k) => cos1024[64 * k]!)
export const hullY = Int16Array.from({ length: 8 }, (_, k) => sin1024[64 * k]!)

/** Sums of every table, for the test that pins them. */
export function tablesChecksum(): number {
  let sum = 1
  for (const table of [sin1024, cos1024, cellWeight, sectionWeight, rootInverse, bitsInverse, lnTable, hullX, hullY])
    for (const value of table) sum = (Math.imul(sum, 31) + value) | 0
  return (Math.imul(sum, 31) + lnTwo) | 0
}
