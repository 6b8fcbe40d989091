/** The largest integer whose square is not above `n`, for 0 <= n < 2^52. Math.sqrt only guesses: ECMAScript leaves its last bit open. */
export function isqrt(n: number): number {
  let root = Math.floor(Math.sqrt(n))
  while (root * root > n) root--
  while ((root + 1) * (root + 1) <= n) root++
  return root
}

/** n / d to the nearest integer, halves up; exact while both are integers below 2^52 and d > 0. */
export function divRound(n: number, d: number): number {
  return Math.floor((2 * n + d) / (2 * d))
}

/** The signed difference of two angles in 1/256 turn, -128..127. */
export function turn(difference: number): number {
  return ((difference + 128) & 0xff) - 128
}

/** Bits set in a 32-bit word. */
export function popcount(word: number): number {
  let w = word - ((word >>> 1) & 0x55555555)
  w = (w & 0x33333333) + ((w >>> 2) & 0x33333333)
  return Math.imul((w + (w >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** Bits set in two words together, summed by byte: 0..16 in each byte. */
export function onesByByte(p: number, q: number): number {
  let x = p - ((p >>> 1) & 0x55555555)
  let y = q - ((q >>> 1) & 0x55555555)
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  y = (y & 0x33333333) + ((y >>> 2) & 0x33333333)
  const nibbles = x + y
  return (nibbles & 0x0f0f0f0f) + ((nibbles >>> 4) & 0x0f0f0f0f)
}

/** The sum of a word's four bytes. */
export function sumOfBytes(bytes: number): number {
  const halves = (bytes & 0x00ff00ff) + ((bytes >>> 8) & 0x00ff00ff)
  return (halves + (halves >>> 16)) & 0xffff
}
