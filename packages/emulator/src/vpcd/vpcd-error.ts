import { CardError } from '@kart/codec'

/** The virtual reader vpcd cannot be reached, or the link to it broke. */
export class VpcdError extends CardError {
  readonly code = 'reader'
  /** Where vpcd was looked for. */
  readonly host: string
  readonly port: number

  constructor(host: string, port: number, problem: string, options?: { cause?: unknown }) {
    super(`vpcd at ${host} port ${port}: ${problem}`, options)
    this.host = host
    this.port = port
  }
}
