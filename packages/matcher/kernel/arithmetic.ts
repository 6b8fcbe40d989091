import { COS, LN, SIN } from './layout'

/** n / d to the nearest, halves up, for d > 0. The quotient of two integers below 2^33 is never rounded up to the next whole number in 53 bits. */
export function divRound(n: i32, d: i32): i32 {
  return <i32>floor<f64>((2 * <f64>n + <f64>d) / (2 * <f64>d))
}

export function isqrt(n: i32): i32 {
  return <i32>sqrt<f64>(<f64>n)
}

export function turn(difference: i32): i32 {
  return ((difference + 128) & 0xff) - 128
}

export function cosine(angle: i32): i32 {
  return <i32>load<i16>(COS + ((<usize>(angle & 1023)) << 1))
}

export function sine(angle: i32): i32 {
  return <i32>load<i16>(SIN + ((<usize>(angle & 1023)) << 1))
}

/** Natural logarithm, Q12. */
export function lnQ12(n: i32): i32 {
  const top = 31 - clz(n)
  const fraction = top >= 16 ? (n >>> (top - 16)) & 0xffff : (n << (16 - top)) & 0xffff
  const at: usize = LN + ((<usize>(fraction >> 8)) << 2)
  const low = load<i32>(at)
  return top * LN_TWO + low + divRound((load<i32>(at + 4) - low) * (fraction & 0xff), 256)
}

// ln 2, Q12, as in src/tables.ts
const LN_TWO: i32 = 2839
