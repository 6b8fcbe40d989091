import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { fromHex, toHex } from '@kart/codec'
import { createBlankCard, inMemory, plugIntoKartReader, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout'
import { openPcsc, type PcscContext, type PcscEvent } from '@kart/pcsc'
import { execute } from '@kart/personalization'
import { readCard } from '@kart/verification'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { executeOptions, specimenImage, terminal } from '../../testing/specimen.ts'
import { ScriptedCard } from '../scripted-card.ts'
import { backends, plugCard, type Slot, slots, until, waitForCard, waitForStack } from '../stack.ts'
import { programInOwnStack } from './programs.ts'

const [first] = slots

beforeAll(waitForStack)

/** Events of one reader as a line: + for an insertion, - for a removal. */
function line(events: readonly PcscEvent[], reader: string): string {
  return events
    .filter((event) => event.reader === reader)
    .map(({ kind }) => (kind === 'card-inserted' ? '+' : kind === 'card-removed' ? '-' : ''))
    .join('')
}

describe('T05 a storm of plug and unplug', () => {
  const rounds = 12

  it.each(backends)('over sixteen readers at once: backend %s tells every insertion and every removal', async (backend) => {
    const context = await openPcsc({ backend })
    const events: PcscEvent[] = []
    const abort = new AbortController()
    const loop = (async () => {
      for await (const event of context.watch({ signal: abort.signal })) events.push(event)
    })()
    const storm = async (slot: Slot) => {
      for (let i = 0; i < rounds; i++) {
        const card = await plugCard(new ScriptedCard(), slot)
        await new Promise((resolve) => setTimeout(resolve, (i * 7) % 23))
        await card.unplug()
      }
    }
    // What came and went before a reader's first report cannot be told: the reports of pcsclite come one by one after it is open.
    await context.listReaders()
    await Promise.all(slots.map(storm))
    const whole = '+-'.repeat(rounds)
    const told = () => slots.every(({ reader }) => line(events, reader).length >= whole.length)
    await until('the last events', async () => (told() ? true : undefined)).catch(() => undefined)
    abort.abort()
    await loop
    expect(slots.map(({ reader }) => line(events, reader))).toEqual(slots.map(() => whole))
    await context.close()
  })
})

describe('T05 connecting again and again', () => {
  it('a hundred thousand times leaves memory, handles and the service as they were', async () => {
    const context = await openPcsc({ backend: 'system' })
    const card = await plugCard(new ScriptedCard(), first)
    await waitForCard(context, first.reader, true)
    const service = process.env.KART_PCSC_PID
    const measure = () => {
      const status = (id: string) => readFileSync(`/proc/${id}/status`, 'utf8')
      return {
        handles: readdirSync('/proc/self/fd').length,
        serviceHandles: readdirSync(`/proc/${service}/fd`).length,
        serviceThreads: Number(/Threads:\s+(\d+)/.exec(status(String(service)))?.[1]),
        serviceKilobytes: Number(/VmRSS:\s+(\d+)/.exec(status(String(service)))?.[1]),
        kilobytes: Number(/VmRSS:\s+(\d+)/.exec(status('self'))?.[1]),
      }
    }
    const cycle = async (times: number) => {
      for (let i = 0; i < times; i++) {
        const connected = await context.connect(first.reader, { mode: 'shared' })
        await connected.disconnect('leave')
      }
    }
    await cycle(10_000)
    const before = measure()
    await cycle(90_000)
    const after = measure()
    expect(after.handles).toBeLessThanOrEqual(before.handles + 2)
    expect(after.serviceHandles).toBeLessThanOrEqual(before.serviceHandles + 1)
    expect(after.serviceThreads).toBeLessThanOrEqual(before.serviceThreads + 1)
    // A leak of even 100 bytes a cycle would be 9 MB.
    expect(after.serviceKilobytes).toBeLessThan(before.serviceKilobytes + 4_000)
    expect(after.kilobytes).toBeLessThan(before.kilobytes + 40_000)
    const last = await context.connect(first.reader, { mode: 'shared' })
    expect(toHex(await last.transceive(fromHex('00A40000')))).toBe('9000')
    await context.close()
    await card.unplug()
  })
})

describe('sixteen readers', () => {
  let context: PcscContext
  beforeAll(async () => {
    context = await openPcsc({ backend: 'system' })
  })
  afterAll(() => context.close())

  it('personalize sixteen cards at once, and read them back', async () => {
    const serial = (i: number) => Uint8Array.of(0x4b, 0x41, 0x52, 0x54, 0, 0, 0, 0, 1, i)
    const cards = slots.map((_, i) => createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: serial(i) }))
    const plugged = await Promise.all(cards.map((card, i) => plugCard(card, slots[i]!)))
    await Promise.all(slots.map(({ reader }) => waitForCard(context, reader, true)))
    const made = await Promise.all(
      slots.map(async ({ reader }, i) => {
        const image = specimenImage(serial(i))
        const blank = await context.connect(reader, { mode: 'exclusive' })
        const { lifeCycle } = await execute(blank, image, executeOptions)
        await blank.close()
        const card = await context.connect(reader, { mode: 'exclusive' })
        const evidence = await readCard(card, { profile: nationalId, access: image.access, terminal })
        await card.close()
        const read = new Map(evidence.files.map(({ name, bytes }) => [name, bytes === undefined ? '' : toHex(bytes)]))
        const wrong = image.files.filter(({ name, bytes }) => read.has(name) && read.get(name) !== toHex(bytes)).map(({ name }) => name)
        return [reader, lifeCycle, evidence.access.outcome, wrong]
      }),
    )
    for (const card of plugged) await card.unplug()
    for (const { reader } of slots) await waitForCard(context, reader, false)
    expect(slots).toHaveLength(16)
    expect(made).toEqual(slots.map(({ reader }) => [reader, 'SECURED', 'opened', []]))
  })
})

