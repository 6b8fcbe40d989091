import { LimitError } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { openChannel } from '../channel.ts'
import { functionChannel, respond, scriptedCard } from '../testing/scripted-card.ts'
import { getResponse } from './get-response.ts'
import { wrongLength } from './wrong-length.ts'

const read = { cla: 0, ins: 0xb0, p1: 0, p2: 0, data: new Uint8Array(0), ne: 256 }

describe('wrongLength', () => {
  it('repeats the command once with the length that the card names', async () => {
    const card = scriptedCard(['00b0000000', '6c03'], ['00b0000003', '0102039000'])
    expect(await openChannel(card, wrongLength()).transmit(read)).toEqual(respond(0x9000, '010203'))
    expect(card.left()).toBe(0)
  })

  it('takes 6C00 for 256', async () => {
    const lower = functionChannel((_, i) => respond(i === 0 ? 0x6c00 : 0x9000))
    await wrongLength()(lower).transmit({ ...read, ne: 300 })
    expect(lower.commands.map(({ ne }) => ne)).toEqual([300, 256])
  })

  it('leaves alone other answers, and commands that asked for nothing', async () => {
    const other = functionChannel(() => respond(0x6700))
    expect((await wrongLength()(other).transmit(read)).sw).toBe(0x6700)
    expect(other.commands.length).toBe(1)
    const silent = functionChannel(() => respond(0x6c05))
    expect((await wrongLength()(silent).transmit({ ...read, ne: 0 })).sw).toBe(0x6c05)
    expect(silent.commands.length).toBe(1)
  })

  it('P14 a second 6Cxx is a LimitError', async () => {
    const lower = functionChannel(() => respond(0x6c05))
    await expect(wrongLength()(lower).transmit(read)).rejects.toThrow(LimitError)
    expect(lower.commands.length).toBe(2)
  })

  it('works above GET RESPONSE', async () => {
    const card = scriptedCard(['00b0000000', '6c03'], ['00b0000003', '6103'], ['00c0000003', '0102039000'])
    expect(await openChannel(card, getResponse(), wrongLength()).transmit(read)).toEqual(respond(0x9000, '010203'))
  })
})
