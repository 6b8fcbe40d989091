// Counts over vitest's JSON reports.
import { relative } from 'node:path'

/**
 * What one run of vitest passed, failed and skipped. Beside failed tests these count as one failure each: a file that failed as a
 * whole (it does not load, a hook of it threw), and a run that ended badly though none of its tests failed (no report, an unhandled
 * error, no test found). `problems` names them.
 */
export function countResults(results, exitCode, base) {
  const counts = { passed: 0, failed: 0, skipped: 0, problems: [] }
  for (const file of results?.testResults ?? []) {
    let failedHere = 0
    for (const { status } of file.assertionResults ?? []) {
      if (status === 'passed') counts.passed++
      else if (status === 'failed') failedHere++
      else counts.skipped++
    }
    if (file.status === 'failed' && failedHere === 0) {
      failedHere = 1
      const [firstLine = ''] = String(file.message ?? '').split('\n')
      counts.problems.push(`${relative(base, file.name)} failed as a whole: ${firstLine}`)
    }
    counts.failed += failedHere
  }
  const bad = exitCode !== 0 || results === undefined || results.success === false
  if (bad && counts.failed === 0) {
    counts.failed = 1
    counts.problems.push(
      results === undefined
        ? `vitest gave no report (exit code ${exitCode})`
        : `vitest ended with exit code ${exitCode} though no test failed`,
    )
  }
  return counts
}

export function addCounts(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }
}

export function summaryLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
