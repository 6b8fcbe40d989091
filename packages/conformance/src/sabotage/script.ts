import { openChannel } from '@kart/apdu/host'
import { fromHex, toHex } from '@kart/codec'
import { hexOf, same } from './vector-rows.ts'

/** A card that insists on exactly these commands and gives these responses. */
export function script(vector: string, rows: readonly (readonly [unknown, unknown])[]) {
  const left = [...rows]
  return openChannel({
    atr: fromHex('3b00'),
    async transceive(bytes) {
      const row = left.shift()
      same(vector, toHex(bytes), row?.[0] as string | undefined)
      return hexOf(row?.[1])
    },
    async close() {},
  })
}
