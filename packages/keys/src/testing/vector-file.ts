import { readFileSync } from 'node:fs'

// For the tests of this package only; the entry point does not reach it.

/** One test of a vector file, as the tests here read it. */
export interface VectorTest {
  readonly id: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly input: Readonly<Record<string, string & number>>
  readonly expected: Readonly<Record<string, string>>
}

/** One group of a vector file. */
export interface VectorGroup {
  readonly name?: string
  readonly tests: readonly VectorTest[]
  readonly [field: string]: unknown
}

/** The groups of a file under test-vectors. */
export function vectorGroups(file: string): readonly VectorGroup[] {
  return JSON.parse(readFileSync(new URL(`../../../../test-vectors/${file}`, import.meta.url), 'utf8')).groups
}
