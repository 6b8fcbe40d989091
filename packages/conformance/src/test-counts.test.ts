import { describe, expect, it } from 'vitest'
import { addCounts, countResults, summaryLine } from '../../../scripts/test-counts.mjs'

const file = (name: string, status: string, ...statuses: string[]) => ({
  name: `/base/${name}`,
  status,
  message: `${name} is broken\nmore`,
  assertionResults: statuses.map((each) => ({ status: each })),
})

describe('the total of a test run', () => {
  it('counts passed, failed, and skipped of every kind', () => {
    const report = {
      success: false,
      testResults: [file('a', 'failed', 'passed', 'failed', 'pending'), file('b', 'passed', 'passed', 'todo', 'skipped')],
    }
    expect(countResults(report, 1, '/base')).toEqual({ passed: 2, failed: 1, skipped: 3, problems: [] })
  })

  it('counts a file that failed as a whole, whether it has no tests or only good ones', () => {
    const report = { success: false, testResults: [file('a', 'failed'), file('b', 'failed', 'passed', 'pending')] }
    const counts = countResults(report, 1, '/base')
    expect(counts).toMatchObject({ passed: 1, failed: 2, skipped: 1 })
    expect(counts.problems).toEqual(['a failed as a whole: a is broken', 'b failed as a whole: b is broken'])
  })

  it('never calls a run good that ended badly', () => {
    const good = { success: true, testResults: [file('a', 'passed', 'passed')] }
    expect(countResults(good, 0, '/base')).toEqual({ passed: 1, failed: 0, skipped: 0, problems: [] })
    expect(countResults(good, 1, '/base')).toMatchObject({ passed: 1, failed: 1 })
    expect(countResults({ ...good, success: false }, 0, '/base')).toMatchObject({ passed: 1, failed: 1 })
    expect(countResults(undefined, 0, '/base')).toMatchObject({ passed: 0, failed: 1 })
  })

  it('sums runs into one line', () => {
    expect(summaryLine(addCounts({ passed: 2, failed: 0, skipped: 0 }, { passed: 3, failed: 1, skipped: 0 }))).toBe('5 passed, 1 failed')
    expect(summaryLine({ passed: 1, failed: 0, skipped: 4 })).toBe('1 passed, 0 failed, 4 skipped')
  })
})
