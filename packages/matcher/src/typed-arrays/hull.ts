import { hullX, hullY } from '../tables.ts'

// Directions at 22.5 degrees each: their components are 0, 1 and these three, Q14.
const steep = hullX[1]!
const diagonal = hullX[2]!
const flat = hullY[1]!

// The larger of two integers without a branch that could be foretold wrongly.
function larger(p: number, q: number): number {
  const apart = (p - q) | 0
  return (p - (apart & (apart >> 31))) | 0
}

/** Signed distance of a point outside a hull, negative inside, 1/100 mm: as `outside` of src/prepare.ts, for 16-bit coordinates. */
export function outside(hull: Int16Array, x: number, y: number): number {
  const steepX = Math.imul(steep, x)
  const steepY = Math.imul(steep, y) + 8192
  const flatX = Math.imul(flat, x)
  const flatY = Math.imul(flat, y) + 8192
  const diagonalX = Math.imul(diagonal, x)
  const diagonalY = Math.imul(diagonal, y) + 8192
  const along1 = (steepX + flatY) >> 14
  const along2 = (diagonalX + diagonalY) >> 14
  const along3 = (flatX + steepY) >> 14
  const along5 = (steepY - flatX) >> 14
  const along6 = (diagonalY - diagonalX) >> 14
  const along7 = (flatY - steepX) >> 14
  const most0 = larger(x - hull[0]!, -x - hull[8]!)
  const most1 = larger(along1 - hull[1]!, -along1 - hull[9]!)
  const most2 = larger(along2 - hull[2]!, -along2 - hull[10]!)
  const most3 = larger(along3 - hull[3]!, -along3 - hull[11]!)
  const most4 = larger(y - hull[4]!, -y - hull[12]!)
  const most5 = larger(along5 - hull[5]!, -along5 - hull[13]!)
  const most6 = larger(along6 - hull[6]!, -along6 - hull[14]!)
  const most7 = larger(along7 - hull[7]!, -along7 - hull[15]!)
  return larger(larger(larger(most0, most1), larger(most2, most3)), larger(larger(most4, most5), larger(most6, most7)))
}
