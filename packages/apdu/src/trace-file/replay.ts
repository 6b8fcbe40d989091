import { toHex } from '@kart/codec'
import type { CardTransport } from '../transport.ts'
import { TransportError } from '../transport-error.ts'
import { blankCommand } from './redact.ts'
import type { Trace } from './trace-file.ts'

/** A command came that the trace does not hold at this place. */
export class ReplayError extends TransportError {
  /** Which exchange was expected: 0 for the first; the number of exchanges where the trace had ended. */
  readonly at: number

  constructor(at: number, problem: string) {
    super(`exchange ${at + 1} of the trace: ${problem}`, { reached: 'no' })
    this.at = at
  }
}

const headerOf = (command: Uint8Array): string => toHex(command.subarray(0, 4)).toUpperCase()

/**
 * A card made of a trace: it answers the commands of the trace in its order with what was answered then, and fails where it failed then.
 * Where the trace was blanked, header and lengths must agree and the data field is not looked at. Throws ReplayError for any other command.
 */
export function replayTransport(trace: Trace): CardTransport & { readonly done: boolean } {
  let at = 0
  let open = true
  return {
    atr: trace.header.atr.slice(),
    get done() {
      return at === trace.exchanges.length
    },
    async transceive(command) {
      if (!open) throw new ReplayError(at, 'the card was closed')
      const expected = trace.exchanges[at]
      if (expected === undefined) throw new ReplayError(at, `command ${headerOf(command)} comes after the end of the trace`)
      const asRecorded = expected.redacted ? blankCommand(command) : command
      const there = expected.redacted ? blankCommand(expected.command) : expected.command
      if (toHex(asRecorded) !== toHex(there))
        throw new ReplayError(at, `the trace has ${headerOf(expected.command)}, and ${headerOf(command)} came, or its data differ`)
      at++
      if (expected.failure !== undefined)
        throw new TransportError(`the exchange failed when it was recorded (${expected.failure.code})`, {
          reached: expected.failure.reached ?? 'maybe',
        })
      return expected.response?.slice() ?? new Uint8Array()
    },
    async close() {
      open = false
    },
  }
}
