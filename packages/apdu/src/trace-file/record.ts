import { CardError } from '@kart/codec'
import type { CardTransport } from '../transport.ts'
import { TransportError } from '../transport-error.ts'
import { Redactor } from './redact.ts'
import { encodeTraceExchange, encodeTraceHeader, type TraceExchange } from './trace-file.ts'

export interface RecordOptions {
  /** Gets every line of the file, without its line end, as soon as it is there. */
  readonly write: (line: string) => void
  /** Whether data fields that are no PIN and no key stay readable: file contents, which are personal data. False without it. */
  readonly keepData?: boolean
  /** Where the card is, for the header. */
  readonly where?: string
  /** The time of the header; now without it. */
  readonly date?: Date
}

/** A transport that writes down every exchange that passes, failed ones included, with no PIN and no key in it (schema kart-trace-1). */
export function recordTransport(transport: CardTransport, options: RecordOptions): CardTransport {
  const keepData = options.keepData === true
  const redactor = new Redactor({ keepData })
  options.write(
    encodeTraceHeader({
      schema: 'kart-trace-1',
      date: (options.date ?? new Date()).toISOString(),
      atr: transport.atr,
      where: options.where,
      data: keepData ? 'kept' : 'blanked',
    }),
  )
  return {
    get atr() {
      return transport.atr
    },
    async transceive(command) {
      const started = performance.now()
      const note = (response: Uint8Array | undefined, failure: TraceExchange['failure']) => {
        const microseconds = Math.round((performance.now() - started) * 1000)
        options.write(encodeTraceExchange({ ...redactor.redact(command, response), microseconds, failure }))
      }
      let response: Uint8Array
      try {
        response = await transport.transceive(command)
      } catch (error) {
        // The code alone: a message is not for us to vouch for.
        const code = error instanceof CardError ? error.code : 'internal'
        note(undefined, { code, reached: error instanceof TransportError ? error.reached : undefined })
        throw error
      }
      note(response, undefined)
      return response
    },
    close: () => transport.close(),
  }
}
