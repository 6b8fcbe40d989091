import { readFileSync } from 'node:fs'

/** One row of a vector file. */
export interface VectorTest<I, E> {
  readonly id: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly input: I
  readonly expected: E
  readonly result: 'valid' | 'invalid'
}

/** The rows of one named group of a vector file; a group that is missing or empty throws, so that no test passes for want of rows. */
export function vectorGroup<I, E>(path: string, name: string): readonly VectorTest<I, E>[] {
  const file = JSON.parse(readFileSync(new URL(`../../../../test-vectors/${path}`, import.meta.url), 'utf8')) as {
    groups: { name?: string; tests: VectorTest<I, E>[] }[]
  }
  const group = file.groups.find((candidate) => candidate.name === name)
  if (group === undefined || group.tests.length === 0) throw new Error(`${path} has no group ${name}`)
  return group.tests
}
