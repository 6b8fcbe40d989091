import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openChannel, StatusWordError, send } from '@kart/apdu/host'
import { concatBytes, fromHex, toHex } from '@kart/codec'
import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout'
import { openPcsc, type PcscCard, type PcscContext, PcscError } from '@kart/pcsc'
import { execute } from '@kart/personalization'
import { readCard } from '@kart/verification'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { chipSerial, executeOptions, specimenImage } from '../../testing/specimen.ts'
import { ScriptedCard } from '../scripted-card.ts'
import { failure, plugCard, runProgram, slots, until, waitForCard, waitForStack } from '../stack.ts'
import { builtProgram, foreignProgram } from './programs.ts'

const [first, second] = slots
const select = fromHex('00A40000')
const askSelected = fromHex('00CA0000')
const verify = fromHex('002000810431323334')

let context: PcscContext
const cards: PcscCard[] = []
const plugged: { unplug(): Promise<void> }[] = []

async function connect(from = context, reader = first.reader): Promise<PcscCard> {
  const card = await from.connect(reader, { mode: 'shared', timeoutMs: 20_000 })
  cards.push(card)
  return card
}

async function insert(card: ScriptedCard, slot = first, more: Parameters<typeof plugCard>[2] = {}) {
  const made = await plugCard(card, slot, more)
  plugged.push(made)
  await waitForCard(context, slot.reader, true)
  return made
}

beforeAll(waitForStack)
beforeAll(async () => {
  context = await openPcsc({ backend: 'system' })
})
afterEach(async () => {
  for (const card of cards.splice(0)) await card.close()
  for (const one of plugged.splice(0)) await one.unplug()
  for (const { reader } of slots) await waitForCard(context, reader, false)
})
afterAll(() => context.close())

describe('transactions', () => {
  it('keep another context of this program out, and let it in at their end', async () => {
    await insert(new ScriptedCard())
    const mine = await connect()
    const other = await openPcsc({ backend: 'system' })
    const theirs = await connect(other)
    const order: string[] = []
    let waiting: Promise<unknown> | undefined
    await mine.transaction(async () => {
      const command = theirs.transceive(select).then(() => order.push('their command'))
      const whole = theirs.transaction(async () => {
        order.push('their transaction')
        expect(toHex(await theirs.transceive(select))).toBe('9000')
      })
      waiting = Promise.all([command, whole])
      for (let i = 0; i < 5; i++) expect(toHex(await mine.transceive(select))).toBe('9000')
      order.push('mine')
    })
    await waiting
    expect(order).toEqual(['mine', 'their command', 'their transaction'])
    await theirs.close()
    await other.close()
  })

  it('refuse one within another, and end when the work throws', async () => {
    await insert(new ScriptedCard())
    const card = await connect()
    await expect(
      card.transaction(async () => {
        await card.transaction(async () => undefined)
      }),
    ).rejects.toMatchObject({ code: 'transport', operation: 'begin', mayHaveReachedCard: false })
    await expect(
      card.transaction(async () => {
        throw new RangeError('mine')
      }),
    ).rejects.toThrow(RangeError)
    const other = await openPcsc({ backend: 'system' })
    const theirs = await connect(other)
    expect(toHex(await theirs.transceive(select))).toBe('9000')
    expect(await card.transaction(async () => toHex(await card.transceive(askSelected)))).toBe('9000')
    await theirs.close()
    await other.close()
  })

  it('say what becomes of the card at their end', async () => {
    await insert(new ScriptedCard())
    const card = await connect()
    await card.transaction(async () => void (await card.transceive(select)), { disposition: 'reset' })
    expect(await failure(card.transceive(askSelected))).toMatchObject({ sessionEnd: 'reset' })
    await card.reconnect({ mode: 'shared', disposition: 'leave' })
    expect(toHex(await card.transceive(askSelected))).toBe('6985')
  })

  it('of more cards than libuv has threads wait their turn without starving the one that holds the reader', async () => {
    await insert(new ScriptedCard())
    const contexts = await Promise.all(Array.from({ length: 6 }, () => openPcsc({ backend: 'system' })))
    const all = await Promise.all(contexts.map((one) => connect(one)))
    let inside = 0
    await Promise.all(
      all.map((card) =>
        card.transaction(async () => {
          expect(++inside).toBe(1)
          for (let i = 0; i < 3; i++) await card.transceive(select)
          inside--
        }),
      ),
    )
    for (const card of all) await card.close()
    for (const one of contexts) await one.close()
  })
})

