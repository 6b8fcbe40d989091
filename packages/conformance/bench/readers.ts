// Measures bindings and virtual readers inside a private PC/SC stack; run by scripts/bench-readers.mjs.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type PluggableCard, plugIntoKartReader, plugIntoVpcd } from '@kart/emulator'
import { openPcsc } from '@kart/pcsc'
import { bindings } from './reader-bindings.ts'
import { quantile } from './statistics.ts'

/** A card that answers every command with 256 bytes at once: what is measured is the way to it. */
function quickCard(): PluggableCard {
  const answer = new Uint8Array(258).fill(0x5a)
  answer.set([0x90, 0x00], 256)
  return { atr: Uint8Array.of(0x3b, 0x80, 0x80, 0x01, 0x01), powerOn() {}, powerOff() {}, reset() {}, process: () => answer }
}

const command = Uint8Array.of(0x00, 0xb0, 0x00, 0x00, 0x00)
const self = fileURLToPath(import.meta.url)
const sockets = process.env.KART_READER_SOCKETS
const slots: readonly { reader: string; plug(card: PluggableCard): Promise<{ unplug(): Promise<void> }> }[] = sockets
  ? Array.from({ length: 16 }, (_, i) => ({
      reader: `Kart Reader ${i.toString(16).toUpperCase().padStart(2, '0')} 00`,
      plug: (card) => plugIntoKartReader({ card, socket: `${sockets}/reader-${String(i).padStart(2, '0')}.sock` }),
    }))
  : [0, 1].map((i) => ({ reader: `Virtual PCD 00 0${i}`, plug: (card) => plugIntoVpcd({ card, port: 35_963 + i }) }))

export interface ExchangeTiming {
  readonly binding: string
  readonly readers: number
  readonly apdusPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** CPU of the client alone, milliseconds for a thousand APDUs. */
  readonly cpuMs: number
}

async function client(name: string, count: number, seconds: number, root: string): Promise<ExchangeTiming> {
  const binding = bindings(root).find((one) => one.name === name)!
  const cards = await binding.connect(slots.slice(0, count).map(({ reader }) => reader))
  // Long enough for what is compiled while it runs to be compiled.
  const warmUps = sockets ? 2_000 / count : 20
  await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      for (let n = 0; n < warmUps; n++) await cards.transmit(i, command)
    }),
  )
  const took: number[] = []
  const cpu = process.cpuUsage()
  const started = performance.now()
  const end = started + seconds * 1000
  await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      for (let before = performance.now(); before < end; ) {
        const response = await cards.transmit(i, command)
        if (response.length !== 258) throw new Error(`${name}: ${response.length} bytes`)
        const after = performance.now()
        took.push(after - before)
        before = after
      }
    }),
  )
  const wall = performance.now() - started
  const { user, system } = process.cpuUsage(cpu)
  return {
    binding: name,
    readers: count,
    apdusPerSecond: (took.length / wall) * 1000,
    p50Ms: quantile(took, 0.5),
    p99Ms: quantile(took, 0.99),
    cpuMs: (user + system) / took.length,
  }
}

export interface EventTiming {
  readonly binding: string
  readonly p50Ms: number
  readonly worstMs: number
}

/** From the moment that a card is put in to the event. */
async function eventDelays(backend: 'system' | 'pcsclite', rounds: number): Promise<EventTiming> {
  const context = await openPcsc({ backend })
  const slot = slots.at(-1)!
  const took: number[] = []
  const events = context.watch()
  const next = async (kind: string) => {
    for (;;) {
      const { value } = await events.next()
      if (value?.kind === kind && value.reader === slot.reader) return
    }
  }
  for (let i = 0; i < rounds; i++) {
    const started = performance.now()
    const inserted = next('card-inserted').then(() => took.push(performance.now() - started))
    const card = await slot.plug(quickCard())
    await inserted
    const removed = next('card-removed')
    await card.unplug()
    await removed
    await new Promise((resolve) => setTimeout(resolve, (i * 37) % 100))
  }
  await context.close()
  return { binding: `kart ${backend}`, p50Ms: quantile(took, 0.5), worstMs: Math.max(...took) }
}

/** Runs this file again as another process and gives the JSON that it prints. */
function part<T>(...args: readonly string[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [self, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
    child.once('exit', (code) => (code === 0 ? resolve(JSON.parse(text) as T) : reject(new Error(`${args.join(' ')} ended with ${code}`))))
  })
}

export interface ReaderResults {
  readonly driver: 'kart' | 'vpcd'
  readonly exchanges: readonly ExchangeTiming[]
  readonly events: readonly EventTiming[]
}

/** Every binding at each number of readers, in turn and several rounds, so that what else the machine does falls on all alike; medians. */
async function measure(rounds: number, seconds: number, root: string, only?: string): Promise<ReaderResults> {
  const cards = spawn(process.execPath, [self, '--cards'], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => cards.stdout.once('data', resolve))
  const names = bindings(root)
    .map(({ name }) => name)
    .filter((name) => only === undefined || name === only)
  const exchanges: ExchangeTiming[] = []
  for (const count of sockets ? [1, 4, 16] : [1]) {
    const all: ExchangeTiming[] = []
    for (let round = 0; round < rounds; round++)
      for (const name of names)
        all.push(await part<ExchangeTiming>('--client', name, '--count', String(count), '--seconds', String(seconds), '--root', root))
    for (const name of names) {
      const mine = all.filter(({ binding }) => binding === name)
      const median = (pick: (one: ExchangeTiming) => number) => quantile(mine.map(pick), 0.5)
      exchanges.push({
        binding: name,
        readers: count,
        apdusPerSecond: median((one) => one.apdusPerSecond),
        p50Ms: median((one) => one.p50Ms),
        p99Ms: median((one) => one.p99Ms),
        cpuMs: median((one) => one.cpuMs),
      })
    }
  }
  cards.kill('SIGTERM')
  await new Promise((resolve) => cards.once('exit', resolve))
  const events: EventTiming[] = []
  for (const backend of ['system', 'pcsclite']) events.push(await part<EventTiming>('--events', backend, '--count', String(10 * rounds)))
  return { driver: sockets ? 'kart' : 'vpcd', exchanges, events }
}

const { values } = parseArgs({
  options: {
    cards: { type: 'boolean' },
    client: { type: 'string' },
    events: { type: 'string' },
    only: { type: 'string' },
    count: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    root: { type: 'string', default: process.cwd() },
  },
})
if (values.cards) {
  for (const slot of slots) await slot.plug(quickCard())
  // pcscd looks at vpcd's slots every 400 ms.
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  console.log('in')
  process.once('SIGTERM', () => process.exit(0))
} else if (values.client !== undefined) {
  console.log(JSON.stringify(await client(values.client, Number(values.count), Number(values.seconds), values.root)))
  process.exit(0)
} else if (values.events === 'system' || values.events === 'pcsclite') {
  console.log(JSON.stringify(await eventDelays(values.events, Number(values.count))))
  process.exit(0)
} else console.log(JSON.stringify(await measure(Number(values.rounds), Number(values.seconds), values.root, values.only)))
