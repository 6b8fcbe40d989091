import { existsSync } from 'node:fs'
import type { CardTransport } from '@kart/apdu'
import { CardError, InputError } from '@kart/codec'
import { EmulatedCard } from '@kart/emulator'
import { openPcsc } from '@kart/pcsc'
import { cardFile } from './card-file.ts'
import { recorded } from './trace-recording.ts'

export interface CardSourceOptions {
  /** File that holds an emulated card. */
  readonly card?: string
  /** Name of a PC/SC reader, or a part of it that fits only one. */
  readonly reader?: string
}

/** A card that a command works on, and how to let it go. */
export interface OpenCard {
  readonly transport: CardTransport
  /** Where the card is, for people. */
  readonly where: string
  /** Resets the card, where the source can; everything volatile on it is gone. */
  reset?(): Promise<void>
  close(): Promise<void>
}

/** Opens the one card that the options name: an emulated card in process, or a card in a reader. Throws InputError unless exactly one is named. */
export async function openCard(options: CardSourceOptions): Promise<OpenCard> {
  return recorded(await openSource(options))
}

async function openSource(options: CardSourceOptions): Promise<OpenCard> {
  if ((options.card === undefined) === (options.reader === undefined))
    throw new InputError('card', 'name one card: --card FILE or --reader NAME')
  if (options.card !== undefined) {
    if (!existsSync(options.card)) throw new InputError('--card', `there is no file ${options.card}; "kart issue" makes one`)
    const memory = cardFile(options.card)
    try {
      const card = new EmulatedCard({ memory })
      return { transport: card.transport(), where: options.card, reset: async () => card.reset(), close: async () => card.close() }
    } catch (error) {
      memory.close()
      throw error
    }
  }
  const context = await openPcsc()
  try {
    const transport = await context.connect(options.reader ?? '', { mode: 'exclusive' })
    return {
      transport,
      where: transport.reader,
      reset: () => transport.reconnect({ mode: 'exclusive', disposition: 'reset' }),
      close: () => context.close(),
    }
  } catch (error) {
    await context.close().catch((late: unknown) => {
      if (!(late instanceof CardError)) throw late
    })
    throw error
  }
}
