import { TransportError } from '@kart/apdu'
import { fromHex, toHex } from '@kart/codec'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pcscCodes } from './codes.ts'
import { openPcsc, type PcscContext } from './context.ts'
import { PcscError } from './errors.ts'
import { pcscliteBackend } from './pcsclite-backend.ts'
import { loadPcsclite } from './pcsclite-load.ts'
import type { PcscEvent } from './readers.ts'
import { FakeService, flags, nativeError } from './testing/fake-pcsclite.ts'

const atr = fromHex('3B80800101')
const command = fromHex('00A4040000')

let service: FakeService
let contexts: PcscContext[]

beforeEach(() => {
  service = new FakeService()
  contexts = []
})
afterEach(async () => {
  for (const resume of service.hanging.splice(0)) resume()
  for (const context of contexts) await context.close()
  expect(service.threads.size).toBe(0)
})

function backend(more: Parameters<typeof pcscliteBackend>[0] = {}) {
  return pcscliteBackend({ load: () => service.module, inWorker: false, socket: () => undefined, ...more })
}

async function open(): Promise<PcscContext> {
  const context = await openPcsc({ backend: backend() })
  contexts.push(context)
  return context
}

/** A context with one reader, holding a card, connected to. */
async function connected() {
  service.setReaders('Reader A')
  service.setState('Reader A', flags.present, atr)
  const context = await open()
  return { context, card: await context.connect('Reader A', { mode: 'shared', timeoutMs: 5000 }) }
}

async function failure(work: Promise<unknown>): Promise<PcscError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(PcscError)
  return error as PcscError
}

async function take(events: AsyncIterator<PcscEvent>, count: number): Promise<PcscEvent[]> {
  const taken: PcscEvent[] = []
  while (taken.length < count) taken.push((await events.next()).value as PcscEvent)
  return taken
}

describe('opening', () => {
  it('T02 gives the code of a service that does not run', async () => {
    service.absent = nativeError('SCardEstablishContext', 'Service not available.', 0x8010001d)
    const error = await failure(openPcsc({ backend: backend() }))
    expect(error).toMatchObject({
      code: 'reader',
      operation: 'open',
      pcscCode: 0x8010001d,
      pcscName: 'SCARD_E_NO_SERVICE',
      reached: 'no',
      cause: service.absent,
    })
    expect(error.message).toContain('pcscd')
    expect(error).toBeInstanceOf(TransportError)
  })

  it('T07 says what to install when pcsclite is absent, and refuses a worker thread', async () => {
    const throwing = (error: Error) => () =>
      loadPcsclite('linux', () => {
        throw error
      })
    const notFound = Object.assign(new Error("Cannot find module 'pcsclite'"), { code: 'MODULE_NOT_FOUND' })
    const absent = await failure(openPcsc({ backend: backend({ load: throwing(notFound) }) }))
    expect(absent.message).toMatch(/not installed; .*libpcsclite-dev/)
    expect(absent).toMatchObject({ code: 'reader', pcscCode: undefined, cause: notFound })
    const unbuilt = await failure(openPcsc({ backend: backend({ load: throwing(new Error('Could not locate the bindings file.')) }) }))
    expect(unbuilt.message).toMatch(/not built.*libpcsclite-dev/)
    const worker = await failure(openPcsc({ backend: backend({ inWorker: true }) }))
    expect(worker.message).toContain('main thread')
  })

  it('opens a system without readers, and refuses a bad timeout', async () => {
    const context = await open()
    expect(await context.listReaders()).toEqual([])
    expect((await failure(context.connect('Reader A', { mode: 'shared' }))).pcscName).toBe('SCARD_E_NO_READERS_AVAILABLE')
    await expect(openPcsc({ backend: backend(), timeoutMs: 0 })).rejects.toMatchObject({ code: 'input', field: 'timeoutMs' })
  })

  it('T02 gives up on a service that never lists its readers', async () => {
    const silent = () => Object.assign(service.module(), { start: () => undefined })
    expect(await failure(openPcsc({ backend: backend({ load: () => silent }), timeoutMs: 50 }))).toMatchObject({
      operation: 'open',
      pcscName: 'SCARD_E_TIMEOUT',
    })
  })
})

