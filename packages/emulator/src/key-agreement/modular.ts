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

/** The inverse modulo a prime by the extended algorithm of Euclid; 0 for a multiple of the prime. */
export function modInverse(value: bigint, prime: bigint): bigint {
  let [r, nextR] = [prime, mod(value, prime)]
  let [t, nextT] = [0n, 1n]
  while (nextR > 0n) {
    const quotient = r / nextR
    ;[r, nextR] = [nextR, r - quotient * nextR]
    ;[t, nextT] = [nextT, t - quotient * nextT]
  }
  return r === 1n ? mod(t, prime) : 0n
}

/** Bits of the integer. */
export function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length
}
