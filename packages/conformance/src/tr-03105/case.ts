import { expect, it } from 'vitest'
import type { Answer } from './chip.ts'

/** A test named by the plan's case id: `id title`. The table of the docs says what it is about. */
export function testCase(id: string, run: () => void): void {
  it(id, run)
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
