import { fromHex } from '@kart/codec'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { EmulatedCard } from '../emulated-card.ts'
import { inMemory } from '../memory/card-memory.ts'
import { enrolled, fingerCard, fingerprintAid, live, probe, triesOf, verify } from '../testing/finger-bench.ts'
import { selectAid, sendHex } from '../testing/terminal.ts'

type Reference = 0x96 | 0x97
const kinds = ['right', 'wrong', 'copy', 'malformed', 'query', 'forget', 'select', 'reset', 'restart'] as const
type Step = readonly [kind: (typeof kinds)[number], reference: Reference]

const own = { 150: live.first, 151: live.second } as const
const most = 5

it('answers as a model of two counters and a set of verified fingers does, whatever comes', () => {
  const steps: fc.Arbitrary<Step> = fc.tuple(fc.constantFrom(...kinds), fc.constantFrom<Reference>(0x96, 0x97))
  fc.assert(
    fc.property(fc.array(steps, { minLength: 1, maxLength: 24 }), (all) => {
      const memory = inMemory()
      let card = fingerCard({ memory })
      const tries = new Map<Reference, number>([
        [0x96, most],
        [0x97, most],
      ])
      const verified = new Set<Reference>()
      const expectedOf = ([kind, reference]: Step): string => {
        const left = tries.get(reference)!
        if (kind === 'query') return verified.has(reference) ? '9000' : left === 0 ? '6983' : `63c${left}`
        verified.delete(reference)
        if (kind === 'forget') return '9000'
        if (left === 0) return '6983'
        if (kind === 'malformed') return '6a80'
        if (kind !== 'right') {
          tries.set(reference, left - 1)
          return `63c${left - 1}`
        }
        tries.set(reference, most)
        verified.add(reference)
        return '9000'
      }
      for (const step of all) {
        const [kind, reference] = step
        const number = reference.toString(16)
        if (kind === 'select' || kind === 'reset' || kind === 'restart') {
          if (kind === 'reset') card.reset()
          if (kind === 'restart') card = new EmulatedCard({ memory })
          sendHex(card, selectAid(fingerprintAid))
          verified.clear()
          continue
        }
        const command = {
          right: verify(reference, probe(own[reference])),
          wrong: verify(reference, probe(live.stranger)),
          copy: verify(reference, probe(enrolled[reference])),
          malformed: verify(reference, fromHex('7f2e028100')),
          query: `002000${number}`,
          forget: `0020ff${number}`,
        }[kind]
        expect([step, sendHex(card, command)]).toEqual([step, expectedOf(step)])
      }
      expect([triesOf(memory, 0x96), triesOf(memory, 0x97)]).toEqual([tries.get(0x96), tries.get(0x97)])
    }),
    { numRuns: 60 },
  )
})