describe('readers that come and go', () => {
  it('T01 a reader unplugged with a card in it takes both back, ends the session, and comes again under its name', async () => {
    const source = `import { unlinkSync, writeFileSync } from 'node:fs'
import { plugIntoKartReader } from '@kart/emulator'
const socket = process.env.KART_READER_SOCKETS + '/reader-00.sock'
const plug = () => plugIntoKartReader({ socket, card: { atr: Uint8Array.of(0x3b, 0x80, 0x80, 0x01, 0x01), powerOn() {}, powerOff() {}, reset() {}, process: () => Uint8Array.of(0x90, 0) } })
await plug()
const seen = []
const waiting = []
const stop = new AbortController()
const loop = (async () => {
  for await (const event of watchReaders({ backend: 'system', signal: stop.signal })) {
    seen.push(event.kind + (event.reader ? ' ' + event.reader : ''))
    for (const check of [...waiting]) check()
  }
})()
const until = (text, times = 1) => new Promise((resolve) => {
  const check = () => { if (seen.filter((one) => one === text).length >= times) { waiting.splice(waiting.indexOf(check), 1); resolve() } }
  waiting.push(check)
  check()
})
await until('card-inserted Kart Reader 00 00')
const context = await openPcsc({ backend: 'system' })
const card = await context.connect('Kart Reader 00 00', { mode: 'shared', timeoutMs: 10_000 })
const good = await card.transceive(Uint8Array.of(0, 0xa4, 0, 0))
writeFileSync(socket + '.unplugged', '')
await until('reader-removed Kart Reader 00 00')
const ends = []
for (let i = 0; i < 2; i++) await card.transceive(Uint8Array.of(0, 0xa4, 0, 0)).catch((error) => ends.push([error instanceof PcscError, error.code, error.pcscName]))
await context.close()
unlinkSync(socket + '.unplugged')
await until('reader-added Kart Reader 00 00', 2)
await plug()
await until('card-inserted Kart Reader 00 00', 2)
const again = await openPcsc({ backend: 'system' })
const next = await again.connect('Kart Reader 00 00', { mode: 'shared' })
const better = await next.transceive(Uint8Array.of(0, 0xa4, 0, 0))
await again.close()
stop.abort()
await loop
print({ seen: seen.filter((one) => !one.endsWith('01 00')), ends, good: [...good], better: [...better] })
process.exit(0)`
    const { stdout } = await programInOwnStack(source, 2)
    const name = 'Kart Reader 00 00'
    expect(JSON.parse(stdout)).toMatchObject({
      good: [0x90, 0],
      better: [0x90, 0],
      seen: [
        'service-started',
        ...[`reader-added ${name}`, `card-inserted ${name}`, `card-removed ${name}`, `reader-removed ${name}`],
        ...[`reader-added ${name}`, `card-inserted ${name}`],
      ],
    })
    const { ends } = JSON.parse(stdout) as { ends: unknown[][] }
    expect(ends.map(([typed, code]) => [typed, code])).toEqual([
      [true, 'transport'],
      [true, 'transport'],
    ])
  })

  it.each(backends)('T02 T03 watchReaders on backend %s outlives a service that is killed, absent, and started again', async (backend) => {
    const source = `import { spawn } from 'node:child_process'
import { plugIntoKartReader } from '@kart/emulator'
import { existsSync } from 'node:fs'
const socket = process.env.KART_READER_SOCKETS + '/reader-00.sock'
const plug = () => plugIntoKartReader({ socket, card: { atr: Uint8Array.of(0x3b, 0x80, 0x80, 0x01, 0x01), powerOn() {}, powerOff() {}, reset() {}, process: () => Uint8Array.of(0x90, 0) } })
await plug()
const [command, ...args] = JSON.parse(process.env.KART_PCSC_COMMAND)
const seen = []
let service
let stops = 0
const stop = new AbortController()
const deadline = setTimeout(() => { print({ seen, stuck: true }); process.exit(1) }, 60_000)
for await (const event of watchReaders({ backend: '${backend}', signal: stop.signal, retryMs: 100 })) {
  seen.push(event.kind)
  if (event.kind === 'card-inserted' && stops === 0) process.kill(Number(process.env.KART_PCSC_PID), 'SIGKILL')
  if (event.kind === 'service-stopped' && ++stops === 1) {
    setTimeout(() => {
      service = spawn(command, args, { stdio: 'ignore' })
      const again = setInterval(() => existsSync(socket) && plug().then(() => clearInterval(again), () => undefined), 100)
    }, 500)
  }
  if (event.kind === 'card-inserted' && stops === 1) stop.abort()
}
clearTimeout(deadline)
const context = await openPcsc({ backend: '${backend}' })
const card = await context.connect('Kart Reader 00 00', { mode: 'shared' })
const answer = [...await card.transceive(Uint8Array.of(0, 0xa4, 0, 0))]
await context.close()
service.kill('SIGKILL')
print({ seen, answer })
process.exit(0)`
    const { stdout } = await programInOwnStack(source, 2)
    const { seen, answer } = JSON.parse(stdout) as { seen: string[]; answer: number[] }
    const there = ['reader-added', 'reader-added', 'card-inserted'].sort()
    const [started, ...rest] = seen
    expect(started).toBe('service-started')
    expect(rest.slice(0, 3).sort()).toEqual(there)
    expect(rest.slice(3, 6).sort()).toEqual(['card-removed', 'reader-removed', 'reader-removed'])
    expect(rest[6]).toBe('service-stopped')
    expect(rest[7]).toBe('service-started')
    expect(rest.slice(8).sort()).toEqual(there)
    expect(answer).toEqual([0x90, 0])
  })
})

it('a reader’s socket is its owner’s alone, and takes one card: a second is pushed out and the first stays', async () => {
  const slot = slots[15]! as { reader: string; socket: string }
  const { mode, uid } = statSync(slot.socket)
  expect([mode & 0o777, uid]).toEqual([0o600, statSync(dirname(slot.socket)).uid])
  const context = await openPcsc({ backend: 'system' })
  const card = await plugCard(new ScriptedCard(), slot)
  await waitForCard(context, slot.reader, true)
  await expect(plugIntoKartReader({ card: new ScriptedCard(), socket: slot.socket })).rejects.toThrow(/another card is in it/)
  const connected = await context.connect(slot.reader, { mode: 'shared' })
  expect(toHex(await connected.transceive(fromHex('00A40000')))).toBe('9000')
  await context.close()
  await card.unplug()
})
