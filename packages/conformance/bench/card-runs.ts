import type { CardTransport } from '@kart/apdu/host'
import { type BackendName, useBackend } from '@kart/crypto'
import type { CardImage } from '@kart/personalization'
import type { Evidence } from '@kart/verification'
import { blankCard, check, loadSpecimen, personalize, type RunOptions, read } from './specimen-run.ts'
import { clocked, type Timing, timingOf } from './statistics.ts'

/** The parts that are timed; verify = read + check. */
export const jobs = ['personalize', 'verify', 'read', 'check'] as const
export type Job = (typeof jobs)[number]

/** One way of running: which implementation of the primitives, and which length fields. */
export interface Way extends RunOptions {
  readonly name: string
  readonly backend: BackendName
}

export const ways = [
  { name: 'as shipped, extended APDUs', backend: 'auto', extendedLength: true },
  { name: 'as shipped, short APDUs', backend: 'auto', extendedLength: false },
  { name: 'all on @noble (3DES: node), extended', backend: 'noble', extendedLength: true },
  { name: 'all on node:crypto, extended', backend: 'node', extendedLength: true },
] as const satisfies readonly Way[]

export interface WayTimings {
  readonly way: string
  readonly timings: Readonly<Record<Job, Timing>>
}

/**
 * Times whole cards for so many milliseconds after some rounds of warm-up. Each round personalizes and verifies a new card every way in turn, so that what else
 * the machine does falls on all ways alike. Making the blank card is not timed.
 */
export async function timeCards({ warmUpRounds, milliseconds }: { warmUpRounds: number; milliseconds: number }): Promise<WayTimings[]> {
  const specimen = await loadSpecimen(process.cwd())
  const found = ways.map(() => ({ personalize: [], verify: [], read: [], check: [] }) as Record<Job, { wallMs: number; cpuMs: number }[]>)
  let deadline = Number.POSITIVE_INFINITY
  for (let round = 0; round < warmUpRounds || performance.now() < deadline; round++) {
    if (round === warmUpRounds) deadline = performance.now() + milliseconds
    for (const [i, way] of ways.entries()) {
      const before = useBackend(way.backend)
      try {
        const card = blankCard()
        const issued = await clocked(() => personalize(specimen, card.transport(), way))
        const reading = await clocked(() => read(specimen, issued.value.image, card.transport(), way))
        const checking = await clocked(() => check(specimen, reading.value))
        if (round < warmUpRounds) continue
        found[i]!.personalize.push(issued)
        found[i]!.read.push(reading)
        found[i]!.check.push(checking)
        found[i]!.verify.push({ wallMs: reading.wallMs + checking.wallMs, cpuMs: reading.cpuMs + checking.cpuMs })
      } finally {
        useBackend(before)
      }
    }
  }
  return ways.map(({ name }, i) => ({
    way: name,
    timings: Object.fromEntries(jobs.map((job) => [job, timingOf(found[i]![job])])) as Record<Job, Timing>,
  }))
}

/** What crossed the wire for one card. */
export interface Wire {
  readonly job: 'personalize' | 'verify'
  readonly apdus: 'extended' | 'short'
  /** Command and response pairs. */
  readonly pairs: number
  /** Bytes of all commands and of all responses, headers, MACs and status words included. */
  readonly sent: number
  readonly received: number
  /** Content bytes of the files: written (and read back, which counts once here) or read. */
  readonly payload: number
}

function counting(transport: CardTransport): { transport: CardTransport; count: { pairs: number; sent: number; received: number } } {
  const count = { pairs: 0, sent: 0, received: 0 }
  const counted: CardTransport = {
    atr: transport.atr,
    async transceive(command) {
      const response = await transport.transceive(command)
      count.pairs++
      count.sent += command.length
      count.received += response.length
      return response
    },
    close: () => transport.close(),
  }
  return { transport: counted, count }
}

const sizeOfImage = ({ files }: CardImage): number => files.reduce((sum, { bytes }) => sum + bytes.length, 0)
const sizeOfEvidence = ({ files }: Evidence): number => files.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0)

/** Counts what crosses the wire for one card, with extended and with short APDUs. The key, EF.SOD and so the sums differ by a few bytes from card to card. */
export async function countWire(): Promise<Wire[]> {
  const specimen = await loadSpecimen(process.cwd())
  const found: Wire[] = []
  for (const extendedLength of [true, false]) {
    const apdus = extendedLength ? 'extended' : 'short'
    const card = blankCard()
    const writing = counting(card.transport())
    const { image, report } = await personalize(specimen, writing.transport, { extendedLength })
    if (report.payload < sizeOfImage(image)) throw new Error('the report counts less than the image holds')
    found.push({ job: 'personalize', apdus, ...writing.count, payload: report.payload })
    const reading = counting(card.transport())
    const evidence = await read(specimen, image, reading.transport, { extendedLength })
    await check(specimen, evidence)
    found.push({ job: 'verify', apdus, ...reading.count, payload: sizeOfEvidence(evidence) })
  }
  return found
}
