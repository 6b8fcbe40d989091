import { fromHex, InputError, toHex } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openChannel } from '../channel.ts'
import { functionCard, functionChannel, respond, scriptedCard } from '../testing/scripted-card.ts'
import { vectorGroup } from '../testing/vectors.ts'
import { commandChaining } from './command-chaining.ts'

interface ChainInput {
  cla: string
  ins: string
  p1: string
  p2: string
  data: string
  block: number
  ne: number
}

const put = { cla: 0x00, ins: 0xdb, p1: 0x3f, p2: 0xff, data: new Uint8Array(600), ne: 256 }

describe('commandChaining', () => {
  it.each(vectorGroup<ChainInput, { apdus: string[] }>('apdu-tlv-atr/apdu.json', 'chaining'))(
    'P16 row $id $comment',
    async ({ input, expected }) => {
      const byte = (hex: string): number => Number.parseInt(hex, 16)
      const card = scriptedCard(
        ...expected.apdus.map((command, i) => [command, i === expected.apdus.length - 1 ? 'aa9000' : '9000'] as const),
      )
      const channel = openChannel(card, commandChaining({ blockSize: input.block }))
      const response = await channel.transmit({
        cla: byte(input.cla),
        ins: byte(input.ins),
        p1: byte(input.p1),
        p2: byte(input.p2),
        data: fromHex(input.data),
        ne: input.ne,
      })
      expect(toHex(response.data)).toBe('aa')
      expect(card.left()).toBe(0)
    },
  )

  it.each([
    [0, [0]],
    [1, [1]],
    [254, [254]],
    [255, [255]],
    [256, [255, 1]],
    [510, [255, 255]],
    [511, [255, 255, 1]],
  ])('P16 %d bytes go in links of %o', async (length, links) => {
    const lower = functionChannel(() => respond(0x9000))
    await commandChaining()(lower).transmit({ ...put, data: new Uint8Array(length) })
    expect(lower.commands.map(({ data }) => data.length)).toEqual(links)
    expect(lower.commands.map(({ cla }) => cla)).toEqual(links.map((_, i) => (i === links.length - 1 ? 0x00 : 0x10)))
    expect(lower.commands.map(({ ne }) => ne)).toEqual(links.map((_, i) => (i === links.length - 1 ? 256 : 0)))
  })

  it('every link fits a short APDU, and the links joined are the data', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 3000 }),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom(0x00, 0x0c, 0x40, 0x80, 0x84),
        async (data, blockSize, cla) => {
          const card = functionCard((command) => {
            expect(command.extended).toBe(false)
            return respond(0x9000)
          })
          await openChannel(card, commandChaining({ blockSize })).transmit({ ...put, cla, data })
          expect(toHex(Uint8Array.from(card.commands.flatMap((command) => [...command.data])))).toBe(toHex(data))
          expect(card.commands.length).toBe(Math.max(1, Math.ceil(data.length / blockSize)))
          expect(card.commands.at(-1)!.cla).toBe(cla)
          expect(card.commands.slice(0, -1).every((command) => command.cla === (cla | 0x10))).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  it.each([0x6884, 0x6883, 0x6a84, 0x6700])('P16 a chain that the card cuts with %d ends there, with that answer', async (sw) => {
    const lower = functionChannel((_, i) => respond(i === 1 ? sw : 0x9000))
    expect((await commandChaining()(lower).transmit(put)).sw).toBe(sw)
    expect(lower.commands.length).toBe(2)
  })

  it.each([0, -1, 1.5, 65536])('refuses a block size of %d', (blockSize) => {
    expect(() => commandChaining({ blockSize })).toThrow(InputError)
  })
})
