import { type Check, type CheckRow, fail, notRun, pass } from '../check.ts'
import type { Evidence } from '../evidence.ts'
import type { Policy } from '../policy.ts'

const row: CheckRow = { id: 'link.round-trip', title: 'The card answers as fast as one that lies at the reader', clause: 'house rule' }

/** A card far away behind a relay answers late (P17). A warning only: a fast relay stays below any bound, and a slow reader is no attack. */
export function checkRoundTrip({ shortestExchange }: Evidence, { maxExchange }: Policy): Check {
  if (maxExchange === undefined) return notRun(row, 'no bound is set', false)
  if (!Number.isFinite(shortestExchange)) return notRun(row, 'nothing was exchanged', false)
  return shortestExchange <= maxExchange
    ? pass(row, `within ${maxExchange} ms`, false)
    : fail(row, `no exchange took less than ${maxExchange} ms: the card may be relayed`, false)
}
