import { DecodeError } from '@kart/codec'
import { CryptoError } from './crypto-error.ts'

/** Padding method 2 of ISO/IEC 9797-1:2011, 6.3.3: 80, then 00 up to whole blocks of `blockLength` bytes; always adds at least one byte. */
export function padMethod2(data: Uint8Array, blockLength: number): Uint8Array {
  if (!Number.isInteger(blockLength) || blockLength < 1 || blockLength > 255)
    throw new CryptoError('argument', 'block length not in 1..255')
  const out = new Uint8Array((Math.floor(data.length / blockLength) + 1) * blockLength)
  out.set(data)
  out[data.length] = 0x80
  return out
}

/**
 * Takes padding method 2 off (ISO/IEC 9797-1:2011, 6.3.3); throws DecodeError, always the same, when it is not there.
 * A caller checks the MAC before it unpads: a refusal that an unauthenticated sender can provoke would tell him about the plaintext.
 */
export function unpadMethod2(padded: Uint8Array, blockLength: number): Uint8Array {
  let end = padded.length - 1
  while (end >= 0 && padded[end] === 0) end--
  const whole = padded.length > 0 && padded.length % blockLength === 0
  if (!whole || end < padded.length - blockLength || padded[end] !== 0x80) throw new DecodeError('padding', 'not padding method 2')
  return padded.slice(0, end)
}
