import { concatBytes } from '@kart/codec'
import type { MemoryFileStatus, MemoryFileSystem } from '../memory/memory-file.ts'

/** Thrown at the cut and at every call after it: the machine is off. */
export class PowerCut extends Error {}

interface Inode {
  /** What a reader sees; what a sync has brought to the disk. */
  cached: Uint8Array
  durable: Uint8Array
}

type Entries = Map<string, Inode>
type FolderChange = (entries: Entries) => void

function refusal(code: string): Error {
  return Object.assign(new Error(code), { code })
}

/**
 * One folder on a disk with a write cache: file contents reach the disk at fsync of the file, names at fsync of the folder, in order.
 * Counts its calls and cuts the power in the middle of the one it is told to.
 */
export class CrashFileSystem implements MemoryFileSystem {
  calls = 0
  #cutAt: number
  readonly #entries: Entries
  #durableEntries: Entries
  #folderChanges: FolderChange[] = []
  readonly #open = new Map<number, Inode | 'folder'>()
  #nextDescriptor = 3

  /** `files` are on the disk; the power goes during call number `cutAt`, counted from 1. */
  constructor(files: ReadonlyMap<string, Uint8Array> = new Map(), cutAt = Number.POSITIVE_INFINITY) {
    this.#entries = new Map([...files].map(([name, bytes]) => [name, { cached: bytes, durable: bytes }]))
    this.#durableEntries = new Map(this.#entries)
    this.#cutAt = cutAt
  }

  /** From now on: the power goes during the call that is this many calls away, 1 the next. */
  arm(calls: number): void {
    this.#cutAt = this.calls + calls
  }

  // Every call is cut before it does anything; a write also half done.
  #call(half?: () => void): void {
    this.calls++
    if (this.calls === this.#cutAt) half?.()
    if (this.calls >= this.#cutAt) throw new PowerCut()
  }

  #change(change: FolderChange): void {
    change(this.#entries)
    this.#folderChanges.push(change)
  }

  openSync(path: string, flags: string): number {
    this.#call()
    const descriptor = this.#nextDescriptor++
    if (path === 'disk') this.#open.set(descriptor, 'folder')
    else if (flags === 'wx') {
      if (this.#entries.has(nameOf(path))) throw refusal('EEXIST')
      const inode: Inode = { cached: new Uint8Array(0), durable: new Uint8Array(0) }
      this.#change((entries) => entries.set(nameOf(path), inode))
      this.#open.set(descriptor, inode)
    } else throw refusal('EINVAL')
    return descriptor
  }

  writeSync(descriptor: number, bytes: Uint8Array, offset: number): number {
    const inode = this.#open.get(descriptor)
    if (inode === undefined || inode === 'folder') throw refusal('EBADF')
    // Short writes are lawful: the writer must go on.
    const length = Math.ceil((bytes.length - offset) / 2)
    const write = (count: number): void => {
      inode.cached = concatBytes(inode.cached, bytes.subarray(offset, offset + count))
    }
    this.#call(() => write(Math.floor(length / 2)))
    write(length)
    return length
  }

  fsyncSync(descriptor: number): void {
    this.#call()
    const inode = this.#open.get(descriptor)
    if (inode === 'folder') {
      this.#durableEntries = new Map(this.#entries)
      this.#folderChanges = []
    } else if (inode) inode.durable = inode.cached
  }

  closeSync(descriptor: number): void {
    this.#call()
    this.#open.delete(descriptor)
  }

  readFileSync(path: string): Uint8Array {
    this.#call()
    const inode = this.#entries.get(nameOf(path))
    if (inode === undefined) throw refusal('ENOENT')
    return inode.cached.slice()
  }

  renameSync(from: string, to: string): void {
    this.#call()
    const inode = this.#entries.get(nameOf(from))
    if (inode === undefined) throw refusal('ENOENT')
    this.#change((entries) => {
      entries.set(nameOf(to), inode)
      entries.delete(nameOf(from))
    })
  }

  unlinkSync(path: string): void {
    this.#call()
    if (!this.#entries.has(nameOf(path))) throw refusal('ENOENT')
    this.#change((entries) => entries.delete(nameOf(path)))
  }

  readdirSync(): string[] {
    this.#call()
    return [...this.#entries.keys()]
  }

  /** There are no links on this disk. */
  realpathSync(path: string): string {
    this.#call()
    if (path !== 'disk' && !this.#entries.has(nameOf(path))) throw refusal('ENOENT')
    return path
  }

  statSync(path: string): MemoryFileStatus {
    this.#call()
    const inode = this.#entries.get(nameOf(path))
    if (path !== 'disk' && inode === undefined) throw refusal('ENOENT')
    return {
      size: inode?.cached.length ?? 0,
      isFile: () => inode !== undefined,
      isDirectory: () => inode === undefined,
      isFIFO: () => false,
      isSocket: () => false,
    }
  }

  /** Every disk that may be found when the power is back: the names up to each change not yet synced, with contents synced, cached or half cached. */
  survivors(): ReadonlyMap<string, Uint8Array>[] {
    const disks: ReadonlyMap<string, Uint8Array>[] = []
    const contents = [
      (inode: Inode) => inode.durable,
      (inode: Inode) => inode.cached,
      (inode: Inode) => (inode.durable === inode.cached ? inode.cached : inode.cached.slice(0, inode.cached.length / 2)),
    ]
    for (let kept = 0; kept <= this.#folderChanges.length; kept++) {
      const entries = new Map(this.#durableEntries)
      for (const change of this.#folderChanges.slice(0, kept)) change(entries)
      for (const content of contents) disks.push(new Map([...entries].map(([name, inode]) => [name, content(inode)])))
    }
    return disks
  }
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
