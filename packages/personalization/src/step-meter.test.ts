import type { CardTransport } from '@kart/apdu/host'
import { describe, expect, it } from 'vitest'
import type { PersonalizationProgress } from './personalization-report.ts'
import { StepMeter } from './step-meter.ts'

const echo: CardTransport = { atr: Uint8Array.of(0x3b), transceive: async (command) => command.slice(0, 2), close: async () => {} }

describe('StepMeter', () => {
  it('counts exchanges and bytes a step, and tells every part', async () => {
    const seen: PersonalizationProgress[] = []
    const meter = new StepMeter((progress) => seen.push(progress))
    const transport = meter.transport(echo)
    await transport.transceive(new Uint8Array(5))
    const answer = await meter.step('mf-files', 2, async (advance) => {
      await transport.transceive(new Uint8Array(10))
      advance(7)
      await transport.transceive(new Uint8Array(20))
      advance()
      return 'done'
    })
    expect(answer).toBe('done')
    expect(meter.totals).toMatchObject({
      apdus: 3,
      sent: 35,
      received: 6,
      steps: [{ name: 'mf-files', apdus: 2, sent: 30, received: 4, bytes: 7 }],
    })
    expect(seen.map(({ step, done, total, bytes, apdus }) => [step, done, total, bytes, apdus])).toEqual([
      ['mf-files', 0, 2, 0, 1],
      ['mf-files', 1, 2, 7, 2],
      ['mf-files', 2, 2, 7, 3],
    ])
  })

  it('does not report a step that failed as done', async () => {
    const meter = new StepMeter(undefined)
    await expect(meter.step('open', 1, () => Promise.reject(new Error('cut')))).rejects.toThrow('cut')
    expect(meter.totals.steps).toEqual([])
  })
})
