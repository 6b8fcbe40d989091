import { InputError } from '@kart/codec'
import type { ChannelLayer } from '../channel.ts'

/** How {@link commandChaining} cuts. */
export interface CommandChainingOptions {
  /** Most data bytes a link, 1..65535; 255 unless told, which is what fits a short length field. */
  readonly blockSize?: number
}

/**
 * Sends data longer than a block as a chain of commands (ISO/IEC 7816-4:2020, 5.3.3), for cards that take no extended length. Every link but
 * the last has bit 5 of the class byte set and asks for nothing; the last carries the command's own class byte and Ne. A link that the card
 * answers with anything but 9000 ends the chain, and that answer is the command's. Throws InputError for a block size out of range.
 */
export function commandChaining(options: CommandChainingOptions = {}): ChannelLayer {
  const blockSize = options.blockSize ?? 255
  if (!Number.isInteger(blockSize) || blockSize < 1 || blockSize > 65535) throw new InputError('blockSize', 'not in 1..65535')
  return (lower) => ({
    async transmit(command) {
      let offset = 0
      for (; command.data.length - offset > blockSize; offset += blockSize) {
        const data = command.data.slice(offset, offset + blockSize)
        const response = await lower.transmit({ ...command, cla: command.cla | 0x10, data, ne: 0 })
        if (response.sw !== 0x9000) return response
      }
      return lower.transmit(offset === 0 ? command : { ...command, data: command.data.slice(offset) })
    },
  })
}
