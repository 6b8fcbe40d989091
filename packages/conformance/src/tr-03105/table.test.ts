import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parts, passing, table } from './catalogue.ts'

const root = new URL('../../../../', import.meta.url)
const page = new URL('docs/tr-03105.md', root)
const units = parts.flatMap((part) => part.units)

describe('the table of TR-03105', () => {
  // To write the page anew: KART_WRITE_TABLE=1.
  it('is the page of the docs', async () => {
    if (process.env.KART_WRITE_TABLE) await import('node:fs').then(({ writeFileSync }) => writeFileSync(page, table()))
    expect(readFileSync(page, 'utf8')).toBe(table())
  })

  it('names each case once', () => {
    const ids = units.flatMap(({ cases }) => cases.map(({ id }) => id))
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('says why of whatever does not pass', () => {
    const silent = units.flatMap(({ cases }) =>
      cases.filter(({ outcome, why }) => !['pass', 'mapped', 'withdrawn'].includes(outcome) && why === ''),
    )
    expect(silent).toEqual([])
  })

  it('has a test file that answers for every unit with passes', () => {
    const here = new URL('./', import.meta.url)
    const files = readdirSync(here).filter((name) => name.endsWith('.test.ts') && name !== 'table.test.ts')
    const claimed = files
      .map((name) => readFileSync(new URL(name, here), 'utf8'))
      .flatMap((text) => text.match(/agreesWithTable\(([^)]*)\)/)?.[1]?.match(/[A-Z][A-Z0-9_]+/g) ?? [])
    expect(
      units
        .map(({ name }) => name)
        .filter((name) => passing([name]).length > 0)
        .sort(),
    ).toEqual([...claimed].sort())
  })

  it('points at tests that are there', () => {
    for (const { cases } of units)
      for (const { id, test } of cases) if (test) expect(readFileSync(new URL(test.file, root), 'utf8'), id).toContain(test.name)
  })

  it('counts more than two hundred passes', () => {
    expect(units.flatMap(({ cases }) => cases.filter(({ outcome }) => outcome === 'pass')).length).toBeGreaterThan(200)
  })
})
