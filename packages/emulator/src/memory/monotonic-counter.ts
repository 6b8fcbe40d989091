import * as nodeFs from 'node:fs'
import { CardMemoryError } from './card-memory.ts'

/** A number that only rises, kept apart from the memory image: what a chip has in hardware. */
export interface MonotonicCounter {
  /** 0 before the first step. Throws CardMemoryError. */
  read(): number
  /** Raises it; call with no less than what {@link read} gives. Durable when it returns. Throws CardMemoryError. */
  raise(value: number): void
  /** Back to 0, for a memory that holds no card any more. Throws CardMemoryError. */
  clear(): void
}

/** The card's memory is an older copy than the counter beside it tells (C16). */
export function setBack(): CardMemoryError {
  return new CardMemoryError(
    'the card memory is an older copy of the card: it was set back, which would give its counters of tries back. Put the newest copy in its place, or make a new card',
  )
}

/**
 * A counter in a file of its own, mode 0600: the emulator's stand-in for the hardware counter of a chip. It tells when the card's file alone is put back; whoever puts both
 * files back, or deletes this one, is not told (documented limit).
 */
export function fileCounter(path: string): MonotonicCounter {
  function failing<T>(run: () => T): T {
    try {
      return run()
    } catch (cause) {
      if (cause instanceof CardMemoryError) throw cause
      throw new CardMemoryError(`the counter of the card’s memory, ${path}, cannot be read or written: check the folder`, { cause })
    }
  }
  const write = (value: number): void => {
    const temporary = `${path}.${process.pid}.tmp`
    const descriptor = nodeFs.openSync(temporary, 'w', 0o600)
    try {
      nodeFs.writeSync(descriptor, `${value}\n`)
      nodeFs.fsyncSync(descriptor)
    } finally {
      nodeFs.closeSync(descriptor)
    }
    nodeFs.renameSync(temporary, path)
  }
  return {
    read: () =>
      failing(() => {
        if (!nodeFs.existsSync(path)) return 0
        if (nodeFs.statSync(path).size > 16) throw new CardMemoryError(`${path} is no counter of a card’s memory: delete or rename it`)
        const text = nodeFs.readFileSync(path, 'utf8')
        if (!/^\d{1,10}\n$/.test(text)) throw new CardMemoryError(`${path} is no counter of a card’s memory: delete or rename it`)
        return Number(text)
      }),
    raise: (value) => failing(() => write(value)),
    clear: () => failing(() => nodeFs.rmSync(path, { force: true })),
  }
}
