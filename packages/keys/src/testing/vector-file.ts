import { readFileSync } from 'node:fs'

// For the tests of this package only; the entry point does not reach it.

/** Fields of the groups that are read here. */
export interface VectorInput {
  readonly master?: string
  readonly kdd?: string
  readonly block?: string
  readonly key?: string
  readonly type?: string
  readonly ki?: string
  readonly dataBefore?: string
  readonly dataAfter?: string
  readonly keyType?: number
  readonly bits?: number
}

/** One test of a vector file, as the tests here read it. */
export interface VectorTest {
  readonly id: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly input: VectorInput
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
