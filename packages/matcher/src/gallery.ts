import { DecodeError, InputError } from '@kart/codec'
import type { MinutiaeTemplate } from '@kart/minutiae'
import { blockSums, sumBytes } from './checksum.ts'
import { blockBytes, blockStride, decodeHeader, encodeHeader, type GalleryHeader, headerBytes, sizeOf } from './gallery-format.ts'
import { fileStore, type GalleryStore, memoryStore } from './gallery-store.ts'
import { blockRecords, fastestKernel } from './kernel.ts'
import { packTemplate, personBytes, recordBytes, recordFields, recordMinutiae } from './packed.ts'

/** A finger as it is enrolled. */
export interface EnrolledFinger {
  readonly template: MinutiaeTemplate
  /** 0 unknown, 1..5 right thumb to little finger, 6..10 left (ISO/IEC 19794-2:2005, 7.4.2.1); default 0. */
  readonly position?: number
}

/** What a slot holds beside the template. */
export interface GalleryEntry {
  /** Empty when the record was removed. */
  readonly person: string
  readonly position: number
  /** Fingers that the person was enrolled with. */
  readonly fingers: number
}

/**
 * Templates to search in: flat records in blocks with sums, the same bytes in one SharedArrayBuffer or in a file. Opening reads the header and nothing else.
 * One writer at a time; searches read beside.
 */
export class Gallery {
  readonly #store: GalleryStore
  readonly #header: GalleryHeader
  #unwritten = false

  private constructor(store: GalleryStore, header: GalleryHeader) {
    this.#store = store
    this.#header = header
  }

  /** An empty gallery in shared memory; `records`: how many to take memory for at once. */
  static create(records = 1024, { synthetic = false } = {}): Gallery {
    return Gallery.#empty(memoryStore(sizeOf(records)), synthetic)
  }

  /** An empty gallery in a new file; throws Node's error when the file exists, unless `replace`. */
  static createFile(path: string, { synthetic = false, replace = false } = {}): Gallery {
    return Gallery.#empty(fileStore(path, replace ? 'w+' : 'wx+'), synthetic)
  }

