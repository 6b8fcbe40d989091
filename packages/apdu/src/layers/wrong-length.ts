import { LimitError } from '@kart/codec'
import type { ChannelLayer } from '../channel.ts'

/**
 * Repeats a command that the card answered with 6Cxx, once, with the length that the card names (ISO/IEC 7816-4:2020, 5.6). A command that
 * asked for no response has no length to mend: its 6Cxx is handed on. Throws LimitError for a second 6Cxx.
 */
export function wrongLength(): ChannelLayer {
  return (lower) => ({
    async transmit(command) {
      const response = await lower.transmit(command)
      if (response.sw >> 8 !== 0x6c || command.ne === 0) return response
      const second = await lower.transmit({ ...command, ne: response.sw & 0xff || 256 })
      if (second.sw >> 8 === 0x6c) throw new LimitError('6Cxx answers to one command', 1)
      return second
    },
  })
}
