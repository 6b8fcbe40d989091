import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { type FaultPlan, type PluggableCard, type PluggedCard, plugIntoKartReader, plugIntoVpcd } from '@kart/emulator'
import { type BackendName, openPcsc, type PcscContext, PcscError, type PcscEvent, type PcscReader } from '@kart/pcsc'
import { expect } from 'vitest'

/** A reader that a card can be put into: its name as pcscd makes it, and where the card goes. */
export type Slot = { readonly reader: string } & ({ readonly port: number } | { readonly socket: string })

/** The two slots of Debian's vpcd. */
const vpcdSlots: readonly [Slot, Slot] = [
  { reader: 'Virtual PCD 00 00', port: 35963 },
  { reader: 'Virtual PCD 00 01', port: 35964 },
]

/** Kart's own readers, where this stack has them (scripts/pcsc-stack.mjs --kart-readers N). */
const kartSlots: readonly Slot[] = Array.from({ length: Number(process.env.KART_READER_COUNT ?? 0) }, (_, i) => ({
  reader: `Kart Reader ${i.toString(16).toUpperCase().padStart(2, '0')} 00`,
  socket: join(process.env.KART_READER_SOCKETS ?? '', `reader-${String(i).padStart(2, '0')}.sock`),
}))

/** Whether this stack has Kart's own readers rather than vpcd's. */
export const hasKartReaders = kartSlots.length >= 2

/** Every reader of this stack, at least two. */
export const slots = (hasKartReaders ? kartSlots : vpcdSlots) as readonly [Slot, Slot, ...Slot[]]

/** The backends that are tested here: both where that is quick. */
export const backends: readonly BackendName[] = hasKartReaders ? ['system', 'pcsclite'] : ['system']

/** Puts a card into a slot. */
export function plugCard(card: PluggableCard, slot: Slot, more: { fault?: FaultPlan } = {}): Promise<PluggedCard> {
  return 'port' in slot ? plugIntoVpcd({ card, port: slot.port }) : plugIntoKartReader({ card, socket: slot.socket, ...more })
}

/** Bound on whatever the stack is asked for here (milliseconds). */
export const patienceMs = 20_000

/** Refuses to run on a machine's own pcscd: scripts/test.mjs starts these tests in a stack of their own. */
export function requirePrivateStack(): void {
  if (process.env.KART_PCSC_STACK !== 'private') {
    throw new Error('these tests need a private PC/SC stack: node scripts/test.mjs --only pcsc')
  }
}

