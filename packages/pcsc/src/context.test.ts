import { fromHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import type { BackendConnection, BackendListener, BackendSession, PcscBackend, RawState } from './backend.ts'
import { openPcsc } from './context.ts'
import { PcscError, pcscFailureNamed } from './errors.ts'
import type { PcscEvent } from './readers.ts'
import { type ReaderEvent, watchReaders } from './watch-readers.ts'

const atr = fromHex('3b80800101')
const inside: RawState = { state: 0x1_0020, atr }
const empty: RawState = { state: 0x2_0010, atr: new Uint8Array() }
const unplugged: RawState = { state: 0x8, atr: new Uint8Array() }

/** A service that a test speaks for. */
class SpokenService {
  listener: BackendListener | undefined
  absent = false
  connection: Partial<BackendConnection> = {}

  readonly backend: PcscBackend = {
    name: 'spoken',
    open: async (listener) => {
      if (this.absent) throw pcscFailureNamed('open', 'SCARD_E_NO_SERVICE')
      this.listener = listener
      listener.readers(['A', 'A', 'B'])
      listener.state('A', inside)
      listener.state('B', empty)
      return this.session
    },
  }

  readonly session: BackendSession = {
    pendingCalls: 0,
    readState: async () => inside,
    connect: async () =>
      ({ protocol: 2, atr, abandon: () => undefined, disconnect: async () => undefined, ...this.connection }) as BackendConnection,
    isValid: async () => true,
    listGroups: async () => [],
    waitForChange: async () => false,
    close: async () => undefined,
  }
}

async function take<T>(events: AsyncIterator<T>, count: number): Promise<T[]> {
  const taken: T[] = []
  while (taken.length < count) taken.push((await events.next()).value as T)
  return taken
}

describe('T05 readers of one name, and readers that are listed but gone', () => {
  it('a name that is listed twice is one reader', async () => {
    const context = await openPcsc({ backend: new SpokenService().backend })
    expect((await context.listReaders()).map(({ name }) => name)).toEqual(['A', 'B'])
    expect(context.backend).toBe('spoken')
    await context.close()
  })

  it('a reader that the service still lists, but cannot reach, is away until it can', async () => {
    const service = new SpokenService()
    const context = await openPcsc({ backend: service.backend })
    const events = context.watch()
    await take(events, 3)
    service.listener?.state('A', unplugged)
    service.listener?.readers(['A', 'B'])
    expect((await context.listReaders()).map(({ name }) => name)).toEqual(['B'])
    service.listener?.state('A', inside)
    expect(await take<PcscEvent>(events, 4)).toEqual([
      { kind: 'card-removed', reader: 'A' },
      { kind: 'reader-removed', reader: 'A' },
      { kind: 'reader-added', reader: 'A' },
      { kind: 'card-inserted', reader: 'A', atr },
    ])
    await context.close()
  })
})

describe('sessions', () => {
  it('say whether a failed command may have reached the card', async () => {
    const service = new SpokenService()
    const outcomes = ['SCARD_E_SHARING_VIOLATION', 'SCARD_E_NOT_TRANSACTED', 'SCARD_W_RESET_CARD'] as const
    let at = 0
    service.connection = { transmit: async () => Promise.reject(pcscFailureNamed('transmit', outcomes[at++]!)) }
    const context = await openPcsc({ backend: service.backend })
    const card = await context.connect('A', { mode: 'shared' })
    const seen: unknown[] = []
    for (let i = 0; i < 4; i++)
      await card.transceive(fromHex('00a40000')).catch((error: PcscError) => seen.push([error.mayHaveReachedCard, error.sessionEnd]))
    // The fourth is refused by the session: the service is not asked.
    expect([seen, at]).toEqual([
      [
        [false, undefined],
        [true, undefined],
        [true, 'reset'],
        [false, 'reset'],
      ],
      3,
    ])
    await context.close()
  })

  it('refuse a transaction within a transaction, and end one whose work throws', async () => {
    const service = new SpokenService()
    const calls: string[] = []
    service.connection = {
      beginTransaction: async () => void calls.push('begin'),
      endTransaction: async (disposition) => void calls.push(`end ${disposition}`),
    }
    const context = await openPcsc({ backend: service.backend })
    const card = await context.connect('A', { mode: 'shared' })
    await expect(card.transaction(() => card.transaction(async () => undefined))).rejects.toMatchObject({ operation: 'begin' })
    await card.transaction(async () => undefined, { disposition: 'reset' })
    expect(calls).toEqual(['begin', 'end leave', 'begin', 'end reset'])
    await context.close()
  })
})

describe('T02 T03 watchReaders', () => {
  it('waits for a service, takes back what a lost one told, and goes on with the next', async () => {
    const service = new SpokenService()
    service.absent = true
    const stop = new AbortController()
    const kinds: string[] = []
    for await (const event of watchReaders({ backend: service.backend, signal: stop.signal, retryMs: 1 })) {
      kinds.push(event.kind)
      if (kinds.length === 1) service.absent = false
      if (kinds.length === 5) service.listener?.lost(pcscFailureNamed('watch', 'SCARD_E_SERVICE_STOPPED'))
      if (kinds.length === 13) stop.abort()
    }
    const told = ['service-started', 'reader-added', 'card-inserted', 'reader-added']
    const back = ['card-removed', 'reader-removed', 'reader-removed', 'service-stopped']
    expect(kinds).toEqual(['service-stopped', ...told, ...back, ...told])
  })

  it('does not wait where waiting would not help', async () => {
    const backend: PcscBackend = { name: 'none', open: async () => Promise.reject(new PcscError('open', 'no library')) }
    const events: AsyncIterator<ReaderEvent> = watchReaders({ backend })
    await expect(events.next()).rejects.toThrow('no library')
  })
})