  static #empty(store: GalleryStore, synthetic: boolean): Gallery {
    const gallery = new Gallery(store, { slots: 0, live: 0, synthetic })
    store.resize(headerBytes)
    gallery.flush()
    return gallery
  }

  /** A gallery in a file, read where and when it is searched. Throws DecodeError for what is no gallery; `writable` to append and remove. */
  static open(path: string, { writable = false } = {}): Gallery {
    const store = fileStore(path, writable ? 'r+' : 'r')
    try {
      const head = new Uint8Array(Math.min(headerBytes, store.size))
      store.read(0, head)
      return new Gallery(store, decodeHeader(head, store.size))
    } catch (error) {
      store.close()
      throw error
    }
  }

  /** A copy of a gallery in shared memory: faster to search than a file that is not in the system's cache. */
  load(): Gallery {
    const store = memoryStore(sizeOf(this.slots))
    store.resize(sizeOf(this.slots))
    const chunk = new Uint8Array(64 * blockStride)
    for (let at = 0; at < store.size; at += chunk.length) {
      const part = chunk.subarray(0, Math.min(chunk.length, store.size - at))
      this.#store.read(at, part)
      store.write(at, part)
    }
    return new Gallery(store, { ...this.#header })
  }

  /** Records written, removed ones included. */
  get slots(): number {
    return this.#header.slots
  }

  /** Records in use. */
  get live(): number {
    return this.#header.live
  }

  /** Whether its fingers were invented. */
  get synthetic(): boolean {
    return this.#header.synthetic
  }

  get blocks(): number {
    return Math.ceil(this.slots / blockRecords)
  }

  get bytes(): number {
    return sizeOf(this.slots)
  }

  /** Where the bytes are, for a worker that reads beside. */
  get source(): GalleryStore['source'] {
    return this.#store.source
  }

  /**
   * Adds a person's fingers, side by side, and gives the slot of the first. Throws InputError for a name that is empty or longer than 24 bytes of UTF-8, a
   * position above 10, or a template whose arrays disagree.
   */
  append(person: string, fingers: readonly EnrolledFinger[]): number {
    return this.appendPeople([{ person, fingers }])
  }

  /** Adds several persons at once, as {@link append} does one: the blocks are written once. Gives the slot of the first. */
  appendPeople(people: readonly { readonly person: string; readonly fingers: readonly EnrolledFinger[] }[]): number {
    return this.#appendRecords(people.flatMap(({ person, fingers }) => recordsOf(person, fingers)))
  }

  #appendRecords(records: readonly Uint8Array[]): number {
    const first = this.slots
    let at = first
    for (let done = 0; done < records.length; ) {
      const block = Math.floor(at / blockRecords)
      const within = at % blockRecords
      const part = records.slice(done, done + blockRecords - within)
      if (within === 0) this.#store.resize(sizeOf(at + 1))
      const bytes = within === 0 ? new Uint8Array(blockBytes) : this.readBlock(block)
      for (const [k, record] of part.entries()) bytes.set(record, (within + k) * recordBytes)
      this.#writeBlock(block, bytes)
      done += part.length
      at += part.length
    }
    this.#header.slots = at
    this.#header.live += records.length
    this.#unwritten = true
    return first
  }

  /** Removes every finger of a person: the templates are overwritten with zeros. Gives how many there were. Reads the whole gallery. */
  remove(person: string): number {
    const name = personName(person)
    let removed = 0
    for (let block = 0; block < this.blocks; block++) {
      const bytes = this.readBlock(block)
      let changed = 0
      for (let k = 0; k < blockRecords; k++) {
        const record = bytes.subarray(k * recordBytes, (k + 1) * recordBytes)
        if (record[recordFields.live] !== 1 || name.some((byte, n) => record[recordFields.person + n] !== byte)) continue
        record.fill(0)
        changed++
      }
      if (changed > 0) this.#writeBlock(block, bytes)
      removed += changed
    }
    this.#header.live -= removed
    if (removed > 0) this.flush()
    return removed
  }

  /** Closes the gaps that removed records left; the order stays, the slots' numbers do not. */
  compact(): void {
    let to = 0
    let block = new Uint8Array(blockBytes)
    const blocks = this.blocks
    for (let from = 0; from < blocks; from++) {
      const bytes = this.readBlock(from)
      for (let k = 0; k < blockRecords; k++) {
        const record = bytes.subarray(k * recordBytes, (k + 1) * recordBytes)
        if (record[recordFields.live] !== 1) continue
        block.set(record, (to % blockRecords) * recordBytes)
        to++
        if (to % blockRecords === 0) {
          this.#writeBlock(to / blockRecords - 1, block)
          block = new Uint8Array(blockBytes)
        }
      }
    }
    if (to % blockRecords > 0) this.#writeBlock(Math.floor(to / blockRecords), block)
    this.#header.slots = to
    this.#header.live = to
    this.#store.resize(sizeOf(to))
    this.flush()
  }

  /** Writes the header, so that a file holds what was appended; `close` does it too. */
  flush(): void {
    this.#store.write(0, encodeHeader(this.#header))
    this.#unwritten = false
  }

  close(): void {
    if (this.#unwritten) this.flush()
    this.#store.close()
  }

  /** The records of a block; throws InputError when its sums do not hold. */
  readBlock(block: number): Uint8Array<ArrayBuffer> {
    const records = this.soundBlock(block)
    if (records === undefined) throw new InputError('gallery', `block ${block} is damaged: its sums do not hold; restore it from a copy`)
    return records
  }

  /** The records of a block, or undefined when its sums do not hold or its bytes are gone. */
  soundBlock(block: number): Uint8Array<ArrayBuffer> | undefined {
    let bytes: Uint8Array<ArrayBuffer>
    try {
      bytes = this.readBlockAnyway(block)
    } catch (error) {
      if (error instanceof DecodeError) return undefined
      throw error
    }
    const records = bytes.subarray(0, blockBytes)
    return blockSums(records).some((byte, k) => byte !== bytes[blockBytes + k]) ? undefined : records
  }

  /** Reads the whole gallery, and gives the blocks whose sums do not hold. */
  damagedBlocks(progress?: (done: number, all: number) => void): number[] {
    const damaged: number[] = []
    for (let block = 0; block < this.blocks; block++) {
      if (this.soundBlock(block) === undefined) damaged.push(block)
      progress?.(block + 1, this.blocks)
    }
    return damaged
  }

  /** The bytes of a block and its sums, as they are. */
  readBlockAnyway(block: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(blockStride)
    this.#store.read(headerBytes + block * blockStride, bytes)
    return bytes
  }

  /** What stands in a slot. */
  entry(slot: number): GalleryEntry {
    if (!Number.isInteger(slot) || slot < 0 || slot >= this.slots) throw new InputError('slot', `not in 0..${this.slots - 1}`)
    const bytes = new Uint8Array(64)
    this.#store.read(headerBytes + Math.floor(slot / blockRecords) * blockStride + (slot % blockRecords) * recordBytes, bytes)
    const name = bytes.subarray(recordFields.person, recordFields.person + personBytes)
    const end = name.indexOf(0)
    return {
      person: new TextDecoder().decode(end < 0 ? name : name.subarray(0, end)),
      position: bytes[recordFields.position]!,
      fingers: bytes[recordFields.fingers]!,
    }
  }

  #writeBlock(block: number, bytes: Uint8Array): void {
    const all = new Uint8Array(blockBytes + sumBytes)
    all.set(bytes)
    all.set(blockSums(bytes), blockBytes)
    this.#store.write(headerBytes + block * blockStride, all)
  }
}

function recordsOf(person: string, fingers: readonly EnrolledFinger[]): Uint8Array[] {
  const name = personName(person)
  if (fingers.length === 0 || fingers.length > 255) throw new InputError('fingers', 'not 1 to 255')
  return fingers.map(({ template, position = 0 }) => {
    if (!Number.isInteger(position) || position < 0 || position > 10) throw new InputError('finger position', 'not in 0..10')
    const record = new Uint8Array(recordBytes)
    packTemplate(fastestKernel().prepare(template, recordMinutiae), record)
    record[recordFields.position] = position
    record[recordFields.live] = 1
    record[recordFields.fingers] = fingers.length
    record.set(name, recordFields.person)
    return record
  })
}

/** What speaks against a person's name, or undefined: it is 1 to 24 bytes of UTF-8 without NUL. */
export function personProblem(person: string): string | undefined {
  const bytes = new TextEncoder().encode(person)
  const good = bytes.length > 0 && bytes.length <= personBytes && !bytes.includes(0)
  return good ? undefined : `a person's name is 1 to ${personBytes} bytes of UTF-8 without NUL`
}

// Zero-filled to its full length, so that one name never begins like another.
function personName(person: string): Uint8Array {
  const problem = personProblem(person)
  if (problem !== undefined) throw new InputError('person', problem)
  const name = new Uint8Array(personBytes)
  name.set(new TextEncoder().encode(person))
  return name
}
