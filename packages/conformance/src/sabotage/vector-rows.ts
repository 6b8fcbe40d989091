import { fromHex } from '@kart/codec'

/** One row of a vector file; hex strings as they stand. */
export interface Row {
  readonly comment: string
  readonly flags: readonly string[]
  readonly input: Readonly<Record<string, string | undefined>>
  readonly expected: Readonly<Record<string, string | undefined>>
  readonly result: string
}

export interface Group {
  readonly name: string
  readonly kvn: number
  readonly tests: readonly Row[]
  readonly [field: string]: unknown
}

/** The outside vectors that the drill holds against: bac-sm/bac-sm.json and scp03/scp03.json. */
export interface OutsideVectors {
  readonly bac: readonly Group[]
  readonly scp03: readonly Group[]
}

/** A hex field that must be there. */
export function hexOf(value: unknown): Uint8Array {
  if (typeof value !== 'string') throw new Error('the vector lacks a field')
  return fromHex(value)
}

/** The group of this name. */
export function groupNamed(groups: readonly Group[], name: string): Group {
  const group = groups.find((candidate) => candidate.name === name)
  if (group === undefined) throw new Error(`no group ${name}`)
  return group
}

/** Fails with the name of the vector when two values differ. */
export function same(vector: string, found: string, expected: string | undefined): void {
  if (found !== expected) throw new Error(vector)
}
