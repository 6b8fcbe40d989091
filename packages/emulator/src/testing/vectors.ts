import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** One row of a vector file; hex strings as they stand. */
export interface Vector {
  readonly id: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly input: Readonly<Record<string, string>>
  readonly expected: Readonly<Record<string, string>>
  readonly result: string
}

export type VectorGroup = Readonly<Record<string, string>> & {
  readonly name: string
  readonly kvn: number
  readonly tests: readonly Vector[]
}

/** The groups of `test-vectors/<file>`. */
export function loadGroups(file: string): readonly VectorGroup[] {
  const path = fileURLToPath(new URL(`../../../../test-vectors/${file}`, import.meta.url))
  return (JSON.parse(readFileSync(path, 'utf8')) as { groups: VectorGroup[] }).groups
}
