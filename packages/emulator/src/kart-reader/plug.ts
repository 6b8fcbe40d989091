import { connect, type Socket } from 'node:net'
import { answerOf, followSocket, type PluggableCard, type PluggedCard, type PluggedCardEvent } from '../plugged-card.ts'
import type { FaultPlan } from './fault.ts'
import { encodeKartFrame, frameKinds, type KartFrame, KartFrameReader, longestPayload } from './frames.ts'
import { VirtualReaderError } from './socket-error.ts'

export interface KartPlugOptions {
  readonly card: PluggableCard
  /** The reader's Unix socket (DEVICENAME in pcscd's configuration, with a slash for the colon). */
  readonly socket: string
  /** Takes the card out when it aborts. */
  readonly signal?: AbortSignal
  /** Bound on being put in, in milliseconds; 5000 without it. */
  readonly timeoutMs?: number
  readonly onEvent?: (event: PluggedCardEvent) => void
  /** What goes wrong, for tests of drivers and programs; nothing without it. */
  readonly fault?: FaultPlan
}

/** Puts a card into one of Kart's virtual readers and resolves when the reader has taken it. Throws VirtualReaderError. */
export async function plugIntoKartReader(options: KartPlugOptions): Promise<PluggedCard> {
  const { card, socket: path, signal, timeoutMs = 5000, onEvent } = options
  if (signal?.aborted) throw new VirtualReaderError(path, 'the card was taken out before it was put in')
  const socket = connect(path)
  const frames = new KartFrameReader()
  let unplugged = false
  let failure: unknown
  let count = 0
  let taken = false
  let onTaken: () => void = () => undefined
  const unplug = () => {
    unplugged = true
    // At once, also in the middle of an answer: that is what pulling a card is.
    socket.destroy()
  }

  /** Frames that came while an answer was held back: they stay behind it, or asking again would get round the card's brake on guessing. */
  const backlog: KartFrame[] = []
  let held: NodeJS.Timeout | undefined

  const respond = (command: Uint8Array) => {
    const fault = options.fault?.(command, ++count)
    const send = (response: Uint8Array, limit: number) => {
      if (!unplugged) socket.write(encodeKartFrame(frameKinds.response, response, limit))
    }
    let delay = 0
    const write = (response: Uint8Array, limit = longestPayload) => {
      if (delay === 0) return send(response, limit)
      held = setTimeout(() => {
        held = undefined
        send(response, limit)
        serve()
      }, delay)
    }
    if (fault?.kind === 'mute') return
    const response = answerOf(card, command, longestPayload, onEvent)
    delay = card.answerDelay ?? 0
    if (fault?.kind === 'cut') return unplug()
    if (fault?.kind === 'delay') return void setTimeout(() => write(response), fault.ms)
    if (fault?.kind !== 'wrong-length') return write(response)
    const other = new Uint8Array(fault.length)
    other.set(response.subarray(0, fault.length))
    write(other, Math.max(fault.length, longestPayload))
  }
  const obey = ({ kind, payload }: KartFrame) => {
    if (kind === frameKinds.command) return respond(payload)
    if (kind === frameKinds.putIn) {
      taken = true
      return onTaken()
    }
    try {
      if (kind === frameKinds.powerOff) {
        card.powerOff()
        onEvent?.({ kind: 'power-off' })
      } else if (kind === frameKinds.powerOn || kind === frameKinds.reset) {
        if (kind === frameKinds.reset) card.reset()
        else card.powerOn()
        onEvent?.({ kind: kind === frameKinds.reset ? 'reset' : 'power-on' })
        socket.write(encodeKartFrame(frameKinds.atr, card.atr))
      } else onEvent?.({ kind: 'not-understood', length: payload.length })
    } catch (error) {
      // The reader gets no ATR from a card that fails, as from a real one.
      onEvent?.({ kind: 'card-failed', error })
    }
  }

  const serve = (chunk = new Uint8Array(0)) => {
    try {
      backlog.push(...frames.push(chunk))
      while (held === undefined && !unplugged) {
        const frame = backlog.shift()
        if (frame === undefined) return
        obey(frame)
      }
    } catch (error) {
      failure = error
      socket.destroy()
    }
  }

  socket.on('data', serve)
  socket.on('error', (error) => {
    failure = error
  })
  const plugged = followSocket({
    socket,
    card,
    signal,
    onEvent,
    unplug,
    whyClosed() {
      clearTimeout(held)
      return unplugged ? undefined : new VirtualReaderError(path, problemOf(failure, taken), { cause: failure })
    },
  })
  await waitUntilTaken(socket, path, timeoutMs, plugged.closed, (call) => {
    onTaken = call
  })
  return plugged
}

function problemOf(failure: unknown, taken: boolean): string {
  const code = failure instanceof Error && 'code' in failure ? String(failure.code) : undefined
  if (code === 'ENOENT' || code === 'ECONNREFUSED')
    return 'no reader listens there; start pcscd with the virtual reader (docs/readers.md says how)'
  if (code === 'EACCES') return 'only the owner of its folder may put cards in'
  if (taken) return 'the reader went away (pcscd was stopped, or the reader was unplugged)'
  return code === undefined ? 'the reader pushed the card out: another card is in it' : `no connection (${code})`
}

function waitUntilTaken(
  socket: Socket,
  path: string,
  timeoutMs: number,
  closed: Promise<void>,
  whenTaken: (call: () => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new VirtualReaderError(path, `the reader did not take the card within ${timeoutMs} ms`))
      socket.destroy()
    }, timeoutMs)
    const settle = (act: () => void) => {
      clearTimeout(timer)
      act()
    }
    whenTaken(() => settle(resolve))
    closed.then(
      () => settle(() => reject(new VirtualReaderError(path, 'the card was taken out before it was put in'))),
      (error: unknown) => settle(() => reject(error)),
    )
  })
}
