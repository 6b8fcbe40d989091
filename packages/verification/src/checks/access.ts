import { type Check, type CheckRow, fail, pass } from '../check.ts'
import type { Evidence } from '../evidence.ts'

const row: CheckRow = { id: 'access.opened', title: 'The card opens with the data printed on it', clause: 'Doc 9303-11, 8th ed., 4.3' }

/** Whether the card was opened at all; without it nothing can be judged. */
export function checkAccessOpened(evidence: Evidence): Check {
  return evidence.access.outcome === 'opened' ? pass(row, 'basic access control') : fail(row, evidence.access.problem ?? 'the card refused')
}
