import { randomUUID } from 'node:crypto'
import * as nodeFs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { encodeAscii } from '@kart/codec'
import { type CardMemory, CardMemoryError } from './card-memory.ts'
import type { MonotonicCounter } from './monotonic-counter.ts'

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
  /** The path with every symbolic link followed; throws ENOENT where there is nothing. */
  realpathSync(path: string): string
  statSync(path: string): MemoryFileStatus
}

/** What kind of thing a path names. */
export interface MemoryFileStatus {
  /** In bytes. */
  readonly size: number
  isFile(): boolean
  isDirectory(): boolean
  isFIFO(): boolean
  isSocket(): boolean
}

/** Most bytes of a card's memory, and of its lock (house rules). */
const mostCard = 16 * 1024 * 1024
const mostLock = 1024

/** Where a card lies when every link is followed: two paths of one card have one place, and so one lock. */
interface Place {
  readonly file: string
  readonly folder: string
  readonly name: string
  readonly lock: string
}

const processStart = (): number => Date.now() - process.uptime() * 1000

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

/**
 * Memory in one file, mode 0600. A write goes to a new file beside it, which is synced and renamed over the old one before the folder is synced:
 * after a power cut the old or the new image is there, whole. A lock file keeps a second program from opening the same card, by whatever links it comes;
 * the links are followed when the card is opened. What is no plain file of at most 16 MiB is refused before anything of it is read.
 * Private keys stand in the file in clear: it is a test artefact, not a secure element. An old copy put back is noticed with a `counter` (C16), and only with one.
 */
export function fileMemory(
  path: string,
  options: { readonly fs?: MemoryFileSystem; readonly counter?: MonotonicCounter } = {},
): CardMemory & { close(): void } {
  const fs: MemoryFileSystem = options.fs ?? nodeFs
  let held: { readonly place: Place; readonly lock: string } | undefined
  let writes = 0

  function failure(what: string, cause: unknown): CardMemoryError {
    return cause instanceof CardMemoryError
      ? cause
      : new CardMemoryError(`card memory file ${path}: ${what}: check that the folder exists, is writable and has room`, { cause })
  }

  function placeOf(): Place {
    const file = existing(path) ?? join(folderOf(path), basename(path))
    return { file, folder: dirname(file), name: basename(file), lock: `${file}.lock` }
  }

  function existing(target: string): string | undefined {
    try {
      return fs.realpathSync(target)
    } catch (error) {
      if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined
      throw error
    }
  }

  function folderOf(target: string): string {
    const folder = dirname(target)
    const found = existing(folder)
    if (found === undefined)
      throw new CardMemoryError(`card memory file ${path}: there is no folder ${folder}: make it, or name a file in another one`)
    if (!fs.statSync(found).isDirectory())
      throw new CardMemoryError(`card memory file ${path}: ${folder} is not a folder: name a file in a folder`)
    return found
  }

  /** Throws for what is there and can be no card: a device, for one, would be read without end. */
  function requirePlainFile(target: string, given: string, most: number): void {
    let status: MemoryFileStatus
    try {
      status = fs.statSync(target)
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return
      throw error
    }
    if (!status.isFile()) throw new CardMemoryError(`card memory file ${given} is ${kindOf(status)}: name a file`)
    if (status.size > most)
      throw new CardMemoryError(
        `card memory file ${given} has ${status.size} bytes, which no card has (at most ${most}): name another file`,
      )
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

  function syncFolder(folder: string): void {
    // Windows gives no handle on a folder; its rename is journalled.
    if (process.platform === 'win32') return
    const descriptor = fs.openSync(folder, 'r')
    try {
      fs.fsyncSync(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
  }

  function holder(lockPath: string): string | undefined {
    try {
      requirePlainFile(lockPath, lockPath, mostLock)
      return new TextDecoder().decode(fs.readFileSync(lockPath))
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined
      throw error
    }
  }

  function acquire(): { readonly place: Place; readonly lock: string } {
    if (held !== undefined) return held
    const place = placeOf()
    requirePlainFile(place.file, path, mostCard)
    const lock = `${process.pid} ${Date.now()} ${randomUUID()}`
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        writeNew(place.lock, encodeAscii(lock))
        held = { place, lock }
        removeLeftovers(place)
        return held
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error
      }
      const found = holder(place.lock)
      if (found !== undefined && isAlive(found)) throw inUse(found, place)
      if (found !== undefined) fs.unlinkSync(place.lock)
    }
    throw inUse(holder(place.lock) ?? '', place)
  }

  function inUse(found: string, place: Place): CardMemoryError {
    const pid = found.split(' ')[0] || 'unknown'
    return new CardMemoryError(
      `card memory file ${path} is in use by process ${pid}: end that program, or delete ${place.lock} if it is not running`,
    )
  }

  function discard(temporary: string): void {
    try {
      fs.unlinkSync(temporary)
    } catch {
      // Renamed already, or left for the next start to clean away.
    }
  }

  /** Only what {@link fileMemory} names so for this very card: `.card.4711.0.tmp` is of `card`, `.card.two.4711.0.tmp` of another that may be at work. */
  function removeLeftovers({ folder, name }: Place): void {
    for (const entry of fs.readdirSync(folder))
      if (entry.startsWith(`.${name}.`) && /^\d+\.\d+\.tmp$/.test(entry.slice(name.length + 2))) discard(join(folder, entry))
  }

  return {
    ...(options.counter === undefined ? {} : { counter: options.counter }),
    load() {
      try {
        const { file } = acquire().place
        requirePlainFile(file, path, mostCard)
        return new Uint8Array(fs.readFileSync(file))
      } catch (error) {
        if (hasCode(error, 'ENOENT') && held !== undefined) return undefined
        throw failure('cannot be read', error)
      }
    },
    store(image) {
      let temporary: string | undefined
      try {
        const { place, lock } = acquire()
        if (holder(place.lock) !== lock)
          throw new CardMemoryError(`card memory file ${path}: another program took the lock: start the card again`)
        temporary = join(place.folder, `.${place.name}.${process.pid}.${writes++}.tmp`)
        writeNew(temporary, image)
        fs.renameSync(temporary, place.file)
        syncFolder(place.folder)
      } catch (error) {
        if (temporary !== undefined) discard(temporary)
        throw failure('cannot be written', error)
      }
    },
    close() {
      if (held === undefined) return
      const { place, lock } = held
      held = undefined
      try {
        if (holder(place.lock) === lock) fs.unlinkSync(place.lock)
      } catch {
        // A lock that cannot be deleted is found stale by the next program.
      }
    },
  }
}

function kindOf(status: MemoryFileStatus): string {
  if (status.isDirectory()) return 'a folder'
  if (status.isFIFO()) return 'a pipe'
  return status.isSocket() ? 'a socket' : 'a device'
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
