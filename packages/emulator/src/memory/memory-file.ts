import { randomUUID } from 'node:crypto'
import * as nodeFs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { encodeAscii } from '@kart/codec'
import { type CardMemory, CardMemoryError } from './card-memory.ts'

/** The file-system calls that the memory file is made of; a test hands in its own to cut the power at any of them. */
export interface MemoryFileSystem {
  openSync(path: string, flags: string, mode?: number): number
  writeSync(descriptor: number, bytes: Uint8Array, offset: number): number
  fsyncSync(descriptor: number): void
  closeSync(descriptor: number): void
  readFileSync(path: string): Uint8Array
  renameSync(from: string, to: string): void
  unlinkSync(path: string): void
  readdirSync(path: string): string[]
}

const processStart = (): number => Date.now() - process.uptime() * 1000

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

/**
 * Memory in one file, mode 0600. A write goes to a new file beside it, which is synced and renamed over the old one before the folder is synced:
 * after a power cut the old or the new image is there, whole. A lock file keeps a second program from opening the same card.
 * Private keys stand in the file in clear, and an old copy put back is a card set back (out of scope): it is a test artefact, not a secure element.
 */
export function fileMemory(path: string, options: { readonly fs?: MemoryFileSystem } = {}): CardMemory & { close(): void } {
  const fs: MemoryFileSystem = options.fs ?? nodeFs
  const folder = dirname(path)
  const name = basename(path)
  const lockPath = `${path}.lock`
  let lock: string | undefined
  let writes = 0

  function failure(what: string, cause: unknown): CardMemoryError {
    return cause instanceof CardMemoryError
      ? cause
      : new CardMemoryError(`card memory file ${name}: ${what}: check that the folder exists, is writable and has room`, { cause })
  }

  function writeNew(target: string, bytes: Uint8Array): void {
    const descriptor = fs.openSync(target, 'wx', 0o600)
    try {
      for (let at = 0; at < bytes.length; ) at += fs.writeSync(descriptor, bytes, at)
      fs.fsyncSync(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
  }

  function syncFolder(): void {
    // Windows gives no handle on a folder; its rename is journalled.
    if (process.platform === 'win32') return
    const descriptor = fs.openSync(folder, 'r')
    try {
      fs.fsyncSync(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
  }

  function holder(): string | undefined {
    try {
      return new TextDecoder().decode(fs.readFileSync(lockPath))
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined
      throw error
    }
  }

  function acquire(): void {
    if (lock !== undefined) return
    const mine = `${process.pid} ${Date.now()} ${randomUUID()}`
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        writeNew(lockPath, encodeAscii(mine))
        lock = mine
        removeLeftovers()
        return
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error
      }
      const found = holder()
      if (found !== undefined && isAlive(found)) throw inUse(found)
      if (found !== undefined) fs.unlinkSync(lockPath)
    }
    throw inUse(holder() ?? '')
  }

  function inUse(found: string): CardMemoryError {
    const pid = found.split(' ')[0] || 'unknown'
    return new CardMemoryError(
      `card memory file ${name} is in use by process ${pid}: end that program, or delete ${name}.lock if it is not running`,
    )
  }

  function discard(temporary: string): void {
    try {
      fs.unlinkSync(temporary)
    } catch {
      // Renamed already, or left for the next start to clean away.
    }
  }

  function removeLeftovers(): void {
    for (const entry of fs.readdirSync(folder))
      if (entry.startsWith(`.${name}.`) && entry.endsWith('.tmp')) fs.unlinkSync(join(folder, entry))
  }

  return {
    load() {
      try {
        acquire()
        return new Uint8Array(fs.readFileSync(path))
      } catch (error) {
        if (hasCode(error, 'ENOENT') && lock !== undefined) return undefined
        throw failure('cannot be read', error)
      }
    },
    store(image) {
      const temporary = join(folder, `.${name}.${process.pid}.${writes++}.tmp`)
      try {
        acquire()
        if (holder() !== lock) throw new CardMemoryError(`card memory file ${name}: another program took the lock: start the card again`)
        writeNew(temporary, image)
        fs.renameSync(temporary, path)
        syncFolder()
      } catch (error) {
        discard(temporary)
        throw failure('cannot be written', error)
      }
    },
    close() {
      if (lock === undefined) return
      const held = lock
      lock = undefined
      try {
        if (holder() === held) fs.unlinkSync(lockPath)
      } catch {
        // A lock that cannot be deleted is found stale by the next program.
      }
    },
  }
}

/** Whether the program that wrote the lock still runs. A lock of our own process number from before our start was left by an earlier program. */
function isAlive(lock: string): boolean {
  const [pid, created] = lock.split(' ').map(Number)
  if (pid === undefined || !Number.isInteger(pid) || pid <= 0) return false
  if (pid === process.pid) return created !== undefined && created >= processStart()
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return hasCode(error, 'EPERM')
  }
}