describe('readers and events', () => {
  it('lists readers with their state', async () => {
    service.setReaders('Reader A', 'Reader B')
    service.setState('Reader B', flags.present | flags.inUse | flags.exclusive, atr)
    const context = await open()
    expect(await context.listReaders()).toEqual([
      { name: 'Reader A', cardPresent: false, atr: undefined, exclusive: false, inUse: false, mute: false },
      { name: 'Reader B', cardPresent: true, atr, exclusive: true, inUse: true, mute: false },
    ])
  })

  it('tells what is there, then each change in order', async () => {
    service.setReaders('Reader A')
    const context = await open()
    await context.listReaders()
    const events = context.watch()
    service.setState('Reader A', flags.present | 0x10000, atr)
    service.setReaders('Reader A', 'Reader B')
    expect(await take(events, 3)).toEqual([
      { kind: 'reader-added', reader: 'Reader A' },
      { kind: 'card-inserted', reader: 'Reader A', atr },
      { kind: 'reader-added', reader: 'Reader B' },
    ])
    service.setReaders('Reader B')
    expect(await take(events, 2)).toEqual([
      { kind: 'card-removed', reader: 'Reader A' },
      { kind: 'reader-removed', reader: 'Reader A' },
    ])
    expect(await context.listReaders()).toMatchObject([{ name: 'Reader B' }])
  })

  it('T05 tells both events of a card taken out and put back between two reports', async () => {
    service.setReaders('Reader A')
    service.setState('Reader A', flags.present | 0x10000, atr)
    const context = await open()
    await context.listReaders()
    const events = context.watch()
    await take(events, 2)
    service.setState('Reader A', flags.present | 0x30000, atr)
    service.setState('Reader A', flags.present | flags.inUse | 0x30000, atr)
    service.setState('Reader A', flags.empty | 0x60000)
    expect((await take(events, 5)).map(({ kind }) => kind)).toEqual([
      'card-removed',
      'card-inserted',
      'card-removed',
      'card-inserted',
      'card-removed',
    ])
  })

  it('ends loops on abort and on close, and throws in them when the service is lost', async () => {
    service.setReaders('Reader A')
    const context = await open()
    const abort = new AbortController()
    const aborted = context.watch({ signal: abort.signal })
    await aborted.next()
    abort.abort()
    expect(await aborted.next()).toEqual({ done: true, value: undefined })
    expect(await context.watch({ signal: abort.signal }).next()).toMatchObject({ done: false })

    const lost = context.watch()
    await lost.next()
    const waiting = failure(lost.next())
    service.fail(nativeError('SCardGetStatusChange', 'RPC transport error.', 0x80100013))
    expect(await waiting).toMatchObject({ operation: 'watch', pcscName: 'SCARD_F_COMM_ERROR' })
    expect(await failure(context.listReaders())).toMatchObject({ pcscName: 'SCARD_F_COMM_ERROR' })
    await context.close()
    expect(await lost.next()).toEqual({ done: true, value: undefined })
  })
})

