import { closeSync, openSync, writeSync } from 'node:fs'
import { recordTransport } from '@kart/apdu'
import type { OpenCard } from './card-source.ts'

/** A trace file under way. */
export interface Recording {
  readonly file: string
  readonly exchanges: number
  /** Ends the file. */
  stop(): void
}

let current: { readonly fd: number; readonly keepData: boolean; used: boolean; lines: number } | undefined

/** Records the card that is opened next, in a new file that only its owner may read. Throws Node's own error, also where the file exists. */
export function startRecording(file: string, options: { readonly keepData: boolean }): Recording {
  const recording = { fd: openSync(file, 'wx', 0o600), keepData: options.keepData, used: false, lines: 0 }
  current = recording
  return {
    file,
    // The first line is the header.
    get exchanges() {
      return Math.max(0, recording.lines - 1)
    },
    stop() {
      if (current === recording) current = undefined
      closeSync(recording.fd)
    },
  }
}

/** The card with its exchanges recorded, where a recording waits for one; else the card as it is. */
export function recorded(card: OpenCard): OpenCard {
  const recording = current
  if (recording === undefined || recording.used) return card
  recording.used = true
  const transport = recordTransport(card.transport, {
    // Line by line, so that a run that ends badly leaves all that came before.
    write: (line) => {
      recording.lines++
      writeSync(recording.fd, `${line}\n`)
    },
    keepData: recording.keepData,
    where: card.where,
  })
  return { ...card, transport }
}
