import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

// Colours are settled when the modules that make them are loaded.
vi.hoisted(() => {
  process.env.FORCE_COLOR = '1'
  delete process.env.NO_COLOR
})

const { followStages } = await import('./progress.ts')

const stages = ['one', 'two', 'three', 'four'].map((id) => ({ id, title: `stage ${id}` }))
const was = process.stdout.isTTY
beforeEach(() => {
  process.stdout.isTTY = true
})
afterEach(() => {
  process.stdout.isTTY = was
  vi.restoreAllMocks()
})

describe('followStages, on a terminal', () => {
  it('marks the failed stage red, and none of those that were never begun', async () => {
    let text = ''
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      text += String(chunk)
      return true
    })
    const failure = new Error('x')
    await expect(
      followStages(stages, false, async (tell) => {
        tell('two')
        await new Promise((resolve) => setTimeout(resolve, 20))
        throw failure
      }),
    ).rejects.toBe(failure)
    /** The last line drawn for a stage. */
    const last = (id: string): string =>
      text
        .split('\n')
        .filter((line) => line.includes(`stage ${id}`))
        .at(-1) ?? ''
    const red = '\u001b[31m'
    expect(stripVTControlCharacters(last('one'))).toMatch(/^✔ stage one \(\d+ ms\)/)
    expect(last('two')).toContain(`${red}✖`)
    for (const id of ['three', 'four']) {
      expect(last(id)).not.toBe('')
      expect(last(id), id).not.toContain(red)
    }
  })
  it('shows what must be seen between the list before it and the one behind, and never inside one', async () => {
    let text = ''
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      text += String(chunk)
      return true
    })
    const apart = stages.map((stage) => (stage.id === 'three' ? { ...stage, apart: true } : stage))
    let seen = ''
    const value = await followStages(apart, false, async (tell, show) => {
      tell('two')
      await show(() => process.stdout.write('a secret\n'))
      seen = stripVTControlCharacters(text)
      tell('three')
      tell('four')
      return 7
    })
    expect(value).toBe(7)
    expect(seen).toMatch(/✔ stage two \(\d+ ms\)\n[^✔]*a secret\n/)
    expect(seen).not.toContain('stage three')
    const behind = stripVTControlCharacters(text).slice(seen.length)
    expect(behind).toMatch(/✔ stage four \(\d+ ms\)/)
    expect(behind).not.toContain('stage two')
  })
})
