import type { CardProfile } from '@kart/layout/profile'
import {
  annotateTrace,
  buildEvidenceTree,
  buildHolderView,
  describeAccess,
  drawBestFinger,
  type ReportPage,
  renderHtmlReport,
  type StageLine,
} from '@kart/report'
import type { Policy, Report } from '@kart/verification'
import type { Reading } from './reading.ts'
import { writeMade } from './write-file.ts'

export interface PageParts {
  readonly profile: CardProfile
  readonly reading: Reading
  readonly report: Report
  readonly policy: Policy
  readonly probe: Uint8Array | undefined
  readonly notes: readonly string[]
  /** Stages and trace of the personalization, when it was part of the run. */
  readonly issued?: { readonly stages: readonly StageLine[]; readonly trace: ReportPage['traces'][number]['rows'] }
}

/** Writes the HTML report of a verification; `force`: over what is there. */
export function writePage(path: string, parts: PageParts, force: boolean | undefined): void {
  const { profile, reading, report, issued } = parts
  const page: ReportPage = {
    title: 'Card report',
    time: reading.evidence.readAt.toISOString(),
    judgedAt: parts.policy.now.toISOString(),
    profileTitle: profile.title,
    verdict: report.verdict,
    reason: report.summary,
    notes: parts.notes,
    access: describeAccess(reading.evidence),
    holder: buildHolderView(reading.evidence),
    stages: [...(issued?.stages ?? []), ...reading.recorder.stages],
    checks: report.checks,
    tree: buildEvidenceTree(profile, reading.evidence),
    matchSvg: parts.probe && drawBestFinger(reading.evidence, parts.probe, report.checks),
    traces: [
      ...(issued ? [{ title: 'Personalization', rows: issued.trace }] : []),
      { title: 'Verification', rows: annotateTrace(reading.recorder.entries, profile) },
    ],
  }
  writeMade(path, renderHtmlReport(page), force)
}
