/**
 * Bits set in four words of weight 1, 2, 4 and 8: the last step of carry-save adders, which make one word of equal and one of twice the weight out of three
 * words.
 */
export function weighted(one: number, two: number, four: number, eight: number): number {
  let p = one - ((one >>> 1) & 0x55555555)
  let q = two - ((two >>> 1) & 0x55555555)
  let r = four - ((four >>> 1) & 0x55555555)
  let s = eight - ((eight >>> 1) & 0x55555555)
  p = (p & 0x33333333) + ((p >>> 2) & 0x33333333)
  q = (q & 0x33333333) + ((q >>> 2) & 0x33333333)
  r = (r & 0x33333333) + ((r >>> 2) & 0x33333333)
  s = (s & 0x33333333) + ((s >>> 2) & 0x33333333)
  // at most 12 in four bits, then 24 in a byte, then 120
  const low = p + (q << 1)
  const high = r + (s << 1)
  const bytes = (low & 0x0f0f0f0f) + ((low >>> 4) & 0x0f0f0f0f) + (((high & 0x0f0f0f0f) + ((high >>> 4) & 0x0f0f0f0f)) << 2)
  const halves = (bytes & 0x00ff00ff) + ((bytes >>> 8) & 0x00ff00ff)
  return (halves + (halves >>> 16)) & 0xffff
}

/** Bits that two descriptors have in common: ten words of each, from `i` and `j` on. */
export function commonOnes(a: Int32Array, i: number, b: Int32Array, j: number): number {
  const w0 = a[i]! & b[j]!
  const w1 = a[i + 1]! & b[j + 1]!
  const w2 = a[i + 2]! & b[j + 2]!
  const w3 = a[i + 3]! & b[j + 3]!
  const w4 = a[i + 4]! & b[j + 4]!
  const w5 = a[i + 5]! & b[j + 5]!
  const w6 = a[i + 6]! & b[j + 6]!
  const w7 = a[i + 7]! & b[j + 7]!
  const w8 = a[i + 8]! & b[j + 8]!
  const w9 = a[i + 9]! & b[j + 9]!
  const u = w0 ^ w1
  const v = w3 ^ w4
  const x = w6 ^ w7
  const u1 = u ^ w2
  const v1 = v ^ w5
  const x1 = x ^ w8
  const u2 = (w0 & w1) | (u & w2)
  const v2 = (w3 & w4) | (v & w5)
  const x2 = (w6 & w7) | (x & w8)
  const y = u1 ^ v1
  const y1 = y ^ x1
  const y2 = (u1 & v1) | (y & x1)
  const z2 = y1 & w9
  const t = u2 ^ v2
  const t2 = t ^ x2
  const t4 = (u2 & v2) | (t & x2)
  const s = t2 ^ y2
  const s4 = (t2 & y2) | (s & z2)
  return weighted(y1 ^ w9, s ^ z2, t4 ^ s4, t4 & s4)
}
