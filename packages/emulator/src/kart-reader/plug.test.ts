import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concatBytes, DecodeError, fromHex, InputError, LimitError, toHex } from '@kart/codec'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PluggableCard } from '../plugged-card.ts'
import { type FaultPlan, parseFaultPlan } from './fault.ts'
import { encodeKartFrame, type KartFrame, KartFrameReader } from './frames.ts'
import { plugIntoKartReader } from './plug.ts'
import { VirtualReaderError } from './socket-error.ts'

const frame = (kind: number, hex = '') => encodeKartFrame(kind, fromHex(hex))

describe('frames of the virtual reader', () => {
  it('puts kind and length before the payload', () => {
    expect(toHex(frame(0x04, '00a4'))).toBe('040000000200a4')
    expect(() => encodeKartFrame(0x84, new Uint8Array(65_549))).toThrow(LimitError)
  })

  it('gives the same frames however the stream is cut, and refuses one that is too long', () => {
    const sent = fc.array(fc.record({ kind: fc.nat(255), payload: fc.uint8Array({ maxLength: 40 }) }), { maxLength: 8 })
    fc.assert(
      fc.property(sent, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }), (frames, cuts) => {
        const stream = concatBytes(...frames.map(({ kind, payload }) => encodeKartFrame(kind, payload)))
        const reader = new KartFrameReader()
        const got: KartFrame[] = []
        for (let at = 0, i = 0; at < stream.length; i++) {
          const end = Math.min(stream.length, at + cuts[i % cuts.length]!)
          got.push(...reader.push(stream.subarray(at, end)))
          at = end
        }
        expect(got.map(({ kind, payload }) => [kind, toHex(payload)])).toEqual(frames.map(({ kind, payload }) => [kind, toHex(payload)]))
      }),
    )
    expect(() => new KartFrameReader().push(fromHex('040001000c'))).not.toThrow()
    expect(() => new KartFrameReader().push(fromHex('040001000d'))).toThrow(DecodeError)
  })
})

describe('a plan of faults', () => {
  it('reads what the command line says', () => {
    const command = fromHex('00a40000')
    expect(parseFaultPlan('delay=20')(command, 1)).toEqual({ kind: 'delay', ms: 20 })
    expect([1, 2, 3, 4].map((n) => parseFaultPlan('cut@2')(command, n)?.kind)).toEqual([undefined, 'cut', undefined, 'cut'])
    expect(parseFaultPlan('mute')(command, 7)).toEqual({ kind: 'mute' })
    expect(parseFaultPlan('length=1@1')(command, 1)).toEqual({ kind: 'wrong-length', length: 1 })
    for (const bad of ['', 'delay', 'cut=1', 'mute@0', 'length=', 'length=100001', 'burn'])
      expect(() => parseFaultPlan(bad)).toThrow(InputError)
  })
})

describe('a card in the virtual reader', () => {
  let folder: string
  let path: string
  let server: Server
  let reader: Promise<Socket>
  let log: string[]
  let got: string[]
  const card: PluggableCard = {
    atr: fromHex('3B80800101'),
    powerOn: () => void log.push('on'),
    powerOff: () => void log.push('off'),
    reset: () => void log.push('reset'),
    process: (command) => concatBytes(command, fromHex('9000')),
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kart-reader-'))
    path = join(folder, 'reader-00.sock')
    log = []
    got = []
    const frames = new KartFrameReader()
    server = createServer()
    reader = new Promise((resolve) =>
      server.once('connection', (socket: Socket) => {
        socket.on('error', () => undefined)
        socket.on('data', (chunk) => {
          for (const { kind, payload } of frames.push(chunk)) got.push(`${kind.toString(16)} ${toHex(payload)}`)
        })
        socket.write(frame(0x00, '01'))
        resolve(socket)
      }),
    )
    await new Promise<void>((resolve) => server.listen(path, resolve))
  })
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve))
    rmSync(folder, { recursive: true, force: true })
  })

  const plug = (fault?: FaultPlan) => plugIntoKartReader({ card, socket: path, ...(fault ? { fault } : {}) })
  const answers = async (count: number) => {
    while (got.length < count) await new Promise((resolve) => setImmediate(resolve))
    return got
  }

  it('answers power, reset and commands, and is taken out by unplug', async () => {
    const plugged = await plug()
    ;(await reader).write(concatBytes(frame(1), frame(4, '00a40000'), frame(3), frame(2)))
    expect(await answers(3)).toEqual(['81 3b80800101', '84 00a400009000', '81 3b80800101'])
    await plugged.unplug()
    await plugged.closed
    expect(log).toEqual(['on', 'reset', 'off', 'off'])
  })

  it('P07 holds an answer back as long as the card says, and whatever comes meanwhile, a reset too, stays behind it', async () => {
    let answerDelay = 0
    const slow: PluggableCard = {
      ...card,
      get answerDelay() {
        return answerDelay
      },
      process: (command) => {
        log.push(toHex(command))
        answerDelay = command[1] === 0x86 ? 30 : 0
        return fromHex('9000')
      },
    }
    const plugged = await plugIntoKartReader({ card: slow, socket: path })
    ;(await reader).write(concatBytes(frame(4, '10860000'), frame(3), frame(4, '00b00000')))
    while (log.length === 0) await new Promise((resolve) => setImmediate(resolve))
    expect([log, got]).toEqual([['10860000'], []])
    expect(await answers(3)).toEqual(['84 9000', '81 3b80800101', '84 9000'])
    expect(log).toEqual(['10860000', 'reset', '00b00000'])
    await plugged.unplug()
  })

  it('makes the faults that it is told to', async () => {
    const plugged = await plug(
      (_, count) => [undefined, { kind: 'wrong-length', length: 1 } as const, { kind: 'delay', ms: 1 } as const][count - 1],
    )
    ;(await reader).write(concatBytes(frame(4, '00a40000'), frame(4, '00b00000'), frame(4, '00c00000')))
    expect(await answers(3)).toEqual(['84 00a400009000', '84 00', '84 00c000009000'])
    await plugged.unplug()
    expect(log).toEqual(['off'])
  })

  it('is pulled out in place of an answer', async () => {
    const plugged = await plug(parseFaultPlan('cut@2'))
    ;(await reader).write(concatBytes(frame(4, '00a40000'), frame(4, '00b00000')))
    await plugged.closed
    expect(got.length).toBeLessThanOrEqual(1)
  })

  it('tells when the reader goes away, when another card is in it, and when no reader is there', async () => {
    const plugged = await plug()
    ;(await reader).destroy()
    await expect(plugged.closed).rejects.toThrow(/reader went away/)
    server.on('connection', (socket: Socket) => socket.destroy())
    await expect(plug()).rejects.toThrow(/another card is in it/)
    await expect(plugIntoKartReader({ card, socket: join(folder, 'none') })).rejects.toThrow(VirtualReaderError)
    await expect(plugIntoKartReader({ card, socket: join(folder, 'none') })).rejects.toThrow(/no reader listens there/)
  })
})
