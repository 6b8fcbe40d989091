import { fromHex, toHex } from '@kart/codec'
import type { CommandApdu, ResponseApdu } from '../apdu.ts'
import type { CardChannel } from '../channel.ts'
import { decodeCommand, encodeResponse } from '../coding-card.ts'
import type { CardTransport } from '../transport.ts'

/** A transport that expects exactly these commands in this order (hex) and gives these answers; anything else throws. */
export function scriptedCard(
  ...script: readonly (readonly [command: string, response: string])[]
): CardTransport & { readonly left: () => number } {
  let at = 0
  return {
    atr: fromHex('3b00'),
    async transceive(command) {
      const step = script[at]
      if (step === undefined) throw new Error(`command ${toHex(command)} after the end of the script`)
      if (toHex(command) !== step[0].replaceAll(' ', '').toLowerCase())
        throw new Error(`step ${at}: ${toHex(command)} where ${step[0]} was expected`)
      at++
      return fromHex(step[1])
    },
    async close() {},
    left: () => script.length - at,
  }
}

/** A transport whose card is a function, on the card's own APDU coding; it keeps what it was sent. */
export function functionCard(
  answer: (command: CommandApdu & { readonly extended: boolean }, index: number) => ResponseApdu,
): CardTransport & { readonly commands: CommandApdu[] } {
  const commands: CommandApdu[] = []
  return {
    atr: fromHex('3b00'),
    commands,
    async transceive(bytes) {
      const command = decodeCommand(bytes)
      commands.push(command)
      return encodeResponse(answer(command, commands.length - 1))
    },
    async close() {},
  }
}

/** A channel over a function, for tests of one layer alone; it keeps what it was sent. */
export function functionChannel(
  answer: (command: CommandApdu, index: number) => ResponseApdu,
): CardChannel & { readonly commands: CommandApdu[] } {
  const commands: CommandApdu[] = []
  return {
    commands,
    async transmit(command) {
      commands.push(command)
      return answer(command, commands.length - 1)
    },
  }
}

/** A response with `hex` data. */
export const respond = (sw: number, data: Uint8Array | string = ''): ResponseApdu => ({
  data: typeof data === 'string' ? fromHex(data) : data,
  sw,
})
