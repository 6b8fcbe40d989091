import { afterEach, describe, expect, it } from 'vitest'
import { hearInterrupts, InterruptedError, type Interrupts } from './interrupt.ts'

const card = (sent: Uint8Array[]) => ({
  where: 'a card',
  close: async () => undefined,
  transport: {
    atr: Uint8Array.of(0x3b, 0),
    async transceive(command: Uint8Array) {
      sent.push(command)
      return Uint8Array.of(0x90, 0)
    },
    close: async () => undefined,
  },
})

let interrupts: Interrupts | undefined
afterEach(() => interrupts?.release())

describe.each(['SIGINT', 'SIGTERM'] as const)('%s', (signal) => {
  it('stops before the next command to the card, and says so once', async () => {
    const said: string[] = []
    interrupts = hearInterrupts((text) => said.push(text))
    const sent: Uint8Array[] = []
    const { transport } = interrupts.guard(card(sent))
    await transport.transceive(Uint8Array.of(1))
    process.emit(signal)
    process.emit(signal)
    await expect(transport.transceive(Uint8Array.of(2))).rejects.toThrow(InterruptedError)
    await expect(interrupts.passStopping()).rejects.toThrow(signal)
    expect(sent).toEqual([Uint8Array.of(1)])
    expect(said).toEqual([`${signal}: stopping before the next command to the card.`])
  })

  it('is heard by work that never waits for anything outside', async () => {
    interrupts = hearInterrupts(() => undefined)
    const { transport } = interrupts.guard(card([]))
    setImmediate(() => process.emit(signal))
    const work = async () => {
      for (let i = 0; i < 100; i++) await transport.transceive(Uint8Array.of(i))
    }
    await expect(work()).rejects.toThrow(InterruptedError)
  })

  it('stops nothing that is past stopping', async () => {
    const said: string[] = []
    interrupts = hearInterrupts((text) => said.push(text))
    const sent: Uint8Array[] = []
    const { transport } = interrupts.guard(card(sent))
    await interrupts.passStopping()
    process.emit(signal)
    await transport.transceive(Uint8Array.of(3))
    expect([sent.length, interrupts.late, said.length]).toEqual([1, signal, 1])
  })

  it('is left alone afterwards', () => {
    const before = process.listenerCount(signal)
    hearInterrupts(() => undefined).release()
    expect(process.listenerCount(signal)).toBe(before)
  })
})
