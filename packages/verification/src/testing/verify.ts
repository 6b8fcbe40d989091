import type { Check } from '../check.ts'
import type { Evidence } from '../evidence.ts'
import { judge } from '../judge.ts'
import { runChecks } from '../run-checks.ts'
import { context } from './card.ts'

/** Runs the checks and judges: `failed` and `open` name the required checks that failed or did not run. */
export async function verify(evidence: Evidence, settings: Parameters<typeof context>[0] = {}) {
  const report = judge(await runChecks(evidence, context(settings)))
  const idsOf = (outcome: Check['outcome']) =>
    report.checks.filter((check) => check.required && check.outcome === outcome).map((check) => check.id)
  return {
    report,
    failed: idsOf('fail'),
    open: idsOf('not-run'),
    check: (id: string): Check => report.checks.find((check) => check.id === id)!,
  }
}
