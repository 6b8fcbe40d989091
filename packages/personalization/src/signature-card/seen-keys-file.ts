import { createHash, randomUUID } from 'node:crypto'
import * as fs from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { SeenKeys } from '@kart/crypto'
import { fileProblem } from '../pki/key-files.ts'
import { PkiError } from '../pki/pki-error.ts'
import { syncFolder } from '../sync-folder.ts'

const line = /^[0-9a-f]{64}$/
const chunkBytes = 1 << 20
/** How long another program may hold the lock, which it needs for one write. */
const patienceMs = 10_000
const pauseMs = 20

const codeOf = (error: unknown): string | undefined => (error as { code?: string }).code

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

const pidOf = (mark: string | undefined): number => Number(mark?.split(' ')[0])

// An empty one is being written at this moment, or was left by a power cut.
const isDead = (mark: string): boolean => Number.isInteger(pidOf(mark)) && pidOf(mark) > 0 && !isAlive(pidOf(mark))

function markIn(lock: string): string | undefined {
  try {
    return fs.readFileSync(lock, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Makes a file that one program alone can make; false where it is there. */
function make(lock: string, mark: string): boolean {
  try {
    fs.writeFileSync(lock, mark, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    return false
  }
}

/** The right to take away the lock with this mark, a file beside it that one program alone can make. */
export const claimOf = (lock: string, mark: string): string => `${lock}.${createHash('sha256').update(mark).digest('hex').slice(0, 16)}`

/**
 * Takes away a lock that a dead program left. Two programs may find it at once, and the slower one must not take away what the faster has put in its place: so the right to take this
 * very one comes first, and then a second look. That right may have been left by a dead program itself.
 */
function takeAway(lock: string, dead: string): void {
  const claim = claimOf(lock, dead)
  if (!make(claim, `${process.pid} ${randomUUID()}`)) {
    const other = markIn(claim)
    if (other !== undefined && isDead(other)) takeAway(claim, other)
    return
  }
  try {
    if (markIn(lock) === dead) fs.unlinkSync(lock)
  } finally {
    fs.unlinkSync(claim)
  }
}

/** Takes the lock, a file that one program alone can make; one that a dead program left is taken away. Gives what gives it back. Throws PkiError. */
async function acquire(path: string): Promise<{ isOurs(): boolean; release(): void }> {
  const lock = `${path}.lock`
  const mark = `${process.pid} ${randomUUID()}`
  const isOurs = () => markIn(lock) === mark
  for (const end = Date.now() + patienceMs; ; await wait(pauseMs)) {
    if (make(lock, mark)) return { isOurs, release: () => (isOurs() ? fs.unlinkSync(lock) : undefined) }
    const found = markIn(lock)
    if (found !== undefined && isDead(found)) takeAway(lock, found)
    if (Date.now() >= end)
      throw new PkiError(
        `the memory of holders’ keys is in use by process ${pidOf(found) || 'unknown'}: end that program, or delete ${lock} if it is not running`,
      )
  }
}

/**
 * A memory of public keys in a file, mode 0600, that outlives the process: a line of 64 hex digits a fingerprint, only ever added to. Each is on the disk before it counts as
 * remembered; a line that a power cut tore was never reported, and is taken away. Programs that share the file wait for each other. It is read once, 65 MB for a million lines;
 * later only what was added. Its methods throw PkiError for a file that cannot be read or written or holds anything else: a memory with holes would forget.
 */
export function seenInFile(path: string): SeenKeys {
  const seen = new Set<string>()
  let read = 0
  let inode: number | undefined

  function takeNew(descriptor: number): void {
    const { size, ino } = fs.fstatSync(descriptor)
    // Another file was put in its place, or it was cut: all of it is new.
    if (ino !== inode || size < read) read = 0
    // A file that holds anything else is read from its start the next time too, and refused again.
    inode = undefined
    let rest = ''
    const chunk = new Uint8Array(Math.min(chunkBytes, Math.max(1, size - read)))
    while (read < size) {
      const count = fs.readSync(descriptor, chunk, 0, Math.min(chunk.length, size - read), read)
      if (count === 0) break
      read += count
      const lines = (rest + Buffer.from(chunk.subarray(0, count)).toString('latin1')).split('\n')
      rest = lines.pop() ?? ''
      for (const one of lines) {
        if (!line.test(one)) throw new PkiError(`${path} is no memory of holders’ keys: a line of it is not 64 hex digits`)
        seen.add(one)
      }
    }
    if (!/^[0-9a-f]{0,64}$/.test(rest)) throw new PkiError(`${path} is no memory of holders’ keys: it ends in something else`)
    inode = ino
    if (rest === '') return
    read -= rest.length
    fs.ftruncateSync(descriptor, read)
    // All 64 digits are there: the key may have been certified.
    if (line.test(rest)) append(descriptor, rest)
  }

  function append(descriptor: number, fingerprint: string): void {
    const bytes = new TextEncoder().encode(`${fingerprint}\n`)
    for (let at = 0; at < bytes.length; ) at += fs.writeSync(descriptor, bytes, at, bytes.length - at, read + at)
    fs.fsyncSync(descriptor)
    read += bytes.length
    seen.add(fingerprint)
  }

  /** Runs `use` with the file open and locked, its lines read. */
  async function within<T>(use: (add: (fingerprint: string) => void) => T): Promise<T> {
    try {
      const lock = await acquire(path)
      try {
        const isNew = !fs.existsSync(path)
        const descriptor = fs.openSync(path, isNew ? 'wx+' : 'r+', 0o600)
        try {
          if (isNew) syncFolder(dirname(path))
          takeNew(descriptor)
          return use((fingerprint) => {
            if (!lock.isOurs()) throw new PkiError('another program took the lock of the memory of holders’ keys: try again')
            append(descriptor, fingerprint)
          })
        } finally {
          fs.closeSync(descriptor)
        }
      } finally {
        lock.release()
      }
    } catch (cause) {
      if (cause instanceof PkiError || codeOf(cause) === undefined) throw cause
      throw new PkiError(`the memory of holders’ keys, ${path}, ${fileProblem(cause)}: no key is certified without it`, { cause })
    }
  }

  return {
    remember: (fingerprint) =>
      within((add) => {
        if (seen.has(fingerprint)) return false
        add(fingerprint)
        return true
      }),
    has: (fingerprint) => within(() => seen.has(fingerprint)),
  }
}