describe('what the service has and no other binding for Node gives', () => {
  it('attributes of the reader, read and set, and its control codes', async () => {
    await insert(new ScriptedCard())
    const card = await connect()
    const text = async (id: number) => new TextDecoder().decode(await card.getAttribute(id))
    expect(await text(0x0001_0100)).toBe('Kart\0')
    expect(toHex(await card.getAttribute(0x0009_0303))).toBe(toHex(card.atr))
    await card.setAttribute(0x0007_0001, new TextEncoder().encode('line 3'))
    expect(await text(0x0007_0001)).toBe('line 3')
    expect(await failure(card.getAttribute(0x0001_0fff))).toMatchObject({ operation: 'get-attribute' })
    await expect(card.getAttribute(-1)).rejects.toMatchObject({ code: 'input' })
    expect(toHex(await card.control(0x42000001))).toBe('01')
    expect(toHex(await card.control(0x42000d48))).toBe('')
  })

  it('reader groups, the validity of a context, and the power of a card', async () => {
    expect(await context.listReaderGroups()).toEqual(['SCard$DefaultReaders'])
    expect(await context.isValid()).toBe(true)
    await insert(new ScriptedCard())
    const card = await connect()
    expect(await card.status()).toMatchObject({ power: 'negotiable', session: 'open', protocol: 'T1' })
    await plugged.pop()?.unplug()
    await waitForCard(context, first.reader, false)
    expect(await card.status()).toMatchObject({ power: 'absent', session: 'removed', cardPresent: false })
  })

  it('a reader alone, with no card in it', async () => {
    const reader = await context.connect(first.reader, { mode: 'direct' })
    expect(toHex(await reader.control(0x42000001))).toBe('01')
    expect(reader.atr).toHaveLength(0)
    await reader.disconnect('leave')
  })

  it('a wait for a change that ends with the change, with the time, and by cancelling', async () => {
    let changed: boolean | undefined
    const waiting = context.waitForChange({ timeoutMs: 60_000 }).then((outcome) => {
      changed = outcome
    })
    // A change before the wait has looked at what is there is none to it: cards come and go until it has seen one.
    await until('the end of the wait', async () => {
      const card = await insert(new ScriptedCard())
      await card.unplug()
      await waitForCard(context, first.reader, false)
      return changed
    })
    await waiting
    expect(changed).toBe(true)
    expect(await context.waitForChange({ timeoutMs: 30 })).toBe(false)
    const stop = new AbortController()
    const cancelled = context.waitForChange({ timeoutMs: 20_000, signal: stop.signal })
    stop.abort()
    expect(await cancelled).toBe(false)
  })

  it('more waits at once than there are threads leave room for other calls, and for what ends them', async () => {
    const stop = new AbortController()
    let ended = 0
    const waits = Array.from({ length: 6 }, async () => {
      const changed = await context.waitForChange({ timeoutMs: 60_000, signal: stop.signal })
      ended++
      return changed
    })
    await until('the waits to begin', async () => (context.pendingCalls >= 6 ? true : undefined))
    expect(await context.isValid()).toBe(true)
    expect(ended).toBe(0)
    stop.abort()
    expect(await Promise.all(waits)).toEqual(waits.map(() => false))
  })
})

