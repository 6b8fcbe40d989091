import { encodeCommand, type TraceEntry, type TraceSink } from '@kart/apdu/host'
import type { StageLine } from './html-report.ts'

/** Gathers the traces of a run and counts them by stage. */
export class RunRecorder {
  /** Every entry, wire and plain, in the order they came. */
  readonly entries: TraceEntry[] = []
  readonly #stages: { name: string; apdus: number; bytes: number; startedAt: number; milliseconds: number }[] = []

  /** Hand this to the wire and the plain trace alike. */
  readonly sink: TraceSink = (entry) => {
    this.entries.push(entry)
    const stage = this.#stages.at(-1)
    if (stage === undefined || entry.level !== 'wire') return
    stage.apdus++
    stage.bytes += encodeCommand(entry.command).length + (entry.response === undefined ? 0 : entry.response.data.length + 2)
  }

  /** Ends the stage that runs and begins another; the same name again goes on with it. */
  begin(name: string): void {
    const last = this.#stages.at(-1)
    if (last?.name === name) return
    this.end()
    this.#stages.push({ name, apdus: 0, bytes: 0, startedAt: performance.now(), milliseconds: 0 })
  }

  /** Ends the stage that runs. */
  end(): void {
    const last = this.#stages.at(-1)
    if (last !== undefined && last.milliseconds === 0) last.milliseconds = performance.now() - last.startedAt
  }

  /** What each stage cost: APDUs and bytes on the wire (command and response, headers and status words included), wall time. */
  get stages(): StageLine[] {
    return this.#stages.map(({ name, apdus, bytes, milliseconds }) => ({ name, apdus, bytes, milliseconds }))
  }
}
