import type { CommandApdu, ResponseApdu } from '../apdu.ts'
import type { ChannelLayer } from '../channel.ts'
import { saysSecureMessaging } from '../class-byte.ts'
import { labelOf } from '../command-label.ts'

/** Where a trace layer stands: nearest the card (`wire`), or above secure messaging (`plain`). */
export type TraceLevel = 'wire' | 'plain'

/**
 * One exchange as a trace layer saw it. It holds file contents, which are personal data: it is for the caller's own memory, and whoever
 * writes it out shows lengths, not bytes.
 */
export interface TraceEntry {
  readonly level: TraceLevel
  /** Name of the command that was sent (`STORE DATA, EF.DG2`), where this layer saw it as `send` handed it down. */
  readonly label?: string
  /** The command; where {@link redacted}, its data field is zeros of the same length. */
  readonly command: CommandApdu
  /** The response; undefined where the exchange failed. */
  readonly response: ResponseApdu | undefined
  /** What the exchange threw, where it did. */
  readonly error?: unknown
  /** Whether the data field was blanked, because this command carries PINs or keys and was not protected here. */
  readonly redacted: boolean
  /** How long the exchange took, in microseconds. */
  readonly microseconds: number
  /** When it began, in microseconds on a clock that only goes forward; its zero is arbitrary but the same for the whole process. */
  readonly startedAt: number
}

export type TraceSink = (entry: TraceEntry) => void

/** Interindustry instructions whose data field is a PIN, a PUK or a biometric, or with PUT DATA can be (a blank card's first PIN); GlobalPlatform ones whose data field can hold keys. */
const secretInstructions = { iso: [0x20, 0x21, 0x24, 0x25, 0x2c, 0x2d, 0xda, 0xdb], gp: [0xd8, 0xe2] } as const satisfies Record<
  string,
  readonly number[]
>

function carriesSecrets(command: CommandApdu, level: TraceLevel): boolean {
  if (command.data.length === 0) return false
  // On the wire a protected data field is ciphertext; above secure messaging the class byte promises nothing yet.
  if (level === 'wire' && saysSecureMessaging(command.cla)) return false
  const instructions: readonly number[] = command.cla & 0x80 ? secretInstructions.gp : secretInstructions.iso
  return instructions.includes(command.ins)
}

/**
 * Tells the sink of every exchange that passes, failed ones included; exchanges are passed on unchanged. PINs and keys that are not
 * protected at this level are blanked (house rule).
 */
export function traceLayer(sink: TraceSink, level: TraceLevel): ChannelLayer {
  return (lower) => ({
    async transmit(command) {
      const redacted = carriesSecrets(command, level)
      const shown = redacted ? { ...command, data: new Uint8Array(command.data.length) } : command
      const label = labelOf(command)
      const started = performance.now()
      const entry = (response: ResponseApdu | undefined) => ({
        level,
        ...(label === undefined ? {} : { label }),
        command: shown,
        response,
        redacted,
        microseconds: Math.round((performance.now() - started) * 1000),
        startedAt: Math.round(started * 1000),
      })
      let response: ResponseApdu
      try {
        response = await lower.transmit(command)
      } catch (error) {
        sink({ ...entry(undefined), error })
        throw error
      }
      sink(entry(response))
      return response
    },
  })
}
