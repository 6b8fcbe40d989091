// A card inside secure messaging, as PACE or BAC leaves it, for tests of what comes after.
import { decodeCommand, encodeResponse } from '@kart/apdu/card'
import { fromHex } from '@kart/codec'
import { type CardProfile, type ChipAuthenticationKeySpec, findApplication, nationalId } from '@kart/layout/profile'
import { SecureMessagingSession } from '../emrtd/secure-messaging.ts'
import { decodeImage, encodeImage } from '../memory/card-image.ts'
import { type CardMemory, inMemory } from '../memory/card-memory.ts'
import type { CardState } from '../memory/card-state.ts'
import { CardStore } from '../memory/card-store.ts'
import { type CardContext, freshSession } from '../os/card-context.ts'
import { answerCommand } from '../os/dispatch.ts'
import { type Grants, grantOf } from '../os/grants.ts'
import { answer, Refusal } from '../os/status.ts'
import { SecuredTerminal, type SessionKeys } from './secured-terminal.ts'
import { blankCard } from './terminal.ts'

const firstKeys: SessionKeys = { cipher: 'AES-128', ksEnc: new Uint8Array(16).fill(1), ksMac: new Uint8Array(16).fill(2) }

/** EF.DG1 with the MRZ of Doc 9303-5's example, document number D23145890, check digit 7. */
export const specimenDg1 = fromHex(
  `615d5f1f5a${Buffer.from('I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<').toString('hex')}`,
)

export interface EacBench {
  readonly card: CardContext
  readonly terminal: SecuredTerminal
  /** A command in the open. */
  readonly plain: (command: string) => Uint8Array
}

export interface EacBenchOptions {
  readonly keys?: readonly ChipAuthenticationKeySpec[]
  readonly profile?: Partial<CardProfile>
  readonly state?: Partial<CardState>
  readonly grants?: Grants
  readonly session?: SessionKeys
  readonly application?: string
  /** What the card's random source gives, one entry a draw; afterwards zeros. */
  readonly random?: readonly string[]
  readonly memory?: (image: Uint8Array) => CardMemory
}

export function eacBench(options: EacBenchOptions = {}): EacBench {
  const { keys, grants = grantOf('bac', 'emrtd'), session: sessionKeys = firstKeys, application = 'emrtd', random = [] } = options
  const profile: CardProfile = { ...nationalId, ...(keys ? { chipAuthentication: { keys } } : {}), ...options.profile }
  const blank = inMemory()
  blankCard(blank)
  const state: CardState = {
    ...decodeImage(blank.load()!),
    lifeCycle: 'SECURED',
    files: new Map([['emrtd', new Map([[0x0101, specimenDg1]])]]),
    ...options.state,
  }
  const image = encodeImage(state)
  const draws = [...random]
  const card: CardContext = {
    profile,
    store: new CardStore((options.memory ?? inMemory)(image)),
    random: (length) => fromHex(draws.shift() ?? '00'.repeat(length)),
    session: freshSession(profile),
    interface: 'contact',
    delay: 0,
  }
  card.session.application = findApplication(profile, application)!
  card.session.messaging = new SecureMessagingSession(sessionKeys.cipher, sessionKeys.ksEnc, sessionKeys.ksMac)
  card.session.grants = grants
  const process = (bytes: Uint8Array): Uint8Array => {
    try {
      return encodeResponse(answerCommand(card, decodeCommand(bytes)))
    } catch (error) {
      if (error instanceof Refusal) return encodeResponse(answer(undefined, error.sw))
      throw error
    }
  }
  return { card, terminal: new SecuredTerminal(process, sessionKeys), plain: (command) => process(fromHex(command)) }
}
