/** The integer that big-endian bytes say; 0 for none. */
export function toInteger(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`)
}

/** The integer big-endian in `length` bytes; it must fit. */
export function toBytes(value: bigint, length: number): Uint8Array {
  const hex = value.toString(16).padStart(2 * length, '0')
  if (hex.length !== 2 * length) throw new RangeError(`an integer of more than ${length} bytes`)
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

/** The least residue, 0..m-1. */
export function mod(value: bigint, m: bigint): bigint {
  const rest = value % m
  return rest < 0n ? rest + m : rest
}

/** base^exponent modulo m, exponent >= 0. Not in constant time. */
export function modPow(base: bigint, exponent: bigint, m: bigint): bigint {
  let result = 1n
  let square = mod(base, m)
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % m
    square = (square * square) % m
  }
  return result
}

// Leading bits that a step of Lehmer's reckons with: its cofactors stay below half as many, and products with them are exact.
const leadingBits = 50

/** Cofactors of the steps of Euclid's algorithm that the leading digits alone decide (D. E. Knuth, The Art of Computer Programming 2, 4.5.2, algorithm L). */
function leadingSteps(x: number, y: number): readonly [number, number, number, number] {
  let [a, b, c, d] = [1, 0, 0, 1]
  while (y + c !== 0 && y + d !== 0) {
    const quotient = Math.floor((x + a) / (y + c))
    if (quotient !== Math.floor((x + b) / (y + d))) break
    ;[a, c] = [c, a - quotient * c]
    ;[b, d] = [d, b - quotient * d]
    ;[x, y] = [y, x - quotient * y]
  }
  return [a, b, c, d]
}

/** The inverse modulo a prime by the extended algorithm of Euclid, Lehmer's way; 0 for a multiple of the prime. */
export function modInverse(value: bigint, prime: bigint): bigint {
  let [r, nextR] = [prime, mod(value, prime)]
  let [t, nextT] = [0n, 1n]
  while (nextR > 0n) {
    const surplus = bitLength(r) - leadingBits
    const shift = BigInt(Math.max(surplus, 0))
    const [a, b, c, d] = surplus > 0 ? leadingSteps(Number(r >> shift), Number(nextR >> shift)) : [1, 0, 0, 1]
    if (b === 0) {
      const quotient = r / nextR
      ;[r, nextR] = [nextR, r - quotient * nextR]
      ;[t, nextT] = [nextT, t - quotient * nextT]
    } else {
      const [A, B, C, D] = [BigInt(a), BigInt(b), BigInt(c), BigInt(d)]
      ;[r, nextR] = [A * r + B * nextR, C * r + D * nextR]
      ;[t, nextT] = [A * t + B * nextT, C * t + D * nextT]
    }
  }
  return r === 1n ? mod(t, prime) : 0n
}

/** Bits of the integer. */
export function bitLength(value: bigint): number {
  if (value === 0n) return 0
  const digits = value.toString(16)
  return 4 * digits.length - Math.clz32(Number.parseInt(digits[0]!, 16)) + 28
}
