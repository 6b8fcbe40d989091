import { randomBytes } from 'node:crypto'
import { decodeCommand, encodeResponse, type ReceivedCommand, type ResponseApdu } from '@kart/apdu/card'
import { CardError, DecodeError } from '@kart/codec'
import { type CardProfile, profiles } from '@kart/layout/profile'
import { type CardMemory, CardMemoryError } from './memory/card-memory.ts'
import { CardStore } from './memory/card-store.ts'
import { type CardContext, type CardInterface, endChannels, endPace, freshSession } from './os/card-context.ts'
import { answerCommand } from './os/dispatch.ts'
import { answer, Refusal, SW } from './os/status.ts'

/** The card was taken out of its in-process reader. */
export class CardRemovedError extends CardError {
  readonly code = 'transport'
}

/** The card as an in-process reader offers it; has the shape of a `CardTransport` of `@kart/apdu`. */
export interface EmulatedCardTransport {
  readonly atr: Uint8Array
  transceive(command: Uint8Array): Promise<Uint8Array>
  close(): Promise<void>
}

/** What an emulated card runs on. */
export interface EmulatedCardOptions {
  /** Holds the card; see {@link createBlankCard} for a new one. */
  readonly memory: CardMemory
  /** Default: the profile that the memory names. */
  readonly profile?: CardProfile
  /** Source of random bytes, for worked examples. Default: node:crypto. */
  readonly random?: (length: number) => Uint8Array
  /** Holds an answer back, milliseconds: after wrong passwords that never block (PACE with MRZ or CAN). Default: a timer. Only {@link EmulatedCard.transport} waits. */
  readonly wait?: (milliseconds: number) => Promise<void>
}

const timer = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

/**
 * The card's role: a synchronous state machine, bytes in, bytes out. It shares tables with the terminal (profile, tags), never behaviour,
 * and does its cryptography on node:crypto alone. Powered from the start. Throws CardMemoryError when the memory holds no card that it can run.
 */
export class EmulatedCard {
  readonly #card: CardContext
  readonly #wait: (milliseconds: number) => Promise<void>
  #powered = true

  constructor(options: EmulatedCardOptions) {
    const store = new CardStore(options.memory)
    const { profile: name, profileVersion } = store.state
    const profile = options.profile ?? (Object.hasOwn(profiles, name) ? profiles[name] : undefined)
    if (profile === undefined)
      throw new CardMemoryError(`the card was made by profile ${name}, which is not known here: hand that profile in`)
    if (profile.name !== name || profile.version !== profileVersion)
      throw new CardMemoryError(
        `the card was made by profile ${name} version ${profileVersion}, not ${profile.name} version ${profile.version}: hand that profile in`,
      )
    this.#wait = options.wait ?? timer
    this.#card = {
      profile,
      store,
      random: options.random ?? ((length) => new Uint8Array(randomBytes(length))),
      session: freshSession(profile),
      interface: 'contact',
      delay: 0,
    }
  }

  /** Answer to reset (ISO/IEC 7816-3:2006, 8.2). */
  get atr(): Uint8Array {
    return this.#card.profile.atr.slice()
  }

  /** The table by which the card was made. */
  get profile(): CardProfile {
    return this.#card.profile
  }

  /** Milliseconds, 0 and up, by which a reader holds back the answer that {@link process} gave last: the card's brake on guessing. */
  get answerDelay(): number {
    return this.#card.delay
  }

  /** Gives the card power; it starts with the MF current and nothing authenticated. From a field, PINs and the PKCS#15 application need PACE. */
  powerOn(by: CardInterface = 'contact'): void {
    this.#card.store.reload()
    this.#card.interface = by
    this.reset()
    this.#powered = true
  }

  /** Takes the power away: every session key and right is gone. */
  powerOff(): void {
    this.reset()
    this.#powered = false
  }

  /** Forgets everything volatile. */
  reset(): void {
    endChannels(this.#card.session)
    endPace(this.#card.session, true)
    this.#card.delay = 0
    this.#card.session = freshSession(this.#card.profile)
  }

  /** Powers off and lets the memory go. */
  close(): void {
    this.powerOff()
    this.#card.store.close()
  }

  /**
   * Answers one command APDU. Never throws for what a terminal sends: every answer ends in a status word of ISO/IEC 7816-4; a malformed command answers
   * 6700, a failed write 6581, anything unforeseen 6F00, and in these cases all that is volatile is gone. Without power every answer is 6F00.
   */
  process(command: Uint8Array): Uint8Array {
    return encodeResponse(this.#powered ? this.#answer(command) : answer(undefined, SW.internal))
  }

  #answer(bytes: Uint8Array): ResponseApdu {
    try {
      return answerCommand(this.#card, this.#receive(bytes))
    } catch (error) {
      if (error instanceof Refusal) return answer(undefined, error.sw)
      this.reset()
      return answer(undefined, error instanceof CardMemoryError ? SW.memoryFailure : SW.internal)
    }
  }

  #receive(bytes: Uint8Array): ReceivedCommand {
    try {
      if (bytes.length > this.#card.profile.maxCommandLength) throw new Refusal(SW.wrongLength)
      return decodeCommand(bytes)
    } catch (error) {
      // What cannot be read cannot be authenticated: no channel survives it.
      endChannels(this.#card.session)
      endPace(this.#card.session, true)
      this.#card.session.waiting = undefined
      this.#card.session.chain = undefined
      throw error instanceof DecodeError ? new Refusal(SW.wrongLength) : error
    }
  }

  /** The card in an in-process reader, with contacts unless told; closing it takes the power away and leaves the memory open for another transport. */
  transport(by: CardInterface = 'contact'): EmulatedCardTransport {
    this.powerOn(by)
    let open = true
    return {
      atr: this.atr,
      transceive: async (command) => {
        if (!open) throw new CardRemovedError('the card was taken out of the reader')
        const response = this.process(command)
        if (this.answerDelay > 0) await this.#wait(this.answerDelay)
        return response
      },
      close: async () => {
        if (open) this.powerOff()
        open = false
      },
    }
  }
}
