import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../../../../scripts/workspace.mjs'
import { applyEdits, type Edit, loadWithEdits } from './bundle.ts'
import { mutations } from './mutations.ts'
import type { Group, OutsideVectors } from './vector-rows.ts'

const here = 'packages/conformance/src/sabotage'
const load = (file: string): Group[] => (JSON.parse(readFileSync(join(root, 'test-vectors', file), 'utf8')) as { groups: Group[] }).groups
const vectors: OutsideVectors = {
  bac: load('bac-sm/bac-sm.json'),
  scp03: load('scp03/scp03.json'),
  scp03Self: load('scp03/scp03-self.json'),
}

const agreement = async (edits: readonly Edit[]): Promise<void> =>
  (await loadWithEdits<{ agree(): Promise<void> }>(`${here}/agreement.ts`, edits)).agree()
const failing = async (role: 'terminal' | 'card', edits: readonly Edit[]): Promise<string[]> =>
  (await loadWithEdits<{ failingVectors(outside: OutsideVectors): Promise<string[]> }>(`${here}/${role}-vectors.ts`, edits)).failingVectors(
    vectors,
  )

describe('sabotage drill', () => {
  it('without sabotage both sides agree and every outside vector holds', async () => {
    await agreement([])
    expect(await failing('terminal', [])).toEqual([])
    expect(await failing('card', [])).toEqual([])
  })

  it('an edit that changes nothing is refused', () => {
    expect(() => applyEdits('x.ts', 'a b a', [{ file: 'x.ts', find: 'a', replace: 'c' }])).toThrow('2 times')
    expect(() => applyEdits('x.ts', 'a b', [{ file: 'x.ts', find: 'z', replace: 'c' }])).toThrow('0 times')
  })

  it('every mutation has a name of its own', () => {
    expect(new Set(mutations.map(({ name }) => name)).size).toBe(mutations.length)
  })

  // Made on both sides, the two still agree; the outside vectors must catch it on each side alone. A survivor is a missing vector.
  it.each(mutations)('$name', async ({ terminal, card }) => {
    await agreement([...terminal, ...card])
    expect(await failing('terminal', terminal)).not.toEqual([])
    expect(await failing('card', card)).not.toEqual([])
  })
})
