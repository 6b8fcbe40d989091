import { DecodeError, encodeTlv, equalBytes, fromHex, InputError, LimitError, toHex, uintToBytes } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CommandApdu, ResponseApdu } from './apdu.ts'
import { StatusWordError } from './card-command.ts'
import { openChannel } from './channel.ts'
import { decodeResponse } from './coding-host.ts'
import { getResponse } from './layers/get-response.ts'
import { wrongLength } from './layers/wrong-length.ts'
import { type ReadFileOptions, readFile } from './read-file.ts'
import { functionCard, functionChannel, respond, scriptedCard } from './testing/scripted-card.ts'

interface CardQuirks {
  /** Most data bytes an answer. */
  readonly most?: number
  /** What the card says at the end of the file. */
  readonly atEnd?: '6282' | '6cxx' | 'short' | '6700-beyond'
}

/** A card with one transparent EF, after ISO/IEC 7816-4: answers READ BINARY, even and odd. */
function fileCard(file: Uint8Array, quirks: CardQuirks = {}) {
  return (command: CommandApdu): ResponseApdu => {
    const { ins, p1, p2, data, ne } = command
    let offset: number
    if (ins === 0xb0) offset = p1 & 0x80 ? p2 : (p1 << 8) | p2
    else if (ins === 0xb1 && p1 === 0 && p2 === 0 && data[0] === 0x54) offset = data.slice(2).reduce((sum, byte) => sum * 256 + byte, 0)
    else return respond(0x6d00)
    if (offset >= file.length) return respond(0x6b00)
    const room = ins === 0xb0 ? ne : ne - (ne > 258 ? 4 : ne > 129 ? 3 : 2)
    const left = file.length - offset
    if (quirks.atEnd === '6cxx' && ins === 0xb0 && room > left) return respond(0x6c00 | left)
    const part = file.slice(offset, offset + Math.min(room, quirks.most ?? room))
    const sw = quirks.atEnd !== 'short' && room > left && part.length === left ? 0x6282 : 0x9000
    return respond(sw, ins === 0xb0 ? part : encodeTlv(0x53, part))
  }
}

const object = (tag: number, length: number): Uint8Array =>
  encodeTlv(
    tag,
    Uint8Array.from({ length }, (_, i) => (i * 31) & 0xff),
  )
const read = (file: Uint8Array, options: Partial<ReadFileOptions> = {}, quirks: CardQuirks = {}) => {
  const channel = functionChannel(fileCard(file, quirks))
  return { channel, result: readFile(channel, { maxLength: 100_000, ...options }) }
}

