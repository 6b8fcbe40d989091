import type { CardChannel } from '@kart/apdu/host'
import { InputError } from '@kart/codec'
import {
  blockedRemedy,
  type HolderApplication,
  type HolderPin,
  openHolderApplication,
  openHolderChannel,
  PinError,
  readPinStatus,
} from '@kart/signature'
import type { Command } from 'commander'
import { type CardSourceOptions, openCard } from './card-source.ts'

export interface HolderOptions extends CardSourceOptions {
  readonly can?: string
}

/** Adds the options that name a card and how its holder's application is opened. */
export function withHolderOptions(command: Command): Command {
  return command
    .option('--card <file>', 'an emulated card')
    .option('--reader <name>', 'the card in this reader')
    .option('--can <number>', 'the card access number, for a card without contacts: everything then goes through PACE')
}

/** Opens the card that the options name and its holder's application; `use` works with them, and both are let go behind it. Throws InputError and what opening throws. */
export async function withHolderCard<T>(
  options: HolderOptions,
  use: (channel: CardChannel, application: HolderApplication, where: string) => Promise<T>,
): Promise<T> {
  if (options.can !== undefined && !/^\d{6}$/.test(options.can)) throw new InputError('--can', 'not six digits')
  const card = await openCard(options)
  try {
    const opened = await openHolderChannel(card.transport, options.can)
    try {
      return await use(opened.channel, await openHolderApplication(opened.channel), card.where)
    } finally {
      opened.destroy()
    }
  } finally {
    await card.close()
  }
}

/** Refuses, before a PIN is asked for, one that is blocked; says how many tries are left. Throws PinError. */
export async function triesBefore(channel: CardChannel, pin: HolderPin): Promise<string> {
  const status = await readPinStatus(channel, pin)
  if (status.state === 'blocked') throw new PinError(pin.label, 'blocked', `no try is left: ${blockedRemedy(pin)}`, { triesLeft: 0 })
  if (status.state !== 'usable') return ''
  return status.triesLeft === 1 ? ', last try' : `, ${status.triesLeft} tries left`
}
