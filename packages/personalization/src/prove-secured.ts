import {
  type CardChannel,
  type CardCommand,
  cardLifeCycle,
  getStatus,
  initializeUpdate,
  StatusWordError,
  send,
  TransportError,
} from '@kart/apdu/host'
import { CardError } from '@kart/codec'
import { randomBytes } from '@kart/crypto'
import type { CardProfile } from '@kart/layout'
import { proveOnlyKeySet } from './issuer-keys.ts'
import { PersonalizationError } from './personalization-error.ts'
import { selectDomain } from './security-domain.ts'

/** Conditions of use not satisfied; security status not satisfied: personalization is over, or the session is. */
const notAllowed: readonly number[] = [0x6985, 0x6982]
/** With "referenced data not found" for the transport keys, which SECURED erases. */
const noKeys: readonly number[] = [0x6a88, ...notAllowed]

const remedy = 'take the card out of circulation'

/** What the proof is made of. */
export interface SecuredCard {
  /** The channel inside the session that secured the card. */
  readonly channel: CardChannel
  /** The card with nothing above it. */
  readonly base: CardChannel
  readonly profile: CardProfile
  /** Version of the transport keys, 00..7F; undefined where an earlier run replaced them already. */
  readonly keyVersion: number | undefined
  /** Version of the issuer's key set, where one was put onto the card. */
  readonly issuerVersion?: number
  /** A write of a file that the card holds, with its own content: harmless where it is taken. */
  readonly storeData: CardCommand<unknown>
}

function unproved(problem: string, cause?: unknown): PersonalizationError {
  return new PersonalizationError('prove', `${problem}: ${remedy}`, cause === undefined ? {} : { cause })
}

const hex = (sw: number): string => sw.toString(16).toUpperCase().padStart(4, '0')

/** Runs one exchange; an answer that is none proves nothing. What the reader or the line did stays what it is. */
async function exchange<T>(name: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    if (!(cause instanceof CardError) || cause instanceof TransportError || cause instanceof PersonalizationError) throw cause
    throw unproved(`the card’s answer to ${name} does not show that it is SECURED`, cause)
  }
}

/** The status word that the card answers with, whatever it is; the data is left alone. */
async function statusOf(channel: CardChannel, command: CardCommand<unknown>): Promise<number> {
  try {
    await send(channel, { ...command, parse: () => undefined })
    return 0x9000
  } catch (error) {
    if (error instanceof StatusWordError) return error.sw
    throw error
  }
}

async function mustRefuse(channel: CardChannel, command: CardCommand<unknown>, name: string, refusals: readonly number[]): Promise<void> {
  const sw = await exchange(name, () => statusOf(channel, command))
  if (sw === 0x9000) throw unproved(`the card says that it is SECURED and still takes ${name}`)
  if (!refusals.includes(sw)) throw unproved(`the card answered ${hex(sw)} to ${name}, which does not show that it is SECURED`)
}

/** GET STATUS under the session's MAC; a card that ended the session with SET STATUS has nothing more to say in it. */
async function mustSaySecured(channel: CardChannel): Promise<void> {
  await exchange('GET STATUS', async () => {
    try {
      const { entries } = await send(channel, getStatus('card'))
      if (entries[0]?.lifeCycle !== cardLifeCycle.SECURED) throw unproved('the card took SET STATUS and does not say that it is SECURED')
    } catch (error) {
      if (error instanceof StatusWordError && notAllowed.includes(error.sw)) return
      throw error
    }
  })
}

/**
 * Proves that personalization is over (house rule): inside the session GET STATUS says SECURED, where the session still answers, and STORE DATA is refused with
 * 6985 or 6982; outside it the security domain can be selected and INITIALIZE UPDATE with the transport keys is refused with 6A88, 6985 or 6982; where the issuer
 * has put a key set onto the card, the card lists that one and no other. `advance` tells that a part is done: three.
 * Throws PersonalizationError for any other answer, TransportError where the card could not be asked.
 */
export async function proveSecured(card: SecuredCard, advance: () => void = () => {}): Promise<void> {
  const { channel, base, profile, keyVersion, issuerVersion, storeData } = card
  await mustSaySecured(channel)
  advance()
  await mustRefuse(channel, storeData, 'STORE DATA', notAllowed)
  advance()
  await exchange('SELECT of the security domain', () => selectDomain(base, profile, 'prove'))
  if (keyVersion !== undefined) await mustRefuse(base, initializeUpdate(randomBytes(8), { keyVersion }), 'INITIALIZE UPDATE', noKeys)
  if (issuerVersion !== undefined) await exchange('GET DATA of the key information', () => proveOnlyKeySet(base, issuerVersion))
  advance()
}