describe('readFile, one data object', () => {
  it('reads EF.COM on the wire byte for byte', async () => {
    const com = fromHex('60165f0104303130375f36063034303030305c046175636e')
    const card = scriptedCard(['00b0000008', `${toHex(com.slice(0, 8))}9000`], ['00b0000810', `${toHex(com.slice(8))}9000`])
    expect(await readFile(openChannel(card), { maxLength: 64, expectedTag: 0x60, name: 'EF.COM' })).toEqual(com)
    expect(card.left()).toBe(0)
  })

  it('reads by short identifier first, then the file that this made current', async () => {
    const card = scriptedCard(['00b09e0008', '600a0102030405069000'], ['00b0000804', '0708090a9000'])
    expect(toHex(await readFile(openChannel(card), { maxLength: 64, sfi: 0x1e }))).toBe('600a0102030405060708090a')
  })

  it.each([0, 1, 5, 6, 7, 127, 128, 223, 255, 256, 1000, 32767 - 4, 32768, 33_000, 40_000, 70_000])(
    'an object of %d bytes, short and extended',
    async (length) => {
      const file = object(0x75, length)
      for (const options of [{}, { chunk: 256 }, { extended: true }, { extended: true, chunk: 65536 }] as const) {
        const { channel, result } = read(file, options)
        expect(equalBytes(await result, file)).toBe(true)
        const most = options.chunk ?? ('extended' in options ? 4096 : 223)
        expect(channel.commands.every(({ ne }) => ne <= most)).toBe(true)
        expect(channel.commands.length).toBeLessThanOrEqual(3 + Math.ceil(file.length / (most - 4)))
      }
    },
  )

  it('P14 asks beyond offset 32767 with the odd instruction alone, and below it never', async () => {
    const file = object(0x75, 40_000)
    const { channel, result } = read(file, { chunk: 256 })
    await result
    const even = channel.commands.filter(({ ins }) => ins === 0xb0)
    const odd = channel.commands.filter(({ ins }) => ins === 0xb1)
    expect(even.length + odd.length).toBe(channel.commands.length)
    expect(odd.length).toBeGreaterThan(20)
    expect(toHex(odd[0]!.data)).toMatch(/^54028/)
    // The file is larger than what two bytes of offset name only beyond 65535.
    const far = read(object(0x75, 70_000), { chunk: 256 })
    await far.result
    expect(toHex(far.channel.commands.at(-1)!.data)).toMatch(/^540301/)
  })

  it('gives the object alone where the file is longer', async () => {
    const file = Uint8Array.of(...object(0x61, 20), ...new Uint8Array(50))
    expect(await read(file).result).toEqual(object(0x61, 20))
    expect(await read(fromHex('6101aa00000000000000')).result).toEqual(fromHex('6101aa'))
  })

  it.each<[string, CardQuirks]>([
    ['6282 at the end', {}],
    ['6Cxx at the end', { atEnd: '6cxx' }],
    ['short answers at the end', { atEnd: 'short' }],
    ['at most 100 bytes an answer', { most: 100 }],
    ['at most 40 bytes an answer, and nothing said at the end', { most: 40, atEnd: 'short' }],
  ])('P14 a card with %s', async (_name, quirks) => {
    for (const length of [0, 3, 30, 500, 2000]) {
      const file = object(0x6b, length)
      expect(equalBytes(await read(file, { chunk: 256 }, quirks).result, file)).toBe(true)
    }
  })

  it('learns from short answers to ask for less', async () => {
    const { channel, result } = read(object(0x75, 3000), { chunk: 256 }, { most: 100 })
    await result
    expect(channel.commands.map(({ ne }) => ne).slice(0, 4)).toEqual([8, 256, 100, 100])
  })

  it('works above the layer for 6Cxx as well', async () => {
    const file = fromHex('6103010203')
    const card = functionCard(fileCard(file, { atEnd: '6cxx' }))
    expect(await readFile(openChannel(card, wrongLength()), { maxLength: 10 })).toEqual(file)
  })

  it('tells how far it is', async () => {
    const steps: [number, number | undefined][] = []
    await read(object(0x61, 500), { chunk: 200, onProgress: (soFar, inAll) => steps.push([soFar, inAll]) }).result
    expect(steps).toEqual([
      [8, 504],
      [208, 504],
      [408, 504],
      [504, 504],
    ])
  })

  it('any file, any chunk, any card that keeps to the standard', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          length: fc.nat(3000),
          chunk: fc.integer({ min: 32, max: 256 }),
          most: fc.integer({ min: 24, max: 300 }),
          atEnd: fc.constantFrom<CardQuirks['atEnd']>('6282', '6cxx', 'short'),
        }),
        async ({ length, chunk, most, atEnd }) => {
          const file = object(0x7f61, length)
          expect(equalBytes(await read(file, { chunk }, { most, atEnd: atEnd! }).result, file)).toBe(true)
        },
      ),
      { numRuns: 100 },
    )
  })
})

describe('readFile, to the end of the file', () => {
  const directory = fromHex('61094f07a000000247100161094f07a0000000635015')

  it.each<[string, CardQuirks]>([
    ['6282', {}],
    ['6Cxx', { atEnd: '6cxx' }],
    ['short answers, then 6B00', { atEnd: 'short' }],
    ['at most 7 bytes an answer', { most: 7 }],
  ])('ends by %s', async (_name, quirks) => {
    expect(await read(directory, { extent: 'file' }, quirks).result).toEqual(directory)
  })

  it('takes a file that fills the bound, and one that is empty', async () => {
    expect(await read(directory, { extent: 'file', maxLength: directory.length }).result).toEqual(directory)
    expect((await read(new Uint8Array(0), { extent: 'file' }).result).length).toBe(0)
  })

  it('sees in one answer that the file fills the bound; a card that refuses the byte beyond is asked for it at the end', async () => {
    const willing = functionChannel(() => respond(0x6282, directory))
    expect(await readFile(willing, { maxLength: directory.length, extent: 'file' })).toEqual(directory)
    expect(willing.commands.map(({ ne }) => ne)).toEqual([directory.length + 1])
    const strict = functionChannel(({ ne, p2 }) =>
      p2 > 0 ? respond(0x6b00) : ne > directory.length ? respond(0x6700) : respond(0x9000, directory),
    )
    expect(await readFile(strict, { maxLength: directory.length, extent: 'file' })).toEqual(directory)
    expect(strict.commands.map(({ ne }) => ne)).toEqual([directory.length + 1, directory.length, 1])
  })

  it('ends by an empty answer', async () => {
    const channel = functionChannel((_, i) => (i === 0 ? respond(0x9000, directory) : respond(0x9000)))
    expect(await readFile(channel, { maxLength: 100, extent: 'file' })).toEqual(directory)
  })

  it('P14 a file longer than the bound is a LimitError', async () => {
    await expect(read(directory, { extent: 'file', maxLength: directory.length - 1 }).result).rejects.toThrow(LimitError)
  })

  it('P14 a card that gives data for ever is stopped by the bound', async () => {
    const channel = functionChannel(({ ne }) => respond(0x9000, new Uint8Array(ne)))
    await expect(readFile(channel, { maxLength: 1000, extent: 'file' })).rejects.toThrow(LimitError)
    expect(channel.commands.length).toBeLessThan(10)
  })

  it('reads past 32767 as well', async () => {
    const file = Uint8Array.from({ length: 33_000 }, (_, i) => i % 251)
    expect(equalBytes(await read(file, { extent: 'file', chunk: 256 }).result, file)).toBe(true)
  })
})

