import { createHash, createHmac } from 'node:crypto'
import { bytesToUint, concatBytes, encodeAscii, uintToBytes } from '@kart/codec'
import { unpadEncryption } from './pkcs1-padding.ts'
import { loadPrivateKey } from './private-key.ts'

/** Lengths that are drawn, one of which fits but with negligible probability. */
const candidates = 128
/** Bytes around the content: 00 02, eight of padding, 00. */
const overhead = 11

/**
 * The content of a deciphered block (RFC 8017, 7.2.2), or where its padding is wrong a content that follows from private key and cryptogram alone and that nobody without the key tells from
 * a genuine one (implicit rejection: draft-irtf-cfrg-rsa-guidance-01, as OpenSSL 3.2 and later do it). Who sees whether a cryptogram was well padded can decipher any other (Bleichenbacher).
 * `cryptogram` and `block`: as long as the modulus. Both contents are worked out in any case.
 */
export function contentOf(pkcs8: Uint8Array, cryptogram: Uint8Array, block: Uint8Array): Uint8Array {
  const synthetic = syntheticContent(pkcs8, cryptogram)
  return unpadEncryption(block) ?? synthetic
}

function syntheticContent(pkcs8: Uint8Array, cryptogram: Uint8Array): Uint8Array {
  const { length } = cryptogram
  const exponent = Buffer.from(loadPrivateKey(pkcs8).privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')
  const padded = concatBytes(new Uint8Array(length - exponent.length), exponent)
  const seed = createHmac('sha256', createHash('sha256').update(padded).digest()).update(cryptogram).digest()
  const lengths = expand(seed, 'length', 2 * candidates)
  const filler = expand(seed, 'message', length)
  const most = length - overhead
  // As many low bits as the longest content needs to be told.
  const mask = 2 ** (32 - Math.clz32(most)) - 1
  let chosen = 0
  for (let at = 0; at < lengths.length; at += 2) {
    const drawn = bytesToUint(lengths.subarray(at, at + 2)) & mask
    if (drawn <= most) chosen = drawn
  }
  return filler.slice(length - chosen)
}

/** HMAC-SHA-256 of counter (2 bytes), label, and bits wanted (2 bytes), one block after another. */
function expand(seed: Uint8Array, label: string, length: number): Uint8Array {
  const parts = Array.from({ length: Math.ceil(length / 32) }, (_, counter) =>
    createHmac('sha256', seed)
      .update(concatBytes(uintToBytes(counter, 2), encodeAscii(label), uintToBytes(8 * length, 2)))
      .digest(),
  )
  return concatBytes(...parts).slice(0, length)
}
