// For tests: the worked examples of PACE, and the card alone in the state of one.
import { fromHex, toHex } from '@kart/codec'
import { type CardProfile, nationalId, type PaceOfferSpec } from '@kart/layout/profile'
import { loadGroups } from './vectors.ts'

export interface PaceApdu {
  readonly step: string
  readonly command: string
  readonly response: string
}

export interface PaceExample {
  readonly parameterId: number
  readonly input: Readonly<Record<string, string>>
  readonly expected: Readonly<Record<string, string>> & {
    readonly apdus: readonly PaceApdu[]
    readonly mapping?: Readonly<Record<string, string>>
    readonly agreement: Readonly<Record<string, string>>
    readonly chipAuthentication?: Readonly<Record<string, string>>
    readonly lastResponseWithCar?: string
  }
}

/** The example of `test-vectors/pace/<name>.json`. */
export function paceExample(name: string): PaceExample {
  const group = loadGroups(`pace/${name}.json`)[0]!
  const { input, expected } = group.tests[0]!
  return { parameterId: group.parameterId as unknown as number, input, expected: expected as unknown as PaceExample['expected'] }
}

/** The national card with this one offer of PACE. */
export function profileOffering(...offers: readonly PaceOfferSpec[]): CardProfile {
  return { ...nationalId, pace: { offers, passwords: ['mrz', 'can', 'pin', 'puk'] } }
}

/** Random bytes that are these, in order; each must be of the length asked for. */
export function givenRandom(...values: readonly string[]): (length: number) => Uint8Array {
  const left = values.map((hex) => fromHex(hex))
  return (length) => {
    const next = left.shift()
    if (next === undefined || next.length !== length) throw new Error(`${length} random bytes asked for, ${next?.length ?? 0} given`)
    return next
  }
}

export const hex = toHex