describe('connecting', () => {
  it('asks for the share mode and protocol that were given', async () => {
    const { context, card } = await connected()
    expect(service.calls).toEqual(['connect Reader A 2 3'])
    await card.disconnect('leave')
    const again = await context.connect('reader a', { mode: 'exclusive', protocol: 'T1' })
    expect(service.calls.slice(1)).toEqual(['disconnect Reader A 0', 'connect Reader A 1 2'])
    expect([toHex(again.atr), again.protocol, again.reader]).toEqual([toHex(atr), 'T1', 'Reader A'])
  })

  it('names the readers when a name fits none or several', async () => {
    service.setReaders('Reader A', 'Reader B')
    const context = await open()
    expect((await failure(context.connect('C', { mode: 'shared' }))).message).toBe('no reader "C"; there are "Reader A", "Reader B"')
    const several = await failure(context.connect('Reader', { mode: 'shared' }))
    expect(several).toMatchObject({ code: 'reader', pcscName: 'SCARD_E_UNKNOWN_READER' })
    expect(several.message).toContain('fits 2 readers')
  })

  it.each(pcscCodes)('gives $name as a typed error with what to do next', async ({ code, name, meaning, next }) => {
    service.setReaders('Reader A')
    const context = await open()
    service.next.connect.push(nativeError('SCardConnect', 'whatever the library says (or not).', code))
    const error = await failure(context.connect('Reader A', { mode: 'shared' }))
    expect(error).toMatchObject({ code: 'reader', operation: 'connect', pcscCode: code, pcscName: name, reached: 'no' })
    expect(error.message).toContain(meaning)
    expect(error.message).toContain(next)
  })

  it('reads codes that are sign-extended or unknown', async () => {
    service.setReaders('Reader A')
    const context = await open()
    service.next.connect.push(
      new Error('SCardConnect error: x(0xffffffff8010000c)'),
      nativeError('SCardConnect', 'x', 0x80109999),
      new Error('no code at all'),
    )
    expect(await failure(context.connect('Reader A', { mode: 'shared' }))).toMatchObject({ pcscName: 'SCARD_E_NO_SMARTCARD' })
    expect(await failure(context.connect('Reader A', { mode: 'shared' }))).toMatchObject({ pcscCode: 0x80109999, pcscName: undefined })
    expect(await failure(context.connect('Reader A', { mode: 'shared' }))).toMatchObject({
      pcscCode: undefined,
      message: 'connect Reader A: no code at all',
    })
  })

  it('gives up on a connect that hangs, and lets the card go when it comes through after all', async () => {
    service.setReaders('Reader A')
    const context = await open()
    service.next.connect.push('hang')
    expect(await failure(context.connect('Reader A', { mode: 'shared', timeoutMs: 30 }))).toMatchObject({
      operation: 'connect',
      pcscName: 'SCARD_E_TIMEOUT',
    })
    expect(context.pendingCalls).toBe(1)
    service.hanging.shift()?.()
    await expect.poll(() => service.calls.at(-1)).toBe('disconnect Reader A 1')
    expect(context.pendingCalls).toBeLessThanOrEqual(1)
  })

  it('replaces a kept connection object whose service was restarted', async () => {
    const { context, card } = await connected()
    await card.close()
    service.next.connect.push(nativeError('SCardConnect', 'Invalid handle.', 0x80100003))
    const again = await context.connect('Reader A', { mode: 'shared' })
    expect(toHex(await again.transceive(command))).toBe('9000')
  })
})

describe('exchanges', () => {
  it('T04 offers room for the longest extended response and gives back plain bytes', async () => {
    const { card } = await connected()
    const long = new Uint8Array(65_538).fill(0x5a)
    service.next.transmit.push(long)
    const response = await card.transceive(command)
    expect(service.calls.at(-1)).toBe('transmit 5 65548 2')
    expect(Buffer.isBuffer(response)).toBe(false)
    expect(response.length).toBe(65_538)
    expect(response.every((byte) => byte === 0x5a)).toBe(true)
  })

  it.each([
    [0x80100069, 'SCARD_W_REMOVED_CARD', 'maybe'],
    [0x80100068, 'SCARD_W_RESET_CARD', 'maybe'],
    [0x80100016, 'SCARD_E_NOT_TRANSACTED', 'maybe'],
    [0x80100008, 'SCARD_E_INSUFFICIENT_BUFFER', 'yes'],
    [0x80100003, 'SCARD_E_INVALID_HANDLE', 'no'],
    [0x8010000b, 'SCARD_E_SHARING_VIOLATION', 'no'],
  ] as const)('tells with %i whether the card may have got the command', async (code, name, reached) => {
    const { card } = await connected()
    service.next.transmit.push(nativeError('SCardTransmit', 'x', code))
    expect(await failure(card.transceive(command))).toMatchObject({ code: 'transport', operation: 'transmit', pcscName: name, reached })
  })

  it('takes an answer without status word as a failure', async () => {
    const { card } = await connected()
    service.next.transmit.push(new Uint8Array(), Uint8Array.of(0x90))
    expect(await failure(card.transceive(command))).toMatchObject({ code: 'transport', reached: 'maybe' })
    expect(await failure(card.transceive(command))).toMatchObject({ code: 'transport', reached: 'maybe' })
  })

  it('T01 a call without an answer leaves the card unusable and everything else working', async () => {
    const { context, card } = await connected()
    service.next.transmit.push('hang')
    const first = failure(card.transceive(command, { timeoutMs: 30 }))
    const queued = failure(card.transceive(command))
    expect(await first).toMatchObject({ code: 'transport', pcscName: 'SCARD_E_TIMEOUT', reached: 'maybe' })
    expect((await queued).message).toContain('earlier transmit got no answer in time')
    expect((await failure(card.reconnect({ mode: 'shared', disposition: 'reset' }))).message).toContain('connect again')
    await card.close()
    expect(service.calls.filter((call) => call.startsWith('disconnect'))).toEqual([])
    const other = await context.connect('Reader A', { mode: 'shared' })
    expect(toHex(await other.transceive(command))).toBe('9000')
    // When the driver comes back after all, the card is let go.
    service.hanging.shift()?.()
    await expect.poll(() => service.calls.filter((call) => call === 'disconnect Reader A 1').length).toBe(1)
  })

  it('refuses commands that are too short or too long, and bad control codes, before the driver', async () => {
    const { card } = await connected()
    const before = service.calls.length
    await expect(card.transceive(new Uint8Array(3))).rejects.toMatchObject({ code: 'input', field: 'command' })
    await expect(card.transceive(new Uint8Array(65_545))).rejects.toMatchObject({ code: 'input', field: 'command' })
    await expect(card.control(-1)).rejects.toMatchObject({ code: 'input', field: 'code' })
    await expect(card.transceive(command, { timeoutMs: 1.5 })).rejects.toMatchObject({ code: 'input', field: 'timeoutMs' })
    expect(service.calls.length).toBe(before)
  })

  it('sends control codes and types their failures', async () => {
    const { card } = await connected()
    service.next.control.push(fromHex('0102'), nativeError('SCardControl', 'Feature not supported.', 0x8010001f))
    expect(toHex(await card.control(0x42000d48, fromHex('AA')))).toBe('0102')
    expect(service.calls.at(-1)).toBe('control 1 1107299656')
    expect(await failure(card.control(1))).toMatchObject({ code: 'transport', operation: 'control', pcscName: 'SCARD_E_UNEXPECTED' })
  })
})

