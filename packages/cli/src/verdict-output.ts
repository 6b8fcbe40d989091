import { visibleText } from '@kart/codec'
import type { CardProfile } from '@kart/layout/profile'
import { thresholds } from '@kart/matcher'
import { describeAccess } from '@kart/report'
import type { Check, Evidence, Policy, Report } from '@kart/verification'
import Table from 'cli-table3'
import { pc } from './colours.ts'
import { type ExitCode, exitCode } from './exit-code.ts'
import type { Output } from './output.ts'
import type { Reading } from './reading.ts'

const marks = { pass: pc.green('✓ pass'), fail: pc.red('✗ fail'), 'not-run': pc.dim('– not run') } as const satisfies Record<
  Check['outcome'],
  string
>

/** A table without frames. */
export function plainTable(head: readonly string[]): Table.Table {
  return new Table({
    // cli-table3 colours by its own rules, whatever the output is; picocolors knows pipes and NO_COLOR.
    head: head.map((title) => pc.dim(title)),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '',
    },
  })
}

/** A table's lines without the blanks behind them. */
const lines = (table: Table.Table): string =>
  table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')

/** A table of checks, a line each. */
export function checkLines(checks: readonly Check[]): string {
  const table = plainTable(['outcome', 'check', 'what was found'])
  for (const check of checks)
    table.push([marks[check.outcome], `${check.title}${check.required ? '' : pc.dim(' (not required)')}`, visibleText(check.detail)])
  return lines(table)
}

/** What to do about a card that stayed shut. */
export function accessHint({ access }: Evidence): string {
  // No number opens a card that offers nothing to open it with.
  if (access.pace.outcome === 'not-offered' && access.policy === 'pace-only')
    return 'Either the card is not finished ("kart issue" finishes one), or it is an older one without PACE, which --allow-bac opens with its MRZ.'
  return 'Check what is printed (the card access number, or document number, date of birth and date of expiry), and that this is the card you mean.'
}

const fingerHint =
  'A card shows its fingerprints only to a terminal with certificates: name their folder with --cvc DIR ("kart pki init" makes DIR/cvc).'

/** Nothing behind a card that stayed shut was run: its many rows would only hide the one that counts. */
const shownChecks = (report: Report): readonly Check[] =>
  report.reason === 'access-refused'
    ? report.checks.filter(({ id, outcome }) => id.startsWith('access.') && outcome === 'fail')
    : report.checks

/**
 * Prints every check, the verdict and the moment it holds for, and once more, behind it, whatever stood in the way of an acceptance. The choice among the
 * card's offers of PACE is long: it stands there `withChoice`, and where the card stayed shut.
 */
export function printReport(output: Output, report: Report, policy: Policy, evidence: Evidence, withChoice = false): void {
  const shown = shownChecks(report)
  output.line(checkLines(shown))
  output.line()
  for (const line of describeAccess(evidence, withChoice || evidence.access.outcome === 'refused')) output.line(pc.dim(visibleText(line)))
  output.line()
  const colour = report.verdict === 'accepted' ? pc.green : pc.red
  output.line(`${pc.bold(colour(report.verdict.toUpperCase()))}  ${visibleText(report.summary)}`)
  output.line(pc.dim(`judged as of ${policy.now.toISOString()}, finger threshold ${policy.fingerThreshold}`))
  if (report.reason === 'access-refused') output.line(accessHint(evidence))
  else
    for (const check of shown.filter(({ required, outcome }) => required && outcome === 'fail'))
      output.line(`  ${marks.fail}  ${check.title}: ${visibleText(check.detail)}`)
  const fingerMissing = shown.some(({ id, required, outcome }) => id === 'finger.match' && required && outcome === 'not-run')
  if (fingerMissing && evidence.terminalAuthentication === undefined) output.line(fingerHint)
}

/** The stages of a run with their cost. */
export function printStages(output: Output, stages: readonly { name: string; apdus: number; bytes: number; milliseconds: number }[]): void {
  const table = plainTable(['stage', 'APDUs', 'bytes on the wire', 'time'])
  for (const stage of stages)
    table.push([
      stage.name,
      { content: String(stage.apdus), hAlign: 'right' },
      { content: String(stage.bytes), hAlign: 'right' },
      { content: `${stage.milliseconds.toFixed(1)} ms`, hAlign: 'right' },
    ])
  output.line(lines(table))
}

/** How the card was opened and who proved what, for a JSON document; nothing of the holder. */
export function accessDocument({ access, chipAuthentication, terminalAuthentication }: Evidence): Record<string, unknown> {
  const { protocol, outcome, policy, pace, problem } = access
  return {
    access: {
      ...{ protocol, outcome, policy },
      pace: { outcome: pace.outcome, variant: pace.variant ?? null, password: pace.password, choice: pace.choice },
      ...(problem ? { problem } : {}),
    },
    chipAuthentication: chipAuthentication && {
      ...{ outcome: chipAuthentication.outcome, version: chipAuthentication.version, protocol: chipAuthentication.oid },
      keyId: chipAuthentication.keyId ?? null,
    },
    terminalAuthentication: terminalAuthentication && {
      ...{ outcome: terminalAuthentication.outcome, version: terminalAuthentication.version },
      ...{ chain: terminalAuthentication.chain, rights: terminalAuthentication.rights },
    },
  }
}

/** The JSON document of a verification. */
export function verdictDocument(report: Report, reading: Reading, profile: CardProfile, policy: Policy): Record<string, unknown> {
  return {
    verdict: report.verdict,
    reason: report.reason,
    reasons: report.reasons,
    summary: report.summary,
    checks: report.checks,
    profile: profile.name,
    judgedAt: policy.now.toISOString(),
    threshold: { name: policy.fingerThreshold, score: thresholds[policy.fingerThreshold] },
    readAt: reading.evidence.readAt.toISOString(),
    ...accessDocument(reading.evidence),
    files: reading.evidence.files.map(({ application, name, outcome, bytes }) => ({
      application,
      name,
      outcome,
      ...(bytes ? { bytes: bytes.length } : {}),
    })),
    stages: reading.recorder.stages,
  }
}

/** What a verdict tells the shell. */
export function verdictExit(report: Report): ExitCode {
  return report.verdict === 'accepted' ? exitCode.done : report.verdict === 'rejected' ? exitCode.rejected : exitCode.cardFailure
}
