import { readdirSync, readFileSync } from 'node:fs'

const folder = new URL('../../../../test-vectors/', import.meta.url)

/** One row of a vector file. */
export interface VectorTest<I, E> {
  readonly id: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly input: I
  readonly expected: E
  readonly result: 'valid' | 'invalid'
}

/** The rows of one group of a vector file; a group that is missing or empty throws, so that no test passes for want of rows. */
export function vectorGroup<I, E>(path: string, index: number, name?: string): readonly VectorTest<I, E>[] {
  const file = JSON.parse(readFileSync(new URL(path, folder), 'utf8')) as { groups: { name?: string; tests: VectorTest<I, E>[] }[] }
  const group = file.groups[index]
  if (group === undefined || group.tests.length === 0 || (name !== undefined && group.name !== name))
    throw new Error(`${path} has no group ${index}`)
  return group.tests
}

/** The binary files of a vector folder whose names match. */
export function vectorFiles(path: string, pattern: RegExp): readonly { readonly name: string; readonly bytes: Uint8Array }[] {
  const names = readdirSync(new URL(path, folder)).filter((name) => pattern.test(name))
  if (names.length === 0) throw new Error(`${path} has no such files`)
  return names.sort().map((name) => ({ name, bytes: new Uint8Array(readFileSync(new URL(`${path}/${name}`, folder))) }))
}
