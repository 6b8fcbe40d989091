import type { ChannelLayer } from '@kart/apdu/host'
import { InputError, LimitError } from '@kart/codec'
import type { CardProfile } from '@kart/layout'

/** Exchanges for everything but the contents of files: selecting, access, active authentication, answers in pieces (house rule). */
const freeExchanges = 512
/** Fewest bytes that an exchange brings on a slow card (house rule). */
const bytesAnExchange = 32

/** Most exchanges that reading a card of this profile may take, unless told (house rule): one for each 32 bytes that its files may hold, and 512. */
export function exchangesFor(profile: CardProfile): number {
  const files = profile.applications.flatMap((application) => application.files)
  return files.reduce((sum, file) => sum + Math.ceil(file.maxLength / bytesAnExchange), freeExchanges)
}

/** One count of exchanges over a whole reading: however a card draws out each file, all of them together come to an end. */
export class ExchangeBudget {
  readonly limit: number
  #spent = 0
  #error: LimitError | undefined

  /** `limit`: most exchanges, from 1. Throws InputError. */
  constructor(limit: number) {
    if (!Number.isInteger(limit) || limit < 1) throw new InputError('limits.exchanges', 'not a whole number from 1')
    this.limit = limit
  }

  /** Counts every command that goes to the card; past the limit nothing is sent, and every transmit throws the same LimitError. */
  readonly layer: ChannelLayer = (lower) => ({
    transmit: async (command) => {
      if (this.#spent >= this.limit) this.#error ??= new LimitError('exchanges in one reading', this.limit)
      this.orderEnd()
      this.#spent++
      return lower.transmit(command)
    },
  })

  /** Throws the LimitError once the budget is spent: for whoever catches an error, which may have been made of it and taken for one about a file. */
  orderEnd(): void {
    if (this.#error !== undefined) throw this.#error
  }
}
