/** At least so many bytes of padding stand between the block's type and its content (RFC 8017, 7.2.1 and 9.2). */
const leastPadding = 8

/** Padding of a signature, EMSA-PKCS1-v1_5 (RFC 8017, 9.2, steps 3 to 5) around a DigestInfo or whatever else: 00 01 FF.. 00 content. Undefined when the content is too long. */
export function padForSignature(content: Uint8Array, length: number): Uint8Array | undefined {
  const filling = length - content.length - 3
  if (filling < leastPadding) return undefined
  const block = new Uint8Array(length).fill(0xff)
  block.set([0x00, 0x01])
  block[length - content.length - 1] = 0x00
  block.set(content, length - content.length)
  return block
}

/** Takes the padding of an encryption away (RFC 8017, 7.2.2, step 3): 00 02, eight or more bytes that are not zero, 00, content. Undefined when there is none. */
export function unpadEncryption(block: Uint8Array): Uint8Array | undefined {
  const end = block.indexOf(0x00, 2)
  if (block[0] !== 0x00 || block[1] !== 0x02 || end < 2 + leastPadding) return undefined
  return block.slice(end + 1)
}
