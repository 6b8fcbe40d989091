/** How many bytes a decoder has looked at or copied. */
export interface ByteCount {
  reads: number
}

/** The bytes behind a counter: one a byte read by index, one a byte copied with slice or seen through subarray. Lets a test count work instead of time. */
export function countedBytes(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly count: ByteCount } {
  const count: ByteCount = { reads: 0 }
  const proxy = new Proxy(bytes, {
    get(target, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) count.reads++
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        const result: unknown = Reflect.apply(value, target, args)
        if (result instanceof Uint8Array) count.reads += result.length
        return result
      }
    },
  })
  return { bytes: proxy, count }
}
