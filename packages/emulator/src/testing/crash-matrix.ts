// Cuts the power at every file-system call of one command, and says what the card is afterwards.
import { createHash } from 'node:crypto'
import { EmulatedCard } from '../emulated-card.ts'
import { decodeImage } from '../memory/card-image.ts'
import type { CardMemory } from '../memory/card-memory.ts'
import type { CardState } from '../memory/card-state.ts'
import { fileMemory } from '../memory/memory-file.ts'
import { CrashFileSystem } from './crash-file-system.ts'

/** One command that writes. */
export interface CrashRow {
  /** The command, and what makes it this row. */
  readonly name: string
  /** Fault cases whose outcome is held here. */
  readonly cases: string
  /** Brings a card into the memory and to where the command can be sent; gives what sends it, with its status word. */
  readonly prepare: (memory: CardMemory) => () => string | undefined
  /** Status word of the command that is not cut. */
  readonly sw: string
  /** What may be found, beside that it is whole; throws what is wrong. `before` is the card before the command, `after` the card that it makes when nothing fails. */
  readonly holds?: (found: CardState, before: CardState, after: CardState) => void
}

/** What may be found after a cut: `old`, `new`, or a state between that the command writes on its way (a counter that has fallen). */
export type Found = 'old' | 'between' | 'new'

/** One row's outcome: for each call, in its order, every state that may be found. */
export interface CrashOutcome {
  readonly name: string
  readonly cases: string
  /** Writes of the whole memory. */
  readonly commits: number
  readonly cuts: readonly (readonly Found[])[]
  /** Files of the card's own code whose writes were cut. */
  readonly sites: readonly string[]
}

const digest = (image: Uint8Array): string => createHash('sha256').update(image).digest('hex')

/** Notes every image that is written, and from which place in the card's code. */
class WatchedMemory implements CardMemory {
  readonly images: Uint8Array[] = []
  readonly sites = new Set<string>()
  watching = false
  readonly #inner: CardMemory

  constructor(inner: CardMemory) {
    this.#inner = inner
  }

  load(): Uint8Array | undefined {
    return this.#inner.load()
  }

  store(image: Uint8Array): void {
    if (this.watching) {
      this.images.push(image.slice())
      const site = /src\/((?!memory\/|testing\/)[\w/-]+\.ts):\d+/.exec(new Error('site').stack ?? '')
      if (site?.[1] !== undefined) this.sites.add(site[1])
    }
    this.#inner.store(image)
  }

  close(): void {
    this.#inner.close?.()
  }
}

interface Try {
  readonly disk: CrashFileSystem
  readonly memory: WatchedMemory
  readonly before: Uint8Array
  readonly sw: string | undefined
  readonly calls: number
}

/** One run of the row; cut in the given call of the command, if told. */
function attempt(row: CrashRow, cut?: number): Try {
  const disk = new CrashFileSystem()
  const memory = new WatchedMemory(fileMemory('disk/card', { fs: disk }))
  const send = row.prepare(memory)
  const before = disk.readFileSync('disk/card')
  memory.watching = true
  const start = disk.calls
  if (cut !== undefined) disk.arm(cut)
  let sw: string | undefined
  try {
    sw = send()
  } catch (error) {
    // The terminal of the tests cannot make sense of what a card without power says.
    if (cut === undefined) throw error
  }
  return { disk, memory, before, sw, calls: disk.calls - start }
}

/** What lies on the disk, read as the next start of the card reads it. */
function start(survivor: ReadonlyMap<string, Uint8Array>): Uint8Array {
  // The program that held the lock died with the power.
  const fs = new CrashFileSystem(new Map([...survivor].filter(([name]) => name !== 'card.lock')))
  const memory = fileMemory('disk/card', { fs })
  new EmulatedCard({ memory }).close()
  if (fs.readdirSync().join() !== 'card') throw new Error('something lies beside the card after its start')
  return fs.readFileSync('disk/card')
}

/** Runs the row whole, then once for each call that it makes, cut there. Throws where a card is found that is neither old nor new nor between, or that the row forbids. */
export function cutEverywhere(row: CrashRow): CrashOutcome {
  const whole = attempt(row)
  if (whole.sw !== row.sw) throw new Error(`${row.name} answered ${whole.sw} where ${row.sw} was expected`)
  const { images } = whole.memory
  const cuts: Found[][] = []
  for (let cut = 1; cut <= whole.calls; cut++) {
    const { disk, memory, before } = attempt(row, cut)
    const written = [before, ...memory.images].map(digest)
    const started = new Map<string, string>()
    const found = new Set<Found>()
    for (const survivor of disk.survivors()) {
      const key = digest(survivor.get('card') ?? new Uint8Array(0))
      const image = started.get(key) ?? digest(start(survivor))
      started.set(key, image)
      const index = written.indexOf(image)
      if (index < 0) throw new Error(`${row.name}, call ${cut}: a card is found that nobody wrote`)
      const state = decodeImage(survivor.get('card')!)
      row.holds?.(state, decodeImage(before), decodeImage(images.at(-1) ?? before))
      found.add(index === 0 ? 'old' : index === images.length ? 'new' : 'between')
    }
    cuts.push([...found].sort((a, b) => order[a] - order[b]))
  }
  return { name: row.name, cases: row.cases, commits: images.length, cuts, sites: [...whole.memory.sites] }
}

const order: Readonly<Record<Found, number>> = { old: 0, between: 1, new: 2 }
