import { expect, it } from 'vitest'
import { caseOf, passing } from './catalogue.ts'
import type { Answer } from './chip.ts'

const run = new Set<string>()

/** The test of one case of the plan, named by its id; the table must say that it passes. */
export function testCase(id: string, steps: () => void): void {
  run.add(id)
  it(`${id} ${caseOf(id)?.title ?? '(not in the table)'}`, steps)
}

/** The cases of these units that this file runs are those that the table says pass, neither more nor fewer. */
export function agreesWithTable(...units: readonly string[]): void {
  it(`the table agrees about ${units.join(', ')}`, () => {
    expect([...run].sort()).toEqual(passing(units).sort())
  })
}

const checking = /^6[4-9a-f]..$/

/** 9000 inside secure messaging. */
export function accepted(answer: Answer): Answer {
  expect(answer).toMatchObject({ sw: '9000', secured: true })
  return answer
}

/** An ISO checking error or 6300 inside secure messaging. */
export function refused(answer: Answer): void {
  expect(answer.secured).toBe(true)
  expect(answer.sw === '6300' ? '6400' : answer.sw).toMatch(checking)
}

/** An ISO checking error inside secure messaging, and not the warning 6300. */
export function checkingError(answer: Answer): void {
  expect(answer.secured).toBe(true)
  expect(answer.data).toHaveLength(0)
  expect(answer.sw).toMatch(checking)
}

/** 9000 or an ISO checking error inside secure messaging: the plan leaves it to the chip when a missing key is noticed. */
export function either(answer: Answer): void {
  expect(answer.secured).toBe(true)
  expect(answer.sw === '9000' ? '6400' : answer.sw).toMatch(checking)
}

/** An ISO checking error in the open: secure messaging is over. */
export function refusedInTheOpen(answer: Answer): void {
  expect(answer.secured).toBe(false)
  expect(answer.data).toHaveLength(0)
  expect(answer.sw).toMatch(checking)
}
