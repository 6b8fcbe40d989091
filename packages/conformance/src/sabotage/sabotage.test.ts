import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../../../../scripts/workspace.mjs'
import { applyEdits, type Edit, ModuleGraph } from './module-graph.ts'
import { type Drilled, mutations, unjudged, withoutOutsideVectors } from './mutations.ts'
import type { Group, Load, Protocol, Vector } from './vector-rows.ts'

const here = 'packages/conformance/src/sabotage'
const files = new Map<string, readonly Group[]>()
const load: Load = (file) => {
  const held = files.get(file) ?? (JSON.parse(readFileSync(join(root, 'test-vectors', file), 'utf8')) as { groups: Group[] }).groups
  files.set(file, held)
  return held
}

const graph = new ModuleGraph()
const agreement = (edits: readonly Edit[], protocol: Protocol): Promise<void> =>
  graph.load<{ agree(protocol: Protocol): Promise<void> }>(`${here}/agreement.ts`, edits).agree(protocol)

interface Side {
  vectorsOf(load: Load): readonly Vector[]
  firstFailing(vectors: readonly Vector[], by: Vector['by'], protocol?: Protocol): Promise<string | undefined>
}
/** The name of the first vector of this origin that the side alone, so sabotaged, does not meet. */
async function failing(
  side: 'terminal' | 'card',
  edits: readonly Edit[],
  by: Vector['by'],
  protocol?: Protocol,
): Promise<string | undefined> {
  const { vectorsOf } = graph.load<Side>(`${here}/${side}-vectors.ts`, edits)
  const { firstFailing } = graph.load<Side>(`${here}/vector-rows.ts`)
  return firstFailing(vectorsOf(load), by, protocol)
}

describe('sabotage drill', () => {
  it('without sabotage both sides agree and every vector holds', async () => {
    await agreement([], 'shared')
    for (const side of ['terminal', 'card'] as const)
      for (const by of ['outside', 'self'] as const) expect([side, by, await failing(side, [], by)]).toEqual([side, by, undefined])
  })

  it('an edit that changes nothing is refused', () => {
    expect(() => applyEdits('x.ts', 'a b a', [{ file: 'x.ts', find: 'a', replace: 'c' }])).toThrow('2 times')
    expect(() => applyEdits('x.ts', 'a b', [{ file: 'x.ts', find: 'z', replace: 'c' }])).toThrow('0 times')
  })

  it('every mutation has a name of its own', () => {
    const all = [...mutations, ...withoutOutsideVectors, ...unjudged]
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  })

  async function drill({ protocol, terminal, card }: Drilled, by: Vector['by']): Promise<void> {
    await agreement([...terminal, ...card], protocol)
    expect(await failing('terminal', terminal, by, protocol)).toBeDefined()
    expect(await failing('card', card, by, protocol)).toBeDefined()
  }

  // Made on both sides, the two still agree; the outside vectors must catch it on each side alone. A survivor is a missing vector.
  it.each(mutations)('$name', (mutation) => drill(mutation, 'outside'))

  it.each(withoutOutsideVectors)('not provable by outside vectors, found by our own: $name', async (mutation) => {
    await drill(mutation, 'self')
    const found = [await failing('terminal', mutation.terminal, 'outside'), await failing('card', mutation.card, 'outside')]
    expect(found, 'outside vectors do judge it: count it').toContain(undefined)
  })
})
