/** How a check ended. What did not run never counts as passed. */
export type CheckOutcome = 'pass' | 'fail' | 'not-run'

/** One finding about a card. */
export interface Check {
  /** Stable name (`pa.signature`, `pa.hash.DG1`, `aa.signature`); the part before the first dot names its group. */
  readonly id: string
  /** What was asked, in a few words. */
  readonly title: string
  readonly outcome: CheckOutcome
  /** Whether the card is accepted only when this check passed. */
  readonly required: boolean
  /** Standard, edition and clause; `house rule` for our own. */
  readonly clause: string
  /** What was found, in plain words. Never personal data, keys or biometric data. */
  readonly detail: string
  /** Id of the check that decided this one, where it sums several up: what a failure means is what that one's would. */
  readonly decidedBy?: string
}

/** A check without its outcome: one row of a table of checks. */
export type CheckRow = Pick<Check, 'id' | 'title' | 'clause'>

/** A passed check. */
export function pass(row: CheckRow, detail: string, required = true): Check {
  return { ...only(row), outcome: 'pass', required, detail }
}

/** A failed check. */
export function fail(row: CheckRow, detail: string, required = true): Check {
  return { ...only(row), outcome: 'fail', required, detail }
}

/** A check that could not run; it never passes. */
export function notRun(row: CheckRow, detail: string, required = true): Check {
  return { ...only(row), outcome: 'not-run', required, detail }
}

function only(row: CheckRow): CheckRow {
  return { id: row.id, title: row.title, clause: row.clause }
}
