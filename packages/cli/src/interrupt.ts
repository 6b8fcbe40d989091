import type { OpenCard } from './card-source.ts'

const signals = ['SIGINT', 'SIGTERM'] as const
type Signal = (typeof signals)[number]

/** The user stopped the run: by Ctrl-C at a question, or by a signal between two commands to the card. The message says what came of it. */
export class InterruptedError extends Error {}

/** Hears SIGINT and SIGTERM, so that a card is left between two of its commands and never with its lock on. */
export interface Interrupts {
  /** The card, which throws {@link InterruptedError} in the place of its next command once a signal came; unless the run is past stopping. */
  guard(card: OpenCard): OpenCard
  /** From now on the run goes to its end whatever comes. Throws InterruptedError where a signal came before. */
  passStopping(): Promise<void>
  /** What came when it was too late to stop. */
  readonly late: Signal | undefined
  /** Hears no more. */
  release(): void
}

// Work on an emulated card never waits for anything outside: without a turn of the event loop no signal is heard before its end.
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Begins to hear; `say` tells the user at once what comes of it. */
export function hearInterrupts(say: (text: string) => void): Interrupts {
  let heard: Signal | undefined
  let late: Signal | undefined
  let past = false
  const hear = (signal: Signal) => {
    if (past) {
      if (late === undefined) say(`${signal}: the card is being finished, which takes a moment and is not broken off.`)
      late = signal
      return
    }
    if (heard === undefined) say(`${signal}: stopping before the next command to the card.`)
    heard ??= signal
  }
  const stopHere = async () => {
    await turn()
    if (!past && heard !== undefined) throw new InterruptedError(`stopped by ${heard}`)
  }
  const listeners = signals.map((signal) => [signal, () => hear(signal)] as const)
  for (const [signal, listener] of listeners) process.on(signal, listener)
  return {
    guard(card) {
      const { transport } = card
      return {
        ...card,
        transport: {
          atr: transport.atr,
          async transceive(command) {
            await stopHere()
            return transport.transceive(command)
          },
          close: () => transport.close(),
        },
      }
    },
    async passStopping() {
      await stopHere()
      past = true
    },
    get late() {
      return late
    },
    release() {
      for (const [signal, listener] of listeners) process.off(signal, listener)
    },
  }
}