export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Asks again until it holds, and throws with `what` when patience ends. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, limitMs = patienceMs): Promise<T> {
  const end = Date.now() + limitMs
  for (;;) {
    const found = await ask()
    if (found !== undefined) return found
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain for ${what}`)
    await delay(25)
  }
}

/** Waits until the service lists every reader of the stack. */
export async function waitForStack(): Promise<void> {
  requirePrivateStack()
  const context = await openPcsc()
  try {
    await until('every reader', async () => ((await context.listReaders()).length === slots.length ? true : undefined))
  } finally {
    await context.close()
  }
}

/** Waits until a reader holds a card, or none. */
export function waitForCard(context: PcscContext, reader: string, present: boolean, limitMs = patienceMs): Promise<PcscReader> {
  const ask = async () => {
    const found = (await context.listReaders()).find(({ name }) => name === reader)
    return found?.cardPresent === present ? found : undefined
  }
  return until(`${present ? 'a card' : 'no card'} in ${reader}`, ask, limitMs)
}

/** How often pcscd looks into a reader that does not tell of its cards (PCSCLITE_STATUS_POLL_RATE, milliseconds). */
const lookMs = 400

/**
 * Puts a card into a slot by `plug` and waits until the service has seen it. A card that cannot be reset any more is marked as absent by
 * pcscd at once, but whoever looks into the reader does not know that: another card that is in vpcd before the next look counts as the same
 * one, and stays unseen until it goes. Kart's own reader stays empty until it was looked at. So a card that vpcd's slot does not show is
 * taken out for some looks and put in again.
 */
export async function insert<T extends Pick<PluggedCard, 'unplug'>>(context: PcscContext, slot: Slot, plug: () => Promise<T>): Promise<T> {
  let left = 'port' in slot ? 3 : 0
  for (;;) {
    await waitForCard(context, slot.reader, false)
    const plugged = await plug()
    try {
      await waitForCard(context, slot.reader, true, left > 0 ? 10 * lookMs : patienceMs)
      return plugged
    } catch (error) {
      // A card that stayed would spoil the tests behind this one.
      await plugged.unplug()
      if (left-- === 0) throw error
      await delay(3 * lookMs)
    }
  }
}

/** Puts a card into a slot and waits until the service has seen it. */
export function insertCard(context: PcscContext, card: PluggableCard, slot: Slot = slots[0]): Promise<PluggedCard> {
  return insert(context, slot, () => plugCard(card, slot))
}

/** Takes the next events of a loop, as many as asked for. */
export async function takeEvents(events: AsyncIterator<PcscEvent>, count: number): Promise<PcscEvent[]> {
  const taken: PcscEvent[] = []
  while (taken.length < count) {
    const { done, value } = await events.next()
    if (done) break
    taken.push(value)
  }
  return taken
}

/** What a program said and how it ended. */
export interface ProgramResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A program under way. */
export interface RunningProgram {
  readonly process: ChildProcess
  readonly result: Promise<ProgramResult>
  /** Ends it (SIGTERM, then SIGKILL) and gives its result. */
  stop(): Promise<ProgramResult>
}

export interface ProgramOptions {
  readonly timeoutMs?: number
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

/** Starts a program that is killed when its time is up: no client of the stack may hang the tests. */
export function startProgram(command: string, args: readonly string[], options: ProgramOptions = {}): RunningProgram {
  // A group of its own: what it starts in turn ends with it.
  const child = spawn(command, [...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...(options.cwd ? { cwd: options.cwd } : {}),
  })
  const kill = (signal: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal)
    } catch {
      // It has ended already.
    }
  }
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const deadline = setTimeout(() => kill('SIGKILL'), options.timeoutMs ?? 60_000)
  const result = new Promise<ProgramResult>((resolve, reject) => {
    child.once('error', (error) => {
      clearTimeout(deadline)
      reject(error)
    })
    child.once('close', (code, signal) => {
      clearTimeout(deadline)
      resolve({ code, signal, stdout, stderr })
    })
  })
  result.catch(() => undefined)
  return {
    process: child,
    result,
    async stop() {
      kill('SIGTERM')
      const hard = setTimeout(() => kill('SIGKILL'), 5000)
      try {
        return await result
      } finally {
        clearTimeout(hard)
      }
    },
  }
}

/** Runs a program to its end. */
export function runProgram(command: string, args: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
  return startProgram(command, args, options).result
}

/**
 * Starts a program that plugs a card into vpcd (`kart emulate --card FILE`) and waits until the service sees the card; when the
 * program ends before, the error carries what it said.
 */
export async function startEmulatedCard(
  command: string,
  args: readonly string[],
  options: ProgramOptions & { readonly reader?: string } = {},
): Promise<RunningProgram & { readonly reader: string; readonly atr: Uint8Array }> {
  const reader = options.reader ?? slots[0].reader
  const context = await openPcsc()
  try {
    await waitForCard(context, reader, false)
    const program = startProgram(command, args, { timeoutMs: 240_000, ...options })
    let ended: ProgramResult | undefined
    program.result.then(
      (result) => {
        ended = result
      },
      () => undefined,
    )
    try {
      const found = await until(`a card from ${command}`, async () => {
        if (ended) throw new Error(`${command} ended with ${ended.signal ?? ended.code}: ${ended.stderr || ended.stdout}`)
        const seen = (await context.listReaders()).find(({ name }) => name === reader)
        return seen?.cardPresent && seen.atr ? seen : undefined
      })
      return { ...program, reader, atr: found.atr ?? new Uint8Array() }
    } catch (error) {
      await program.stop().catch(() => undefined)
      throw error
    }
  } finally {
    await context.close()
  }
}

/** What a call to the driver fails with: a PcscError, and nothing else. */
export async function failure(work: Promise<unknown>): Promise<PcscError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(PcscError)
  return error as PcscError
}
