import type { CommandApdu, ResponseApdu } from './apdu.ts'
import { decodeResponse, encodeCommand } from './coding-host.ts'
import type { CardTransport } from './transport.ts'

/** Carries command APDUs to a card. Never throws on a status word. */
export interface CardChannel {
  transmit(command: CommandApdu): Promise<ResponseApdu>
}

/** Wraps a channel: GET RESPONSE, 6Cxx, command chaining, secure messaging, traces. */
export type ChannelLayer = (lower: CardChannel) => CardChannel

/** Opens a channel over a transport; the first layer is the lowest (nearest the card). */
export function openChannel(transport: CardTransport, ...layers: readonly ChannelLayer[]): CardChannel {
  const bottom: CardChannel = {
    async transmit(command) {
      return decodeResponse(await transport.transceive(encodeCommand(command)))
    },
  }
  return layers.reduce((lower, layer) => layer(lower), bottom)
}
