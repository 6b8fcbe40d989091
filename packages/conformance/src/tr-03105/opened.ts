import { terminalTypes } from './certificates.ts'
import { type Answer, TestChip, testPasswords, type Way, ways } from './chip.ts'

/** Gives a card after a reset in the state that a case begins with: a new one, or the one handed in. */
export type Fresh = (chip?: TestChip) => TestChip

/** How a part of the plan begins its cases. */
export interface Preconditions {
  /** Runs a case as often as the plan says. */
  readonly each: (run: (fresh: Fresh, way: Way) => void, make?: () => TestChip) => () => void
  /** The trust point's name as the chip tells it. */
  readonly authority: (chip: TestChip) => string
  /** Some command that is answered 9000 while secure messaging lasts. */
  readonly probe: (chip: TestChip) => Answer
}

/** Part 3.2: twice, once opened by BAC and once by PACE, the eMRTD application selected and the chip authenticated. */
export const each: Preconditions['each'] =
  (run, make = () => new TestChip()) =>
  () => {
    for (const way of ways) {
      run((chip = make()) => {
        chip.reset()
        return chip.open(way).proveChip()
      }, way)
    }
  }

export const eacOne: Preconditions = {
  each,
  authority: (chip) => chip.trustPoints()[0]!,
  probe: (chip) => chip.readByte(1),
}

/** Part 3.3: PACE with the CAN by an inspection system that says so. */
export const eacTwo: Preconditions = {
  each:
    (run, make = () => new TestChip()) =>
    () =>
      run((chip = make()) => {
        chip.reset()
        return openForTerminal(chip)
      }, 'pace'),
  authority: (chip) => chip.authorities[0]!,
  probe: (chip) => chip.readByte(0x1c),
}

/** PACE with the terminal type and the most rights of an inspection system, or others of its rights. */
export function openForTerminal(chip: TestChip, rights = '03', password: 'can' | 'mrz' = 'can'): TestChip {
  const { sw } = chip.pace({ ...testPasswords[password], more: `7f4c0e0609${terminalTypes.is}5301${rights}` })
  if (sw !== '9000') throw new Error(`PACE answered ${sw}`)
  return chip
}
