/** Bytes of a block's sums: 16 words. */
export const sumBytes = 64

/**
 * The sums that stand behind a block of a gallery: 16 lanes of FNV-1a over 32-bit words (Fowler, Noll, Vo; house rule: by words, each lane with a start of its
 * own). Any change of one word changes its lane's sum. They find damage, not forgery. `bytes`: a multiple of 64.
 */
export function blockSums(bytes: Uint8Array): Uint8Array {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
  const sums = Int32Array.from({ length: 16 }, (_, lane) => 0x811c9dc5 + lane)
  for (let at = 0; at < words.length; at += 16)
    for (let lane = 0; lane < 16; lane++) sums[lane] = Math.imul(sums[lane]! ^ words[at + lane]!, 0x01000193)
  return new Uint8Array(sums.buffer)
}
