import { stripVTControlCharacters } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { followStages, type Stage } from './progress.ts'

const stages = [
  { id: 'one', title: 'first' },
  { id: 'two', title: 'second' },
  { id: 'three', title: 'third' },
] as const satisfies readonly Stage<string>[]

function captured(): { text: string } {
  const out = { text: '' }
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out.text += String(chunk)
    return true
  })
  return out
}

afterEach(() => vi.restoreAllMocks())

describe('followStages, not on a terminal', () => {
  it('gives what the work gives, a line a stage, also for stages that the work passed over', async () => {
    const out = captured()
    const value = await followStages(stages, false, async (tell) => {
      tell('one')
      tell('three', 'with a text')
      tell('two')
      return 42
    })
    expect(value).toBe(42)
    expect(stripVTControlCharacters(out.text).replaceAll(/\d+ ms/g, 'N ms')).toBe('✔ first (N ms)\n✔ second (N ms)\n✔ third (N ms)\n')
  })

  it('throws what the work throws, and marks the stage in which it did', async () => {
    const out = captured()
    const failure = new Error('x')
    await expect(
      followStages(stages, false, async (tell) => {
        tell('two')
        throw failure
      }),
    ).rejects.toBe(failure)
    expect(stripVTControlCharacters(out.text).replaceAll(/\d+ ms/g, 'N ms')).toBe('✔ first (N ms)\n✖ second\n')
  })

  it('prints nothing when silent', async () => {
    const out = captured()
    expect(await followStages(stages, true, async (tell) => tell('two'))).toBeUndefined()
    expect(out.text).toBe('')
  })
})
