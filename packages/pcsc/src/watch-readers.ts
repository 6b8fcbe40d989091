import type { PcscBackend } from './backend.ts'
import type { BackendName } from './choose-backend.ts'
import { openPcsc, type PcscContext } from './context.ts'
import { checkTimeout } from './deadline.ts'
import { type PcscError, toPcscError } from './errors.ts'
import type { PcscEvent } from './readers.ts'

/** Something that happened to a reader, a card, or the service behind them. */
export type ReaderEvent =
  | PcscEvent
  /** The service answers: what is there follows. */
  | { readonly kind: 'service-started' }
  /** The service is gone, or was not there to begin with; what it had told was taken back before. It is looked for until it is there. */
  | { readonly kind: 'service-stopped'; readonly error: PcscError }

export interface WatchReadersOptions {
  /** As for {@link openPcsc}. */
  readonly backend?: BackendName | PcscBackend
  /** Ends the loop when it aborts. */
  readonly signal?: AbortSignal
  /** How long to wait before the service is looked for again, in milliseconds; 500 without it. */
  readonly retryMs?: number
}

/** A wait that the signal ends early. */
function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
    if (signal?.aborted) done()
  })
}

/** The events that take back all that was told, cards before their readers. */
function takeBack(present: ReadonlyMap<string, boolean>): PcscEvent[] {
  return [...present].flatMap(([reader, card]): PcscEvent[] => [
    ...(card ? [{ kind: 'card-removed', reader } as const] : []),
    { kind: 'reader-removed', reader },
  ])
}

function note(present: Map<string, boolean>, event: PcscEvent): void {
  if (event.kind === 'reader-removed') present.delete(event.reader)
  else present.set(event.reader, event.kind === 'card-inserted')
}

/**
 * Readers and cards coming and going, for `for await`, through everything that happens to them: readers unplugged and plugged in again, a
 * service that is not there yet, stops, or is started again. First what is there already. At every moment the events so far, taken together,
 * say what is there: a service that stops takes its cards and readers back. Ends when the signal aborts or the loop is left. Throws PcscError
 * only where waiting would not help: no package to reach PC/SC with, no PC/SC library.
 */
export async function* watchReaders(options: WatchReadersOptions = {}): AsyncGenerator<ReaderEvent, void, undefined> {
  const { signal } = options
  const retryMs = checkTimeout(options.retryMs ?? 500)
  let toldAbsence = false
  while (!signal?.aborted) {
    let context: PcscContext
    try {
      context = await openPcsc(options.backend === undefined ? {} : { backend: options.backend })
    } catch (error) {
      const failure = toPcscError('open', error)
      // Without a PC/SC code it is not the service that is missing.
      if (failure.pcscCode === undefined) throw failure
      if (!toldAbsence) yield { kind: 'service-stopped', error: failure }
      toldAbsence = true
      await wait(retryMs, signal)
      continue
    }
    toldAbsence = true
    const present = new Map<string, boolean>()
    let lost: PcscError | undefined
    try {
      yield { kind: 'service-started' }
      for await (const event of context.watch(signal ? { signal } : {})) {
        note(present, event)
        yield event
      }
    } catch (error) {
      lost = toPcscError('watch', error)
    } finally {
      await context.close().catch(() => undefined)
    }
    if (signal?.aborted || lost === undefined) return
    for (const event of takeBack(present)) yield event
    yield { kind: 'service-stopped', error: lost }
    await wait(retryMs, signal)
  }
}
