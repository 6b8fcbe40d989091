import { type CardTransport, TransportError } from '@kart/apdu/host'
import type { EmulatedCard } from '@kart/emulator'

/** Passes exchanges on until the n-th (from 0); that one fails before the card has it, or after it has answered. The card has no power then. */
export function powerCut(card: EmulatedCard, n: number, when: 'before' | 'after'): CardTransport & { readonly exchanges: () => number } {
  const transport = card.transport()
  let count = 0
  return {
    atr: transport.atr,
    exchanges: () => count,
    close: () => transport.close(),
    async transceive(command) {
      const cut = count++ >= n
      if (cut && when === 'before') throw new TransportError('the card lost its power', { reached: 'no' })
      const response = await transport.transceive(command)
      if (cut) throw new TransportError('the card lost its power', { reached: 'maybe' })
      return response
    },
  }
}
