import { fromHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { drawTlvTree, explainExchange } from './explain-exchange.ts'

describe('an exchange in words', () => {
  it('names command and status word, and draws the data as a tree', () => {
    expect(explainExchange(fromHex('00a4040007a0000002471001'), fromHex('6f0d8407a00000024710018502abcd9000'))).toEqual({
      command: '00A40400 07A0000002471001',
      name: expect.stringContaining('SELECT'),
      clause: expect.stringContaining('7816-4'),
      sw: '9000',
      meaning: 'done',
      data: ['└ 6F FCI template, 13', '  ├ 84 DF name, 7: A0000002471001', '  └ 85 cryptogram, 2: ABCD'],
    })
  })

  it('shows no PIN', () => {
    const { command, meaning } = explainExchange(fromHex('002000810431323334'), fromHex('63c2'))
    expect(command).toBe('00200081 0400000000')
    expect(meaning).toContain('tries')
  })

  it('gives what is no TLV in hexadecimal, long data cut, and a response without a status word as what it is', () => {
    expect(explainExchange(fromHex('0084000008'), fromHex('01020304050607089000')).data).toEqual(['0102030405060708'])
    expect(explainExchange(fromHex('00b0000000'), new Uint8Array(102).fill(0xff)).data[0]).toMatch(/^(FF){48} … \(100 bytes\)$/)
    expect(explainExchange(fromHex('00b0000000'), fromHex('90'))).toMatchObject({ sw: undefined, meaning: 'shorter than a status word' })
    expect(drawTlvTree(fromHex('8402'))).toBeUndefined()
  })
})
