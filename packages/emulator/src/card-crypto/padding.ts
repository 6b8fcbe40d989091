/** ISO/IEC 9797-1:2011, 6.3.3 padding method 2: 80, then zeros up to a whole block; always at least one byte. */
export function pad(data: Uint8Array, blockLength: number): Uint8Array {
  const out = new Uint8Array(data.length + blockLength - (data.length % blockLength))
  out.set(data)
  out[data.length] = 0x80
  return out
}

/** Takes padding method 2 away; undefined when there is none. Only after the MAC was found right. */
export function unpad(data: Uint8Array): Uint8Array | undefined {
  let end = data.length - 1
  while (end >= 0 && data[end] === 0) end--
  return end >= 0 && data[end] === 0x80 ? data.slice(0, end) : undefined
}
