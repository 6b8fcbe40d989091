import { readFileSync } from 'node:fs'
import { fromHex } from '@kart/codec'

// For the tests of this package only; the entry point does not reach it.

/** One test of a vector file, as the tests here read it. */
export interface VectorTest {
  readonly id: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly input: Readonly<Record<string, unknown>>
  readonly expected: Readonly<Record<string, unknown>>
  readonly result: 'valid' | 'invalid' | 'acceptable'
}

/** One group of a vector file. */
export interface VectorGroup {
  readonly tests: readonly VectorTest[]
  readonly [field: string]: unknown
}

/** Reads a file under test-vectors. */
export function vectorGroups(file: string): readonly VectorGroup[] {
  return JSON.parse(readFileSync(new URL(`../../../../test-vectors/${file}`, import.meta.url), 'utf8')).groups
}

/** The tests of the group of this name. */
export function vectorTests(file: string, name: string): readonly VectorTest[] {
  const group = vectorGroups(file).find((candidate) => candidate.name === name)
  if (group === undefined) throw new Error(`${file} has no group ${name}`)
  return group.tests
}

/** A hex field of a vector that must be there. */
export function hexField(value: unknown): Uint8Array {
  if (typeof value !== 'string') throw new Error('the vector lacks a field')
  return fromHex(value)
}
