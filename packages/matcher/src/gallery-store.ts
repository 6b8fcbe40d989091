import { closeSync, fstatSync, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { DecodeError, InputError } from '@kart/codec'

/** Where a gallery's bytes are. */
export interface GalleryStore {
  readonly size: number
  /** The file's name, or the shared memory, for those who read beside. */
  readonly source: { readonly path: string } | { readonly memory: SharedArrayBuffer }
  /** Throws DecodeError where there are no bytes (any more): a file may have been cut after it was opened. */
  read(at: number, into: Uint8Array): void
  write(at: number, bytes: Uint8Array): void
  resize(size: number): void
  close(): void
}

/** In shared memory, which grows by doubling; `reserve` bytes are taken at once, and never touched until they are needed. */
export function memoryStore(reserve: number): GalleryStore {
  let memory = new SharedArrayBuffer(reserve)
  let bytes = new Uint8Array(memory)
  let size = 0
  return {
    get size() {
      return size
    },
    get source() {
      return { memory }
    },
    read(at, into) {
      into.set(bytes.subarray(at, at + into.length))
    },
    write(at, from) {
      bytes.set(from, at)
    },
    resize(wanted) {
      if (wanted > bytes.length) {
        const larger = new SharedArrayBuffer(Math.max(wanted, 2 * bytes.length))
        new Uint8Array(larger).set(bytes.subarray(0, size))
        memory = larger
        bytes = new Uint8Array(larger)
      }
      size = wanted
    },
    close() {},
  }
}

/** In a file that only its owner may read, opened for reading unless `flags` say otherwise. Throws InputError for what is no file, Node's own error when it cannot be opened. */
export function fileStore(path: string, flags: 'r' | 'r+' | 'wx+' | 'w+'): GalleryStore {
  // Opening a pipe would wait for somebody at its other end.
  const found = statSync(path, { throwIfNoEntry: false })
  if (found !== undefined && !found.isFile())
    throw new InputError('gallery', found.isDirectory() ? 'this is a folder, not a file' : 'this is a pipe or a device, not a file')
  const descriptor = openSync(path, flags, 0o600)
  let size = fstatSync(descriptor).size
  let open = true
  const expectWritable = () => {
    if (flags === 'r') throw new InputError('gallery', 'is open for reading only: open it with { writable: true }')
  }
  return {
    get size() {
      return size
    },
    source: { path },
    read(at, into) {
      let done = 0
      while (done < into.length) {
        const count = readSync(descriptor, into, done, into.length - done, at + done)
        if (count === 0) throw new DecodeError('gallery', 'the file ends here: it was cut after it was opened', { offset: at + done })
        done += count
      }
    },
    write(at, bytes) {
      expectWritable()
      let done = 0
      while (done < bytes.length) done += writeSync(descriptor, bytes, done, bytes.length - done, at + done)
    },
    resize(wanted) {
      expectWritable()
      if (wanted !== size) ftruncateSync(descriptor, wanted)
      size = wanted
    },
    close() {
      if (open) closeSync(descriptor)
      open = false
    },
  }
}