describe('a card that goes, or is taken from under a session', () => {
  it('T01 a card removed in the middle of VERIFY is no wrong PIN, and the PIN is not sent again', async () => {
    const script = new ScriptedCard()
    const made = await insert(script)
    const card = await connect()
    script.onCommand = (command) => {
      if (command[1] === 0x20) void made.unplug()
    }
    const channel = openChannel(card)
    const command = {
      name: 'VERIFY',
      clause: 'ISO/IEC 7816-4:2020, 11.6',
      apdu: { cla: 0, ins: 0x20, p1: 0, p2: 0x81, data: fromHex('31323334'), ne: 0 },
      parse: () => 'verified',
    }
    const error = await send(channel, command).catch((reason: unknown) => reason)
    expect(error).not.toBeInstanceOf(StatusWordError)
    expect(error).toMatchObject({ code: 'transport', mayHaveReachedCard: true })
    await waitForCard(context, first.reader, false)
    expect(await failure(card.transceive(verify))).toMatchObject({ sessionEnd: 'removed' })
    expect(await failure(card.transceive(verify))).toMatchObject({ sessionEnd: 'removed', mayHaveReachedCard: false })
    expect(script.happenings.filter((what) => what === 'apdu')).toHaveLength(1)
  })

  it('T04 a response cut to nothing, to one byte, or longer than any buffer, is a typed error each time', async () => {
    for (const length of [0, 1, 70_000]) {
      await insert(new ScriptedCard(), first, { fault: (_, count) => (count === 1 ? { kind: 'wrong-length', length } : undefined) })
      const card = await connect()
      expect(await failure(card.transceive(select))).toMatchObject({ code: 'transport', mayHaveReachedCard: true })
      await card.close()
      await plugged.pop()?.unplug()
      await waitForCard(context, first.reader, false)
    }
  })

  it('T03 a reset by a second process ends the session, and everything that it had proved', async () => {
    await insert(new ScriptedCard())
    const card = await connect()
    await card.transceive(select)
    await foreignProgram(`const card = await context.connect(${JSON.stringify(first.reader)}, { mode: 'shared' })
await card.disconnect('reset')`)
    expect(await failure(card.transceive(askSelected))).toMatchObject({ pcscName: 'SCARD_W_RESET_CARD', sessionEnd: 'reset' })
    expect(await failure(card.transceive(askSelected))).toMatchObject({ sessionEnd: 'reset', mayHaveReachedCard: false })
    await card.reconnect({ mode: 'shared', disposition: 'leave' })
    expect(toHex(await card.transceive(askSelected))).toBe('6985')
  })

  it('T06 an answer that comes late, time after time, costs no more than its bound; a frozen service is a timeout', async () => {
    await insert(new ScriptedCard(), first, { fault: (_, count) => ({ kind: 'delay', ms: count === 3 ? 2_000 : 20 }) })
    const card = await connect()
    for (let i = 0; i < 2; i++) expect(toHex(await card.transceive(select))).toBe('9000')
    expect(await failure(card.transceive(select, { timeoutMs: 300 }))).toMatchObject({
      pcscName: 'SCARD_E_TIMEOUT',
      mayHaveReachedCard: true,
    })
    expect((await failure(card.transceive(select))).message).toContain('no answer in time')
    await until('the late answer', async () => (context.pendingCalls <= 1 ? true : undefined))
    await insert(new ScriptedCard(), second)
    const next = await connect(context, second.reader)
    const service = Number(process.env.KART_PCSC_PID)
    process.kill(service, 'SIGSTOP')
    const frozen = await failure(next.transceive(select, { timeoutMs: 300 }))
    process.kill(service, 'SIGCONT')
    expect(frozen).toMatchObject({ pcscName: 'SCARD_E_TIMEOUT', mayHaveReachedCard: true })
    await until('the service to go on', async () => (context.pendingCalls <= 1 ? true : undefined))
    const again = await connect(context, second.reader)
    expect(toHex(await again.transceive(select))).toBe('9000')
  })

  it.each([
    ['33 bytes', `3bdf${'00'.repeat(31)}`],
    ['wrong TCK', '3b80800100'],
    ['historical bytes missing', '3b8f8001'],
    ['neither convention', '0000'],
  ])('P15 a card whose ATR has %s is a typed error or a card, and the reader lives on', async (_, hex) => {
    plugged.push(await plugCard(new ScriptedCard(fromHex(hex)), first))
    await waitForCard(context, first.reader, true)
    const outcome = await context.connect(first.reader, { mode: 'shared' }).catch((error: unknown) => error)
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(PcscError)
    else {
      const card = outcome as PcscCard
      expect(toHex(card.atr)).toBe(hex)
      await card.close()
    }
    await plugged.pop()?.unplug()
    await waitForCard(context, first.reader, false)
    await insert(new ScriptedCard())
    expect(toHex(await (await connect()).transceive(select))).toBe('9000')
  })
})

