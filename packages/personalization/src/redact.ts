import type { TraceEntry } from '@kart/apdu/host'
import { saysSecureMessaging } from '@kart/apdu/host'

/** Commands whose data and answer may be shown in a trace: they name files, applications and states, and hold nothing of the holder, of keys or of authentication. */
const shown = {
  iso: [0xa4], // SELECT
  gp: [0xa4, 0xe6, 0xf0, 0xf2], // SELECT, INSTALL, SET STATUS, GET STATUS
} as const satisfies Record<string, readonly number[]>

const zeros = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.length)

/** EXTERNAL AUTHENTICATE of SCP03 has the secure-messaging bit set, and yet its cryptogram goes in clear. */
const isChannelOpening = (cla: number, ins: number): boolean => (cla & 0x80) !== 0 && (ins === 0x50 || ins === 0x82)

/**
 * A trace entry that may be kept: data fields and answers are zeros of the same length unless the command is on a short list, or, on the wire, protected by
 * secure messaging (house rule: what may be shown is listed, everything else is not). Headers, lengths, status words and times stay.
 */
export function redact(entry: TraceEntry): TraceEntry {
  const { cla, ins } = entry.command
  const family: readonly number[] = cla & 0x80 ? shown.gp : shown.iso
  const ciphertext = entry.level === 'wire' && saysSecureMessaging(cla) && !isChannelOpening(cla, ins)
  if (ciphertext || family.includes(ins)) return entry
  const { response } = entry
  return {
    ...entry,
    command: { ...entry.command, data: zeros(entry.command.data) },
    response: response === undefined ? undefined : { ...response, data: zeros(response.data) },
    redacted: entry.redacted || entry.command.data.length > 0 || (response?.data.length ?? 0) > 0,
  }
}
