import { part32 } from './catalogue-3-2.ts'
import { part33 } from './catalogue-3-3.ts'
import { part51 } from './catalogue-5-1.ts'

/** How a case of the plan stands: passed by a test; its subject is tested, but its text was not at hand; asks for what the card has not; another outcome, on purpose; withdrawn from the plan. */
export type Outcome = 'pass' | 'mapped' | 'not applicable' | 'deviation' | 'withdrawn'

/** One case: its id, what it is about in our words, how it stands, and why where it does not pass. `test` is file and name of a test elsewhere than in this folder. */
export interface Case {
  readonly id: string
  readonly title: string
  readonly outcome: Outcome
  readonly why: string
  readonly test?: { readonly file: string; readonly name: string }
}

export interface Unit {
  /** Prefix of its ids. */
  readonly name: string
  readonly title: string
  readonly cases: readonly Case[]
}

export interface Part {
  readonly name: string
  readonly title: string
  readonly units: readonly Unit[]
}

export const parts: readonly Part[] = [part32, part33, part51]

const all = (): readonly Case[] => parts.flatMap(({ units }) => units.flatMap(({ cases }) => cases))

export const caseOf = (id: string): Case | undefined => all().find((each) => each.id === id)

/** Ids of a unit that pass by a test in this folder. */
export function passing(units: readonly string[]): string[] {
  const rows = parts.flatMap((part) => part.units).filter(({ name }) => units.includes(name))
  return rows.flatMap(({ cases }) => cases.filter(({ outcome, test }) => outcome === 'pass' && test === undefined).map(({ id }) => id))
}

const outcomes: readonly Outcome[] = ['pass', 'mapped', 'not applicable', 'deviation', 'withdrawn']

const count = (cases: readonly Case[], outcome: Outcome): number => cases.filter((each) => each.outcome === outcome).length

/** The table of the docs, from the rows. */
export function table(): string {
  const lines = [
    '# BSI TR-03105: which cases the card and the terminal pass',
    '',
    'Generated from the rows in `packages/conformance/src/tr-03105/`; a test fails when this page and the rows differ, or the rows and the tests.',
    'A case passes only where a test takes its preconditions and steps and accepts the outcomes that the plan allows, no others. Titles are ours.',
    '',
    '- Part 3.2, version 1.5.1: the card with extended access control version 1. Part 3.3, version 1.1: the card with version 2.',
    '  The card under test is the emulated one with the profile `national-id`; cases about the right to EF.DG4 run with EF.DG4 added to that profile,',
    '  those about chip authentication version 2 being shut with a chip key for version 2 alone, those about DH with a DH key.',
    '- Part 5.1: the terminal. Its text was not at hand: ids and subjects come from secondary sources, so none counts as passed.',
    '  Mapped means that the test named does what the case is said to be about; some rows stand for several ids.',
    '- Part 3.1 has no cases of its own: it names those of ICAO’s test report, part 3, whose text was not at hand either.',
    '',
    `| part | ${outcomes.join(' | ')} | all |`,
    `| --- |${' ---: |'.repeat(outcomes.length + 1)}`,
  ]
  const sum = (cases: readonly Case[]): string => `${outcomes.map((outcome) => count(cases, outcome)).join(' | ')} | ${cases.length}`
  for (const { name, units } of parts) lines.push(`| ${name} | ${sum(units.flatMap(({ cases }) => cases))} |`)
  lines.push(`| sum | ${sum(all())} |`, '')
  for (const { name, title, units } of parts) {
    lines.push(`## Part ${name}: ${title}`, '')
    for (const unit of units) {
      lines.push(`### ${unit.name}: ${unit.title}`, '', '| case | about | outcome |', '| --- | --- | --- |')
      for (const { id, title: about, outcome, why, test } of unit.cases) {
        const where = test ? `: \`${test.file}\`` : ''
        lines.push(`| ${id} | ${about} | ${outcome}${why ? `: ${why}` : where} |`)
      }
      lines.push('')
    }
  }
  return lines.join('\n')
}
