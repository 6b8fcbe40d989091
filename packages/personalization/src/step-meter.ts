import type { CardTransport } from '@kart/apdu/host'
import type { PersonalizationProgress, PersonalizationStep, StepReport } from './personalization-report.ts'

interface Totals {
  apdus: number
  sent: number
  received: number
  bytes: number
  ms: number
}

/** Counts what goes over a transport, a step at a time, and tells how far the steps are. */
export class StepMeter {
  readonly #onProgress: ((progress: PersonalizationProgress) => void) | undefined
  readonly #start = performance.now()
  readonly #steps: StepReport[] = []
  #apdus = 0
  #sent = 0
  #received = 0
  #bytes = 0

  constructor(onProgress: ((progress: PersonalizationProgress) => void) | undefined) {
    this.#onProgress = onProgress
  }

  /** The transport with every exchange counted. */
  transport(lower: CardTransport): CardTransport {
    return {
      atr: lower.atr,
      transceive: async (command) => {
        this.#apdus++
        this.#sent += command.length
        const response = await lower.transceive(command)
        this.#received += response.length
        return response
      },
      close: () => lower.close(),
    }
  }

  get #now(): Totals {
    return { apdus: this.#apdus, sent: this.#sent, received: this.#received, bytes: this.#bytes, ms: performance.now() - this.#start }
  }

  /** Runs a step of `total` parts; `advance` tells that one is done, and how many content bytes it moved. */
  async step<T>(name: PersonalizationStep, total: number, run: (advance: (bytes?: number) => void) => Promise<T>): Promise<T> {
    const before = this.#now
    let done = 0
    const tell = () => {
      const now = this.#now
      this.#onProgress?.({ step: name, done, total, bytes: now.bytes - before.bytes, apdus: now.apdus, ms: now.ms })
    }
    tell()
    const result = await run((bytes = 0) => {
      done++
      this.#bytes += bytes
      tell()
    })
    const now = this.#now
    this.#steps.push({
      name,
      apdus: now.apdus - before.apdus,
      sent: now.sent - before.sent,
      received: now.received - before.received,
      bytes: now.bytes - before.bytes,
      ms: now.ms - before.ms,
    })
    return result
  }

  /** Every step that ended, and the sums. */
  get totals(): {
    readonly steps: readonly StepReport[]
    readonly apdus: number
    readonly sent: number
    readonly received: number
    readonly ms: number
  } {
    const { apdus, sent, received, ms } = this.#now
    return { steps: [...this.#steps], apdus, sent, received, ms }
  }
}
