import type { TraceEntry } from '@kart/apdu/host'
import { describe, expect, it } from 'vitest'
import { RunRecorder } from './run-recorder.ts'

const entry = (level: TraceEntry['level'], sent: number, ne: number, received: number | undefined): TraceEntry => ({
  level,
  command: { cla: 0, ins: 0xb0, p1: 0, p2: 0, data: new Uint8Array(sent), ne },
  response: received === undefined ? undefined : { data: new Uint8Array(received), sw: 0x9000 },
  redacted: false,
  microseconds: 1,
  startedAt: 0,
})

describe('RunRecorder', () => {
  it('counts APDUs and bytes on the wire by stage: header, lengths, data, status word', () => {
    const recorder = new RunRecorder()
    recorder.sink(entry('wire', 0, 0, 0))
    recorder.begin('first')
    recorder.sink(entry('wire', 0, 0, 0)) // case 1: 4 + 2
    recorder.sink(entry('wire', 0, 256, 256)) // case 2, short: 5 + 258
    recorder.sink(entry('plain', 3, 0, 7)) // not on the wire
    recorder.begin('first') // goes on
    recorder.sink(entry('wire', 10, 65536, 300)) // case 4, extended: 4 + 3 + 10 + 2 + 302
    recorder.begin('second')
    recorder.sink(entry('wire', 255, 0, undefined)) // case 3, no answer: 5 + 255
    recorder.end()
    expect(recorder.stages.map(({ name, apdus, bytes }) => ({ name, apdus, bytes }))).toEqual([
      { name: 'first', apdus: 3, bytes: 6 + 263 + 321 },
      { name: 'second', apdus: 1, bytes: 260 },
    ])
    expect(recorder.entries).toHaveLength(6)
  })

  it('has no stage before one begins, and ending twice changes nothing', () => {
    const recorder = new RunRecorder()
    recorder.end()
    expect(recorder.stages).toEqual([])
    recorder.begin('only')
    recorder.end()
    const { milliseconds } = recorder.stages[0]!
    recorder.end()
    expect(recorder.stages[0]!.milliseconds).toBe(milliseconds)
  })
})
