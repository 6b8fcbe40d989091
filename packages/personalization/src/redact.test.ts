import type { TraceEntry } from '@kart/apdu/host'
import { describe, expect, it } from 'vitest'
import { redact } from './redact.ts'

function entry(level: 'wire' | 'plain', cla: number, ins: number, withAnswer = true): TraceEntry {
  const command = { cla, ins, p1: 1, p2: 2, data: Uint8Array.of(1, 2, 3), ne: 0 }
  return {
    level,
    command,
    response: withAnswer ? { data: Uint8Array.of(4, 5), sw: 0x9000 } : undefined,
    redacted: false,
    microseconds: 5,
    startedAt: 7,
  }
}

const isBlank = ({ command, response }: TraceEntry) =>
  command.data.every((byte) => byte === 0) && (response?.data ?? new Uint8Array(0)).every((byte) => byte === 0)

describe('redact', () => {
  it.each([
    ['wire', 0x00, 0xa4],
    ['plain', 0x00, 0xa4],
    ['plain', 0x80, 0xe6],
    ['plain', 0x80, 0xf0],
    ['plain', 0x80, 0xf2],
    ['wire', 0x84, 0xe2],
    ['wire', 0x0c, 0xb0],
  ] as const)('shows %s %i INS %i: it names files and states, or is ciphertext', (level, cla, ins) => {
    const shown = entry(level, cla, ins)
    expect(redact(shown)).toEqual(shown)
  })

  it.each([
    ['wire', 0x80, 0x50],
    ['wire', 0x84, 0x82],
    ['plain', 0x84, 0x82],
    ['wire', 0x00, 0x82],
    ['wire', 0x00, 0x84],
    ['wire', 0x00, 0xb0],
    ['wire', 0x80, 0xe2],
    ['plain', 0x80, 0xe2],
    ['plain', 0x84, 0xe2],
    ['plain', 0x0c, 0xb0],
    ['plain', 0x00, 0xb1],
    ['plain', 0x00, 0x88],
    ['plain', 0x00, 0x20],
    ['plain', 0x80, 0xd8],
    ['wire', 0x00, 0xc0],
    ['plain', 0x00, 0x77],
  ] as const)('blanks %s %i INS %i, keeping lengths, header, status and time', (level, cla, ins) => {
    const secret = entry(level, cla, ins)
    const shown = redact(secret)
    expect(isBlank(shown)).toBe(true)
    expect(shown).toMatchObject({
      redacted: true,
      microseconds: 5,
      startedAt: 7,
      command: { cla, ins, p1: 1, p2: 2 },
      response: { sw: 0x9000 },
    })
    expect([shown.command.data.length, shown.response!.data.length]).toEqual([3, 2])
    expect(isBlank(secret)).toBe(false)
  })

  it('blanks a command whose exchange failed', () => {
    expect(redact(entry('plain', 0x80, 0xe2, false))).toMatchObject({
      redacted: true,
      response: undefined,
      command: { data: new Uint8Array(3) },
    })
  })
})
