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

/** Gives the groups of a file under test-vectors. */
export type Load = (file: string) => readonly Group[]

/** What a mutation is in, and a vector is of. `shared` is what several protocols stand on: derivation of keys, padding, block ciphers. */
export const protocols = ['shared', 'bac', 'messaging', 'scp03', 'pace', 'chip', 'terminal', 'certificates', 'active'] as const
export type Protocol = (typeof protocols)[number]

/** One vector, ready to be held against one side alone. */
export interface Vector {
  readonly protocol: Protocol
  readonly name: string
  /** `outside`: a standard's worked example, or published by another project. `self`: made by another program of ours, so that it is no evidence. */
  readonly by: 'outside' | 'self'
  /** Throws when the side does otherwise. */
  run(): void | Promise<void>
}

/** Runs the vectors of this origin, those of the protocol first; the name of the first that fails, undefined = all hold. */
export async function firstFailing(vectors: readonly Vector[], by: Vector['by'], protocol?: Protocol): Promise<string | undefined> {
  const due = vectors.filter((vector) => vector.by === by)
  const first = due.filter((vector) => vector.protocol === protocol)
  for (const vector of [...first, ...due.filter((other) => !first.includes(other))])
    try {
      await vector.run()
    } catch {
      return vector.name
    }
  return undefined
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
export function same(vector: string, found: string | undefined, expected: string | undefined): void {
  if (found !== expected) throw new Error(vector)
}
