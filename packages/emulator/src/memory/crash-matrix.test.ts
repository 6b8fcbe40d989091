import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type CrashOutcome, cutEverywhere } from '../testing/crash-matrix.ts'
import { crashPage, crashPicture } from '../testing/crash-page.ts'
import { crashRows } from '../testing/crash-rows.ts'

const docs = new URL('../../../../docs/', import.meta.url)
const source = new URL('../', import.meta.url)

describe('C01 C02 C15 C18 the crash matrix', () => {
  const outcomes = new Map<string, CrashOutcome>()

  it.each(crashRows)('$cases $name: cut at every call, the card is old or new, or a counter has fallen', (row) => {
    const outcome = cutEverywhere(row)
    outcomes.set(row.name, outcome)
    expect(outcome.commits).toBeGreaterThan(0)
    expect(outcome.cuts.length).toBeGreaterThan(10)
    // The first call changes nothing yet; at the last the command's last write is on the disk, or the one before it.
    expect(outcome.cuts[0]).toEqual(['old'])
    expect(outcome.cuts.flat()).toContain('new')
    if (outcome.commits === 1) expect(outcome.cuts.flat()).not.toContain('between')
  })

  it('C03 power that fails after each fall of the counter gives no more guesses than there were tries', () => {
    const row = crashRows.find(({ name }) => name === 'VERIFY, a wrong PIN')!
    const outcome = outcomes.get(row.name) ?? cutEverywhere(row)
    // From the first cut that finds the fallen counter on, none finds the old one for certain.
    const fallen = outcome.cuts.findIndex((found) => !found.includes('old'))
    expect(fallen).toBeGreaterThan(0)
    expect(outcome.cuts.slice(fallen).flat()).not.toContain('old')
  })

  it('has a row for every place in the card’s code that writes', () => {
    const writers = readdirSync(source, { recursive: true, encoding: 'utf8' })
      .map((name) => name.replaceAll('\\', '/'))
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !/^(testing|memory)\//.test(name))
      .filter((name) => /\bstore\.commit\(/.test(readFileSync(new URL(name, source), 'utf8')))
    const cut = new Set([...outcomes.values()].flatMap(({ sites }) => sites))
    expect(writers.length).toBeGreaterThan(10)
    expect([...cut].sort()).toEqual(expect.arrayContaining(writers.sort()))
  })

  // To write page and picture anew: KART_WRITE_TABLE=1.
  it('is the page and the picture of the docs', () => {
    const all = crashRows.map(({ name }) => outcomes.get(name)!)
    if (process.env.KART_WRITE_TABLE) {
      writeFileSync(new URL('crash-matrix.md', docs), crashPage(all))
      writeFileSync(new URL('crash-matrix.svg', docs), crashPicture(all))
    }
    expect(readFileSync(new URL('crash-matrix.md', docs), 'utf8')).toBe(crashPage(all))
    expect(readFileSync(new URL('crash-matrix.svg', docs), 'utf8')).toBe(crashPicture(all))
  })
})
