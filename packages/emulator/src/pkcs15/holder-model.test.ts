import fc from 'fast-check'
import { describe, it, vi } from 'vitest'
import * as raw from '../card-crypto/raw-private-key.ts'
import { playTurn, requireMemory, type Turn } from '../testing/holder-model/compare.ts'
import { type HolderModel, modelOf } from '../testing/holder-model/model-state.ts'
import { anyPhrase } from '../testing/holder-model/phrases.ts'
import type { ArmFault } from '../testing/holder-model/play-step.ts'
import { RealCard } from '../testing/holder-model/real-card.ts'
import { makeStarts, type StartName } from '../testing/holder-model/starts.ts'
import { survey } from '../testing/holder-model/survey.ts'

vi.mock('../card-crypto/raw-private-key.ts', { spy: true })

/** A flipped bit in the result of the next private-key operation. */
const arm: ArmFault = (kind, operation) => {
  if (kind === 'rsa') vi.mocked(raw.rsaPower).mockImplementationOnce((_key, block) => block.map((byte) => byte ^ 1))
  else if (operation === 'agree') vi.mocked(raw.agreeSecret).mockImplementationOnce((_group, value) => value.slice())
  else vi.mocked(raw.ecdsaSign).mockImplementationOnce(() => ({ r: 5n, s: 7n }))
}

/** What a terminal does in one go. */
class Phrase implements fc.Command<HolderModel, RealCard> {
  readonly turns: readonly Turn[]
  constructor(turns: readonly Turn[]) {
    this.turns = turns
  }
  check = () => true
  run(model: HolderModel, real: RealCard): void {
    for (const turn of this.turns) {
      try {
        playTurn(model, real, turn, arm)
      } catch (error) {
        throw new Error(`${JSON.stringify(turn)}: ${(error as Error).message}`, { cause: error })
      }
    }
  }
  toString = () => JSON.stringify(this.turns)
}

const starts = makeStarts()
const seed = Number(process.env.MODEL_SEED ?? 20261128)
const factor = Number(process.env.MODEL_RUNS ?? 1)

describe('the signature card against a small model of it', () => {
  it.each<[StartName, number]>([
    ['factory', 20],
    ['creation', 30],
    ['activated', 15],
    ['bureau', 20],
    ['issued', 30],
  ])(
    'agrees with it in every dialogue: %s',
    (name, numRuns) => {
      const { card, image } = starts[name]
      const phrases = fc.commands([anyPhrase.map((turns) => new Phrase(turns))], { maxCommands: 30, size: 'max' })
      fc.assert(
        fc.property(phrases, (all) => {
          const model = modelOf(card)
          const real = new RealCard(image)
          fc.modelRun(() => ({ model, real }), all)
          requireMemory(model, real)
          survey(model, real.memory.image)
        }),
        { numRuns: numRuns * factor, seed },
      )
    },
    600_000,
  )
})