describe('letting go', () => {
  it.each([
    ['leave', 0],
    ['reset', 1],
    ['unpower', 2],
    ['eject', 3],
  ] as const)('disconnects with %s', async (disposition, number) => {
    const { card } = await connected()
    await card.disconnect(disposition)
    await card.disconnect(disposition)
    await card.close()
    expect(service.calls.slice(1)).toEqual([`disconnect Reader A ${number}`])
    expect(await failure(card.transceive(command))).toMatchObject({ code: 'transport', reached: 'no' })
  })

  it('waits for the call under way', async () => {
    const { card } = await connected()
    const response = card.transceive(command)
    await card.close()
    expect(toHex(await response)).toBe('9000')
    expect(service.calls.slice(1)).toEqual(['transmit 5 65548 2', 'disconnect Reader A 1'])
  })

  it('reconnects in another mode and reads the ATR again; a failed reconnect closes the card', async () => {
    const { card } = await connected()
    const other = fromHex('3B800181')
    service.setState('Reader A', flags.present, other)
    await card.reconnect({ mode: 'exclusive', disposition: 'unpower' })
    expect(service.calls.slice(1)).toEqual(['disconnect Reader A 2', 'connect Reader A 1 3'])
    expect(toHex(card.atr)).toBe(toHex(other))
    service.next.connect.push(nativeError('SCardConnect', 'x', 0x8010000c))
    expect(await failure(card.reconnect({ mode: 'shared', disposition: 'leave' }))).toMatchObject({
      code: 'transport',
      operation: 'reconnect',
      pcscName: 'SCARD_E_NO_SMARTCARD',
    })
    expect((await failure(card.transceive(command))).message).toContain('disconnected')
  })

  it('close() of a card that is gone is quiet; disconnect() tells', async () => {
    const { context, card } = await connected()
    service.next.disconnect.push(nativeError('SCardDisconnect', 'x', 0x80100069), nativeError('SCardDisconnect', 'x', 0x80100069))
    expect(await failure(card.disconnect('reset'))).toMatchObject({
      code: 'transport',
      operation: 'disconnect',
      pcscName: 'SCARD_W_REMOVED_CARD',
    })
    const other = await context.connect('Reader A', { mode: 'shared' })
    await other.close()
  })

  it('the context lets its cards go when it closes, and then refuses', async () => {
    const { context, card } = await connected()
    await context.close()
    await context.close()
    expect(service.calls).toEqual(['connect Reader A 2 3', 'disconnect Reader A 1', 'service close'])
    expect((await failure(card.transceive(command))).message).toContain('disconnected')
    expect((await failure(context.listReaders())).message).toContain('closed')
    expect((await failure(context.connect('Reader A', { mode: 'shared' }))).message).toContain('closed')
  })
})
