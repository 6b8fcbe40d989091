import type { Socket } from 'node:net'
import type { CardInterface } from './os/card-context.ts'

const wrongLength = Uint8Array.of(0x67, 0x00)
const noDiagnosis = Uint8Array.of(0x6f, 0x00)

/** A card as a reader sees it. Every call returns before the next is made. */
export interface PluggableCard {
  /** Answer to reset, 2..33 bytes (ISO/IEC 7816-3:2006, 8.2). */
  readonly atr: Uint8Array
  /** Through contacts unless told. */
  powerOn(by?: CardInterface): void
  powerOff(): void
  reset(): void
  /** Carries out a command APDU and gives the response APDU. */
  process(command: Uint8Array): Uint8Array
  /** Milliseconds by which that response is held back; none without it. */
  readonly answerDelay?: number
}

/** What happened between a reader, vpcd's or Kart's, and the card; of APDUs only the lengths, so that a listener may print everything. */
export type PluggedCardEvent =
  | { readonly kind: 'power-on' | 'power-off' | 'reset' | 'atr' }
  | { readonly kind: 'apdu'; readonly commandLength: number; readonly responseLength: number }
  /** The card threw: the reader was told 6F00. */
  | { readonly kind: 'card-failed'; readonly error: unknown }
  /** The response is longer than the reader takes: it was told 6700. */
  | { readonly kind: 'response-too-long'; readonly responseLength: number }
  /** A message that is no command: left out, as it has no answer. */
  | { readonly kind: 'not-understood'; readonly length: number }

/** A card that was put into a reader, until it is taken out. */
export interface PluggedCard {
  /** Resolves when the card is taken out (`unplug`, `signal`); rejects with VpcdError or VirtualReaderError when the reader goes away. */
  readonly closed: Promise<void>
  /** Takes the card out of the reader. Harmless when called again. */
  unplug(): Promise<void>
}

/** The card's answer to a command, of at most `longest` bytes; a card that throws does not take the reader down. */
export function answerOf(
  card: PluggableCard,
  command: Uint8Array,
  longest: number,
  onEvent: ((event: PluggedCardEvent) => void) | undefined,
): Uint8Array {
  try {
    const response = card.process(command)
    if (response.length > longest) {
      onEvent?.({ kind: 'response-too-long', responseLength: response.length })
      return wrongLength
    }
    onEvent?.({ kind: 'apdu', commandLength: command.length, responseLength: response.length })
    return response
  } catch (error) {
    onEvent?.({ kind: 'card-failed', error })
    return noDiagnosis
  }
}

/** A card in a reader at the other end of a socket, until that closes. */
export interface CardSocket {
  readonly socket: Socket
  readonly card: PluggableCard
  readonly signal: AbortSignal | undefined
  readonly onEvent: ((event: PluggedCardEvent) => void) | undefined
  /** Takes the card out, which closes the socket. */
  unplug(): void
  /** Called when the socket closed: undefined where the card was taken out, else why the reader went away. */
  whyClosed(): Error | undefined
}

/** Follows the socket of a card that was put in to its end, when the card loses power. */
export function followSocket({ socket, card, signal, onEvent, unplug, whyClosed }: CardSocket): PluggedCard {
  const closed = new Promise<void>((resolve, reject) => {
    socket.once('close', () => {
      signal?.removeEventListener('abort', unplug)
      // A card out of its reader has no power.
      try {
        card.powerOff()
      } catch (error) {
        onEvent?.({ kind: 'card-failed', error })
      }
      const why = whyClosed()
      if (why === undefined) resolve()
      else reject(why)
    })
  })
  // A caller that never looks at `closed` is not to be ended by it.
  closed.catch(() => undefined)
  if (signal?.aborted) unplug()
  else signal?.addEventListener('abort', unplug)
  return {
    closed,
    async unplug() {
      unplug()
      await closed.catch(() => undefined)
    },
  }
}
