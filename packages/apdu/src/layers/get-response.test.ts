import { concatBytes, fromHex, LimitError, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { openChannel } from '../channel.ts'
import { functionChannel, respond, scriptedCard } from '../testing/scripted-card.ts'
import { getResponse } from './get-response.ts'

const select = { cla: 0x00, ins: 0xa4, p1: 0x04, p2: 0x00, data: fromHex('a0000002471001'), ne: 256 }

describe('getResponse', () => {
  it('leaves alone what is not 61xx', async () => {
    const lower = functionChannel(() => respond(0x6a82))
    expect(await getResponse()(lower).transmit(select)).toEqual(respond(0x6a82))
    expect(lower.commands).toEqual([select])
  })

  it('fetches in rounds and hands on one response, on the wire byte for byte', async () => {
    const card = scriptedCard(
      ['00a4040007a000000247100100', 'aabb6102'],
      ['00c0000002', 'ccdd6100'],
      ['00c0000000', `${'ee'.repeat(256)}6103`],
      ['00c0000003', '0102039000'],
    )
    const response = await openChannel(card, getResponse()).transmit(select)
    expect(response.sw).toBe(0x9000)
    expect(toHex(response.data)).toBe(`aabbccdd${'ee'.repeat(256)}010203`)
    expect(card.left()).toBe(0)
  })

  it.each([
    [0x0c, 0x00],
    [0x10, 0x00],
    [0x1e, 0x02],
    [0x70, 0x40],
    [0x84, 0x80],
    [0x80, 0x80],
  ])('asks under class %d with class %d', async (cla, expected) => {
    const lower = functionChannel((_, i) => (i === 0 ? respond(0x6105) : respond(0x9000, '0102030405')))
    await getResponse()(lower).transmit({ ...select, cla })
    expect(lower.commands[1]).toEqual({ cla: expected, ins: 0xc0, p1: 0, p2: 0, data: new Uint8Array(0), ne: 5 })
  })

  it('obeys 6Cxx to GET RESPONSE', async () => {
    const lower = functionChannel((_, i) => [respond(0x6100), respond(0x6c03), respond(0x9000, '010203')][i]!)
    expect(await getResponse()(lower).transmit(select)).toEqual(respond(0x9000, '010203'))
    expect(lower.commands.map(({ ne }) => ne)).toEqual([256, 256, 3])
  })

  it('hands 6Cxx to the command itself on to the layer above', async () => {
    const lower = functionChannel(() => respond(0x6c10))
    expect((await getResponse()(lower).transmit(select)).sw).toBe(0x6c10)
    expect(lower.commands.length).toBe(1)
  })

  it('ends with the status word that the card ends with, keeping the data', async () => {
    const lower = functionChannel((_, i) => [respond(0x6104, 'aa'), respond(0x6282, 'bb')][i]!)
    expect(await getResponse()(lower).transmit(select)).toEqual(respond(0x6282, 'aabb'))
  })

  it('P14 a card that says 61xx for ever is stopped by the rounds', async () => {
    const empty = functionChannel(() => respond(0x6101))
    await expect(getResponse()(empty).transmit(select)).rejects.toThrow(new LimitError('GET RESPONSE rounds', 8))
    expect(empty.commands.length).toBe(1 + 8)
    const few = functionChannel(() => respond(0x6101, 'aa'))
    await expect(getResponse({ rounds: 3 })(few).transmit(select)).rejects.toThrow(LimitError)
    expect(few.commands.length).toBe(4)
  })

  it('P14 a card that says 6Cxx to GET RESPONSE for ever is stopped by the rounds', async () => {
    const lower = functionChannel((_, i) => (i === 0 ? respond(0x6110) : respond(0x6c10)))
    await expect(getResponse()(lower).transmit(select)).rejects.toThrow(LimitError)
    expect(lower.commands.length).toBe(1 + 8)
  })

  it('P14 a card that gives a byte a round is stopped as soon, one that gives 16 comes to its end', async () => {
    const slow = functionChannel(() => respond(0x6101, 'aa'))
    await expect(getResponse()(slow).transmit(select)).rejects.toThrow(LimitError)
    expect(slow.commands.length).toBe(1 + 8)
    const fair = functionChannel((_, i) => respond(i < 300 ? 0x6110 : 0x9000, new Uint8Array(16)))
    expect((await getResponse()(fair).transmit(select)).data.length).toBe(301 * 16)
    const long = functionChannel(() => respond(0x6110, new Uint8Array(16)))
    await expect(getResponse()(long).transmit(select)).rejects.toThrow(new LimitError('GET RESPONSE rounds', 512))
  })

  it('P14 a card that gives data for ever is stopped by the bytes', async () => {
    const lower = functionChannel(() => respond(0x6100, new Uint8Array(256)))
    await expect(getResponse()(lower).transmit(select)).rejects.toThrow(new LimitError('response bytes behind 61xx', 65536))
    expect(lower.commands.length).toBe(257)
  })

  it('takes 65536 bytes, the most that one response can have', async () => {
    const block = Uint8Array.from({ length: 256 }, (_, i) => i)
    const lower = functionChannel((_, i) => respond(i < 255 ? 0x6100 : 0x9000, block))
    const response = await getResponse()(lower).transmit(select)
    expect(response.data).toEqual(concatBytes(...Array.from({ length: 256 }, () => block)))
  })
})
