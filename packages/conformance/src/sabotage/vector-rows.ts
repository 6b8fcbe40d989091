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

/**
 * The vectors that the drill holds against: bac-sm/bac-sm.json and scp03/scp03.json; and scp03/scp03-self.json for what nobody has published, S16 and PUT KEY,
 * made by another program of ours, which reproduces the published sessions.
 */
export interface OutsideVectors {
  readonly bac: readonly Group[]
  readonly scp03: readonly Group[]
  readonly scp03Self: readonly Group[]
}

/** The one key data field of the self-made PUT KEY: key 000102.. under the Key-DEK of its group. */
export function putKeyField(groups: readonly Group[]): { readonly dek: Uint8Array; readonly field: Uint8Array; readonly key: Uint8Array } {
  const group = groupNamed(groups, 'S8 level 33')
  const plain = group.tests.find(({ comment }) => comment.startsWith('PUT KEY'))?.input.plain
  if (plain === undefined) throw new Error('no PUT KEY')
  // Behind the header of five bytes and the key version, before Le.
  return { dek: hexOf(group.keyDek), field: fromHex(plain.slice(12, -2)), key: fromHex('000102030405060708090a0b0c0d0e0f') }
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
