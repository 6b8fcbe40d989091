import { type CardChannel, StatusWordError } from '@kart/apdu/host'
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
import { withCardOptions } from './card-options.ts'
import { type CardSourceOptions, openCard } from './card-source.ts'

export interface HolderOptions extends CardSourceOptions {
  readonly can?: string
}

/** Adds the options that name a card and how its holder's application is opened. */
export function withHolderOptions(command: Command): Command {
  return withCardOptions(command).option(
    '--can <number>',
    'the card access number, for a card without contacts: everything then goes through PACE',
  )
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
      return await use(opened.channel, await openFinished(opened.channel), card.where)
    } finally {
      opened.destroy()
    }
  } finally {
    await card.close()
  }
}

/** The holder's application; of a card that has none, or one without files yet, it says that the card is not finished. Throws InputError and what opening throws. */
async function openFinished(channel: CardChannel): Promise<HolderApplication> {
  const problem = 'is not finished, or has no application of its holder (PKCS#15): "kart issue" finishes one'
  try {
    const application = await openHolderApplication(channel)
    if (application.pins.length > 0 || application.keys.length > 0) return application
  } catch (cause) {
    if (!(cause instanceof StatusWordError) || cause.sw !== fileNotFound) throw cause
    throw new InputError('card', problem, { cause })
  }
  throw new InputError('card', problem)
}

const fileNotFound = 0x6a82

/** Refuses, before a PIN is asked for, one that is blocked; says how many tries are left. Throws PinError. */
export async function triesBefore(channel: CardChannel, pin: HolderPin): Promise<string> {
  const status = await readPinStatus(channel, pin)
  if (status.state === 'blocked') throw new PinError(pin.label, 'blocked', `no try is left: ${blockedRemedy(pin)}`, { triesLeft: 0 })
  if (status.state !== 'usable') return ''
  return status.triesLeft === 1 ? ', last try' : `, ${status.triesLeft} tries left`
}
