/**
 * A seeded source of numbers for the impression model: xoshiro128** (Blackman and Vigna, 2018), its state filled from the seed by splitmix32. The same seed
 * gives the same numbers on every machine. Not for cryptography.
 */
export class SeededRandom {
  readonly #state = new Uint32Array(4)

  /** `seed`: any integer, of which the low 32 bits count; or the four words of the state, not all 0. */
  constructor(seed: number | readonly [number, number, number, number]) {
    if (typeof seed !== 'number') {
      this.#state.set(seed)
      return
    }
    let mixed = seed | 0
    for (let i = 0; i < 4; i++) {
      mixed = (mixed + 0x9e3779b9) | 0
      let z = mixed
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
      this.#state[i] = z ^ (z >>> 16)
    }
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1
  }

  /** 32 random bits, 0..2^32-1. */
  next(): number {
    const s = this.#state
    const scrambled = Math.imul(rotate(Math.imul(s[1]!, 5), 7), 9) >>> 0
    const shifted = s[1]! << 9
    s[2]! ^= s[0]!
    s[3]! ^= s[1]!
    s[1]! ^= s[2]!
    s[0]! ^= s[3]!
    s[2]! ^= shifted
    s[3] = rotate(s[3]!, 11)
    return scrambled
  }

  /** Evenly in [0, 1). */
  uniform(): number {
    return this.next() / 4294967296
  }

  /** An integer in 0..below-1. */
  below(below: number): number {
    return Math.floor(this.uniform() * below)
  }

  /** About normal, mean 0 and standard deviation 1, never beyond 6: the sum of twelve even numbers, so no logarithm that could differ between machines. */
  normal(): number {
    let sum = -6
    for (let i = 0; i < 12; i++) sum += this.uniform()
    return sum
  }
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by))
}

/**
 * Cosine and sine of an angle in turns by a power series over the four basic operations, which IEEE 754 rounds the same everywhere; Math.cos and Math.sin
 * are left open by ECMAScript. Error below 1e-11.
 */
export function cosSinTurns(turns: number): readonly [number, number] {
  const whole = turns - Math.floor(turns)
  const quarter = Math.floor(4 * whole + 0.5)
  const t = (whole - quarter / 4) * 6.283185307179586
  const q = t * t
  const sin = t * (1 - (q / 6) * (1 - (q / 20) * (1 - (q / 42) * (1 - (q / 72) * (1 - (q / 110) * (1 - q / 156))))))
  const cos = 1 - (q / 2) * (1 - (q / 12) * (1 - (q / 30) * (1 - (q / 56) * (1 - (q / 90) * (1 - (q / 132) * (1 - q / 182))))))
  if (quarter === 1) return [-sin, cos]
  if (quarter === 2) return [-cos, -sin]
  if (quarter === 3) return [sin, -cos]
  return [cos, sin]
}