describe('P19 two processes on one reader', () => {
  const image = specimenImage()
  const folder = mkdtempSync(join(tmpdir(), 'kart-p19-'))
  const ready = join(folder, 'ready')
  const go = join(folder, 'go')
  const foreignSelect = `import { existsSync, writeFileSync } from 'node:fs'
const card = await context.connect(${JSON.stringify(first.reader)}, { mode: 'shared' })
writeFileSync(${JSON.stringify(ready)}, '')
while (!existsSync(${JSON.stringify(go)})) await new Promise((again) => setTimeout(again, 5))
let sent = 0, refused = 0
for (let i = 0; i < 400 && sent < 3; i++) {
  try { await card.transceive(Uint8Array.of(0x00, 0xa4, 0x00, 0x0c, 0x02, 0x3f, 0x00)); sent++ } catch (error) { refused++; await new Promise((go) => setTimeout(go, 10)) }
}
await card.disconnect('leave')
print({ sent, refused })`

  beforeAll(builtProgram)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  async function issued() {
    const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })
    await execute(card.transport(), image, executeOptions)
    plugged.push(await plugCard(card, first))
    await waitForCard(context, first.reader, true)
    return connect()
  }

  it('a foreign SELECT in the middle of reading ends it with an error: never with wrong data', async () => {
    const card = await issued()
    let reads = 0
    writeFileSync(go, '')
    const disturbed = {
      get atr() {
        return card.atr
      },
      close: async () => undefined,
      transceive: async (command: Uint8Array) => {
        // Inside the secured session, once: another process selects the master file in plain.
        if ((command[0]! & 0x0c) === 0x0c && ++reads === 12) await foreignProgram(foreignSelect)
        return card.transceive(command)
      },
    }
    const outcome = await readCard(disturbed, { profile: nationalId, access: image.access }).catch((error: unknown) => error)
    expect(reads).toBeGreaterThanOrEqual(12)
    expect(outcome).toMatchObject({ name: 'SecureMessagingError', code: 'secure-messaging' })
  })

  it('in a transaction the foreign process is kept out, and the whole card is read', async () => {
    const card = await issued()
    for (const file of [ready, go]) rmSync(file, { force: true })
    const foreign = foreignProgram(foreignSelect)
    await until('the foreign process to reach for the card', async () => (existsSync(ready) ? true : undefined))
    const evidence = await card.transaction(async () => {
      writeFileSync(go, '')
      // Long enough for the foreign command to be on its way.
      await new Promise((resolve) => setTimeout(resolve, 200))
      return readCard(card, { profile: nationalId, access: image.access })
    })
    expect(evidence.access.outcome).toBe('opened')
    expect(evidence.files.filter(({ bytes }) => bytes === undefined).map(({ outcome }) => outcome)).not.toContain('failed')
    expect(JSON.parse(await foreign)).toMatchObject({ sent: 3 })
  })
})

it('T07 every worker thread has a context of its own, all at once', async () => {
  for (const slot of slots.slice(0, 4)) await insert(new ScriptedCard(), slot)
  const source = `import { Worker } from 'node:worker_threads'
const work = \`import('@kart/pcsc').then(async ({ openPcsc }) => {
  const { parentPort, workerData } = require('node:worker_threads')
  const context = await openPcsc({ backend: 'system' })
  const card = await context.connect(workerData, { mode: 'exclusive' })
  let good = 0
  for (let i = 0; i < 200; i++) if ((await card.transceive(Uint8Array.of(0, 0xa4, 0, 0)))[0] === 0x90) good++
  await context.close()
  parentPort.postMessage(good)
})\`
const readers = ${JSON.stringify(slots.slice(0, 4).map(({ reader }) => reader))}
const counts = await Promise.all(readers.map((workerData) => new Promise((resolve, reject) => {
  const worker = new Worker(work, { eval: true, workerData, execArgv: [] })
  worker.once('message', resolve)
  worker.once('error', reject)
})))
console.log(JSON.stringify(counts))`
  const { code, stdout, stderr } = await runProgram(process.execPath, ['--input-type=module', '--eval', source], {
    cwd: await builtProgram(),
  })
  expect([code, stderr, JSON.parse(stdout || 'null')]).toEqual([0, '', [200, 200, 200, 200]])
})

it('a command as long as the longest and a response as long as the longest go through the reader', async () => {
  const script = new ScriptedCard()
  await insert(script)
  const card = await connect()
  const command = concatBytes(fromHex('00D60000 00 FFFF'.replaceAll(' ', '')), new Uint8Array(65_535).fill(0xa5), fromHex('0000'))
  expect(toHex(await card.transceive(command))).toBe('9000')
  expect(script.lastCommand).toHaveLength(65_544)
})
