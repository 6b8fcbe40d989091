import { connect, type Socket } from 'node:net'
import { answerOf, followSocket, type PluggableCard, type PluggedCard, type PluggedCardEvent } from '../plugged-card.ts'
import { encodeFrame, FrameReader, longestMessage } from './frames.ts'
import { VpcdError } from './vpcd-error.ts'

// One-byte messages of vpcd (vsmartcard); every other message is a command APDU, which has at least four bytes (ISO/IEC 7816-3:2006, 12.1).
const powerOff = 0x00
const powerOn = 0x01
const reset = 0x02
const getAtr = 0x04

export interface PlugOptions {
  readonly card: PluggableCard
  /** 127.0.0.1 without it. */
  readonly host?: string
  /** TCP port of the reader's slot; 35963, the first, without it. */
  readonly port?: number
  /** Takes the card out when it aborts. */
  readonly signal?: AbortSignal
  /** Bound on connecting, in milliseconds; 5000 without it. */
  readonly timeoutMs?: number
  readonly onEvent?: (event: PluggedCardEvent) => void
}

/** Puts a card into a slot of the virtual reader vpcd, so that programs on PC/SC find it there. Throws VpcdError when vpcd cannot be reached. */
export async function plugIntoVpcd(options: PlugOptions): Promise<PluggedCard> {
  const { card, host = '127.0.0.1', port = 35963, signal, timeoutMs = 5000, onEvent } = options
  if (signal?.aborted) throw new VpcdError(host, port, 'the card was taken out before it was put in')
  const socket = await connectTo(host, port, timeoutMs, signal)
  // Each answer is one small packet that the reader waits for.
  socket.setNoDelay(true)

  const frames = new FrameReader()
  let unplugged = false
  let failure: unknown
  const unplug = () => {
    unplugged = true
    socket.end()
    // vpcd does not answer to an end; nothing of ours is under way after it.
    socket.destroySoon()
  }
  const backlog: Uint8Array[] = []
  let held: NodeJS.Timeout | undefined
  const send = (answer: Uint8Array) => {
    // The card may have been taken out by what it was asked.
    if (!unplugged) socket.write(encodeFrame(answer))
  }
  const serve = () => {
    while (held === undefined && !unplugged) {
      const message = backlog.shift()
      if (message === undefined) return
      const answer = answerTo(card, message, onEvent)
      if (answer === undefined) continue
      const delay = message.length > 1 ? (card.answerDelay ?? 0) : 0
      if (delay === 0) send(answer)
      else
        held = setTimeout(() => {
          held = undefined
          send(answer)
          serve()
        }, delay)
    }
  }
  socket.on('data', (chunk) => {
    backlog.push(...frames.push(chunk))
    serve()
  })
  socket.on('error', (error) => {
    failure = error
  })
  return followSocket({
    socket,
    card,
    signal,
    onEvent,
    unplug,
    whyClosed() {
      clearTimeout(held)
      if (unplugged) return undefined
      return new VpcdError(host, port, 'the reader went away (pcscd was stopped, or another card took the slot)', { cause: failure })
    },
  })
}

function connectTo(host: string, port: number, timeoutMs: number, signal: AbortSignal | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    const fail = (problem: string, cause?: unknown) => {
      settle()
      socket.destroy()
      socket.on('error', () => undefined)
      reject(new VpcdError(host, port, problem, { cause }))
    }
    const timer = setTimeout(() => fail(`no connection within ${timeoutMs} ms`), timeoutMs)
    const onAbort = () => fail('the card was taken out before it was put in')
    const onError = (error: NodeJS.ErrnoException) =>
      fail(
        error.code === 'ECONNREFUSED'
          ? 'vpcd is not listening; start pcscd with the vsmartcard-vpcd driver (Debian, Ubuntu: apt-get install pcscd vsmartcard-vpcd)'
          : `no connection (${error.code ?? error.message})`,
        error,
      )
    const onConnect = () => {
      settle()
      resolve(socket)
    }
    const settle = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      socket.off('error', onError)
      socket.off('connect', onConnect)
    }
    socket.once('error', onError)
    socket.once('connect', onConnect)
    signal?.addEventListener('abort', onAbort)
  })
}

/** The answer to one message; undefined for those that have none. A card that throws does not take the reader down. */
function answerTo(card: PluggableCard, message: Uint8Array, onEvent: PlugOptions['onEvent']): Uint8Array | undefined {
  const [control] = message
  if (message.length > 1) return answerOf(card, message, longestMessage, onEvent)
  try {
    if (control === powerOff) {
      card.powerOff()
      onEvent?.({ kind: 'power-off' })
    } else if (control === powerOn) {
      card.powerOn()
      onEvent?.({ kind: 'power-on' })
    } else if (control === reset) {
      card.reset()
      onEvent?.({ kind: 'reset' })
    } else if (control === getAtr) {
      onEvent?.({ kind: 'atr' })
      return card.atr
    } else onEvent?.({ kind: 'not-understood', length: message.length })
  } catch (error) {
    onEvent?.({ kind: 'card-failed', error })
  }
  return undefined
}
