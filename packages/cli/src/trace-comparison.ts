import { type CardTransport, describeCommand, type Trace } from '@kart/apdu'
import { toHex } from '@kart/codec'

/** How a card answered one command of a trace. */
export interface ReplayedExchange {
  /** 1 for the first exchange of the trace. */
  readonly number: number
  readonly name: string
  readonly outcome: 'same' | 'different' | 'skipped'
  readonly problem?: string
}

const swOf = (response: Uint8Array): string => toHex(response.subarray(Math.max(0, response.length - 2))).toUpperCase()

/**
 * Sends a card the commands of a trace and compares the answers. A command that was blanked is not sent: zeros in place of a PIN would
 * cost a try. Throws what the transport throws.
 */
export async function compareWithTrace(card: CardTransport, trace: Trace): Promise<readonly ReplayedExchange[]> {
  const results: ReplayedExchange[] = []
  for (const [index, { command, response, redacted }] of trace.exchanges.entries()) {
    const [cla = 0, ins = 0, p1 = 0, p2 = 0] = command
    const named = { number: index + 1, name: describeCommand(cla, ins, p1, p2).name }
    if (redacted && command.length > 5) {
      results.push({ ...named, outcome: 'skipped', problem: 'its data were blanked when it was recorded' })
      continue
    }
    if (response === undefined) {
      results.push({ ...named, outcome: 'skipped', problem: 'it failed when it was recorded' })
      continue
    }
    const now = await card.transceive(command)
    const same = redacted ? swOf(now) === swOf(response) && now.length === response.length : toHex(now) === toHex(response)
    if (same) results.push({ ...named, outcome: 'same' })
    else {
      const [then, today] = [swOf(response), swOf(now)]
      const problem =
        then === today ? `${response.length - 2} bytes of data then, ${now.length - 2} now, or others` : `${then} then, ${today} now`
      results.push({ ...named, outcome: 'different', problem })
    }
  }
  return results
}
