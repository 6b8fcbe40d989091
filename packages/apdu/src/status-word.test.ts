import { describe, expect, it } from 'vitest'
import { classifyStatusWord, describeStatusWord, retriesLeft } from './status-word.ts'
import { vectorGroup } from './testing/vectors.ts'

describe('status words', () => {
  it.each(vectorGroup<{ sw: string }, { class: string; retries?: number }>('apdu-tlv-atr/apdu.json', 'status-words'))(
    'row $id: $input.sw',
    ({ input, expected }) => {
      const sw = Number.parseInt(input.sw, 16)
      expect(classifyStatusWord(sw)).toBe(expected.class)
      expect(retriesLeft(sw)).toBe(expected.retries)
    },
  )

  it('says what the common ones mean', () => {
    expect(describeStatusWord(0x9000)).toBe('done')
    expect(describeStatusWord(0x6982)).toBe('security status not satisfied')
    expect(describeStatusWord(0x6a82)).toContain('not found')
    expect(describeStatusWord(0x61a0)).toContain('more response bytes')
    expect(describeStatusWord(0x63c3)).toContain('tries')
    expect(describeStatusWord(0x6299)).toBe('warning')
    expect(describeStatusWord(0x6a99)).toBe('error')
  })
})