describe('readFile against hostile cards', () => {
  const refuse = async (answer: (command: CommandApdu, index: number) => ResponseApdu, options: Partial<ReadFileOptions> = {}) => {
    const channel = functionChannel(answer)
    const error: unknown = await readFile(channel, { maxLength: 1000, name: 'EF.DG1', expectedTag: 0x61, ...options }).catch(
      (caught: unknown) => caught,
    )
    return { error, commands: channel.commands.length }
  }

  it('P14 a length beyond the bound is refused after the first answer', async () => {
    const { error, commands } = await refuse(() => respond(0x9000, '6184ffffffff0000'))
    expect(error).toEqual(new LimitError('EF.DG1: bytes', 1000))
    expect(commands).toBe(1)
  })

  it('P14 a file of exactly the bound is read, one byte more is not', async () => {
    expect((await read(object(0x61, 996), { maxLength: 1000 }).result).length).toBe(1000)
    await expect(read(object(0x61, 997), { maxLength: 1000 }).result).rejects.toThrow(LimitError)
  })

  it.each<[string, (command: CommandApdu, index: number) => ResponseApdu, RegExp]>([
    ['another tag', () => respond(0x9000, '6003010203'), /begins with tag 60 where 61/],
    ['tag 00: an empty file', () => respond(0x9000, '0000000000000000'), /00 is not a tag/],
    ['indefinite length', () => respond(0x9000, '6180000000000000'), /indefinite/],
    [
      'more than asked for',
      ({ ne }) => respond(0x9000, new Uint8Array(ne + 1).fill(0x61)),
      /where 8 were asked for|at most 8 were asked for/,
    ],
    ['nothing at all', () => respond(0x9000), /ends after 0 bytes/],
    ['6282 and nothing', () => respond(0x6282), /ends after 0 bytes/],
    ['6B00 at once', () => respond(0x6b00), /ends after 0 bytes/],
    ['the end inside the header', (_, i) => (i === 0 ? respond(0x6282, '6182') : respond(0x6b00)), /ends after 2 bytes, inside/],
    [
      '6282 in the middle',
      (_, i) => (i === 0 ? respond(0x9000, '6182010000000000') : respond(0x6282, '0102')),
      /ends after 10 of 260 bytes/,
    ],
    ['6B00 in the middle', (_, i) => (i === 0 ? respond(0x9000, '6182010000000000') : respond(0x6b00)), /ends after 8 of 260 bytes/],
    [
      'an empty answer in the middle',
      (_, i) => (i === 0 ? respond(0x9000, '6182010000000000') : respond(0x9000)),
      /ends after 8 of 260 bytes/,
    ],
  ])('P14 %s is a DecodeError', async (_name, answer, message) => {
    const { error, commands } = await refuse(answer)
    expect(error).toBeInstanceOf(DecodeError)
    expect((error as Error).message).toMatch(message)
    expect(commands).toBeLessThanOrEqual(2)
  })

  it('P14 a byte at a time without end is stopped by the rounds', async () => {
    const head = fromHex('618403ffffff')
    const { error, commands } = await refuse((_, i) => respond(0x9000, Uint8Array.of(head[i] ?? 0xaa)), { maxLength: 0xffffff })
    expect(error).toBeInstanceOf(LimitError)
    // As soon as the header is whole.
    expect(commands).toBe(6)
    const file = object(0x61, 900)
    const slow = await refuse((_, i) => respond(0x9000, file.slice(i, i + 1)))
    expect(slow.error).toEqual(new LimitError('EF.DG1: READ BINARY rounds', 16 + Math.ceil(1000 / 16)))
    expect(slow.commands).toBe(16 + Math.ceil(1000 / 16))
  })

  it.each([
    ['6Cxx for ever', 0x6c01],
    ['6Cxx with more than was asked for', 0x6cff],
    ['6C00 for ever', 0x6c00],
    ['61xx left over by the layers', 0x6110],
    ['refusal', 0x6982],
    ['no current EF', 0x6986],
  ])('P14 %s is a StatusWordError', async (_name, sw) => {
    const { error, commands } = await refuse(() => respond(sw))
    expect(error).toBeInstanceOf(StatusWordError)
    expect((error as StatusWordError).sw).toBe(sw)
    expect(commands).toBeLessThanOrEqual(2)
  })

  it('P14 a byte at a time behind 61xx: the rounds of a small file and those of GET RESPONSE together stay few', async () => {
    const card = functionCard(({ ins }) => respond(ins === 0xb0 ? 0x6101 : 0x6101, ins === 0xb0 ? '' : 'aa'))
    await expect(readFile(openChannel(card, getResponse()), { maxLength: 128 })).rejects.toThrow(LimitError)
    expect(card.commands.length).toBe(1 + 8)
    // Each read ends well, with seven bytes fetched one by one.
    let left = 0
    const patient = functionCard(({ ins }) => {
      left = ins === 0xb0 ? 7 : left - 1
      return left === 7 ? respond(0x6107) : respond(left > 0 ? 0x6100 | left : 0x9000, 'aa')
    })
    await expect(readFile(openChannel(patient, getResponse()), { maxLength: 128, extent: 'file' })).rejects.toThrow(DecodeError)
    expect(patient.commands.length).toBeLessThanOrEqual((16 + 8) * (1 + 8))
  })

  it('P14 odd answers that are not one DO’53’, or hold too much, are DecodeErrors', async () => {
    const file = object(0x75, 40_000)
    const honest = fileCard(file)
    for (const bad of [
      fromHex('540101'),
      fromHex('5305aa'),
      encodeTlv(0x53, new Uint8Array(300)),
      fromHex('53800000'),
      fromHex('5301aa5301aa'),
    ]) {
      const { error } = await refuse((command) => (command.ins === 0xb1 ? respond(0x9000, bad) : honest(command)), {
        maxLength: 50_000,
        expectedTag: 0x75,
        chunk: 256,
      })
      expect(error).toBeInstanceOf(DecodeError)
    }
  })

  it('P14 any answers at all end in bytes or in one of our errors, within the bound of rounds', async () => {
    const sw = fc.constantFrom(0x9000, 0x9000, 0x9000, 0x6282, 0x6b00, 0x6c08, 0x6c00, 0x6982)
    const answers = fc.array(fc.tuple(sw, fc.uint8Array({ maxLength: 12 })), { minLength: 1, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(answers, fc.constantFrom('object' as const, 'file' as const), async (script, extent) => {
        const channel = functionChannel((_, i) => {
          const [status, data] = script[i % script.length]!
          return decodeResponse(Uint8Array.of(...data, ...uintToBytes(status, 2)))
        })
        try {
          expect((await readFile(channel, { maxLength: 200, extent })).length).toBeLessThanOrEqual(200)
        } catch (error) {
          if (!(error instanceof DecodeError || error instanceof LimitError || error instanceof StatusWordError)) throw error
        }
        expect(channel.commands.length).toBeLessThanOrEqual(2 * (16 + Math.ceil(200 / 16)))
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    { maxLength: 0 },
    { maxLength: 2 ** 24 },
    { maxLength: 1.5 },
    { maxLength: 100, chunk: 31 },
    { maxLength: 100, chunk: 65537 },
    { maxLength: 100, sfi: 31 },
  ])('refuses %o', async (options) => {
    await expect(
      readFile(
        functionChannel(() => respond(0x9000)),
        options,
      ),
    ).rejects.toThrow(InputError)
  })

  it('keeps to short lengths unless extended ones are allowed', async () => {
    const { channel, result } = read(object(0x75, 2000), { chunk: 4096 })
    await result
    expect(Math.max(...channel.commands.map(({ ne }) => ne))).toBe(256)
  })
})
