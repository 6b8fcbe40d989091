import { Cursor, DecodeError } from '@kart/codec'
import { type HistoricalBytes, parseHistoricalBytes } from './historical-bytes.ts'

/** One interface byte: TA, TB, TC or TD with its number from 1 (ISO/IEC 7816-3:2006, 8.2.3). */
export interface InterfaceByte {
  readonly name: string
  readonly value: number
}

/** An answer to reset, taken apart. */
export interface Atr {
  readonly bytes: Uint8Array
  /** Whether the card codes a high line as 1 (`direct`, TS 3B) or as 0 (`inverse`, TS 3F). */
  readonly convention: 'direct' | 'inverse'
  /** Format byte. */
  readonly t0: number
  /** In the order of the ATR. */
  readonly interfaceBytes: readonly InterfaceByte[]
  /** Protocols T in the order that the card names them, 15 (global interface bytes) included; T=0 alone where it names none. */
  readonly protocols: readonly number[]
  /** Clock rate conversion integer of TA1; undefined where TA1 is absent (372 holds) or its value is reserved. */
  readonly fi: number | undefined
  /** Baud rate adjustment integer of TA1; undefined where TA1 is absent (1 holds) or its value is reserved. */
  readonly di: number | undefined
  readonly historicalBytes: HistoricalBytes
  /** Check byte; undefined where only T=0 is offered, which has none. */
  readonly tck: number | undefined
}

/** Fi by the high half of TA1, Di by the low half (ISO/IEC 7816-3:2006, tables 7 and 8); undefined = reserved. */
const clockRates = [372, 372, 558, 744, 1116, 1488, 1860, undefined, undefined, 512, 768, 1024, 1536, 2048, undefined, undefined] as const
const baudRates = [undefined, 1, 2, 4, 8, 16, 32, 64, 12, 20, undefined, undefined, undefined, undefined, undefined, undefined] as const

/** Longest ATR: TS and 32 bytes (ISO/IEC 7816-3:2006, 8.2.1). */
const maxLength = 33

/**
 * Takes an answer to reset apart (ISO/IEC 7816-3:2006, 8.2), 2..33 bytes: every byte it announces must be there, none more, and the check
 * byte must be right. Throws DecodeError for anything else, malformed historical bytes included.
 */
export function parseAtr(bytes: Uint8Array): Atr {
  if (bytes.length > maxLength) throw new DecodeError('ATR', `${bytes.length} bytes where at most ${maxLength} are allowed`)
  const cursor = new Cursor(bytes, 'ATR')
  const ts = cursor.u8('TS')
  if (ts !== 0x3b && ts !== 0x3f) throw new DecodeError('ATR', `TS ${hex(ts)} is neither 3B nor 3F`, { offset: 0 })
  const t0 = cursor.u8('T0')
  const interfaceBytes: InterfaceByte[] = []
  const protocols: number[] = []
  let announced = t0
  for (let i = 1; announced & 0xf0; i++) {
    let td = 0
    for (const [letter, bit] of [
      ['A', 0x10],
      ['B', 0x20],
      ['C', 0x40],
      ['D', 0x80],
    ] as const) {
      if ((announced & bit) === 0) continue
      const value = cursor.u8(`T${letter}${i}`)
      interfaceBytes.push({ name: `T${letter}${i}`, value })
      if (letter === 'D') {
        td = value
        protocols.push(value & 0x0f)
      }
    }
    announced = td
  }
  if (protocols.length === 0) protocols.push(0)
  const historicalOffset = cursor.offset
  const historical = cursor.bytes(t0 & 0x0f, 'historical bytes')
  const tck = protocols.some((protocol) => protocol !== 0) ? cursor.u8('TCK') : undefined
  cursor.end()
  if (tck !== undefined && bytes.subarray(1).reduce((sum, byte) => sum ^ byte, 0) !== 0)
    throw new DecodeError('ATR', 'the check byte TCK is wrong', { offset: bytes.length - 1 })
  const ta1 = interfaceBytes.find(({ name }) => name === 'TA1')?.value
  return {
    bytes: bytes.slice(),
    convention: ts === 0x3b ? 'direct' : 'inverse',
    t0,
    interfaceBytes,
    protocols,
    fi: ta1 === undefined ? undefined : clockRates[ta1 >> 4],
    di: ta1 === undefined ? undefined : baudRates[ta1 & 0x0f],
    historicalBytes: parseHistoricalBytes(historical, historicalOffset),
    tck,
  }
}

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0')
const hexOf = (bytes: Uint8Array): string => Array.from(bytes, hex).join(' ')

/** The bytes as text where all of them are printable ASCII, in quotes; otherwise nothing. */
function asText(bytes: Uint8Array): string {
  return bytes.length > 0 && bytes.every((byte) => byte >= 0x20 && byte <= 0x7e) ? ` “${String.fromCharCode(...bytes)}”` : ''
}

const compactNames: Readonly<Record<number, string>> = {
  1: 'country code',
  2: 'issuer identification number',
  3: 'card service data',
  4: 'initial access data',
  5: 'card issuer’s data',
  6: 'pre-issuing data',
  7: 'card capabilities',
  8: 'status indicator',
  15: 'application identifier',
}

function explainHistorical(historical: HistoricalBytes): string[] {
  const { bytes, category, objects, statusIndicator, capabilities } = historical
  if (category === undefined) return ['no historical bytes']
  const lines = [`historical bytes: ${hexOf(bytes)}${asText(bytes)}`]
  if (objects === undefined) lines.push(category === 0x10 ? 'category 10: a reference to EF.DIR' : 'in a form of the card’s own')
  for (const { tag, value } of objects ?? [])
    lines.push(
      `${compactNames[tag] ?? `compact object ${tag.toString(16).toUpperCase()}`}: ${value.length === 0 ? 'empty' : hexOf(value)}${tag === 5 ? asText(value) : ''}`,
    )
  if (capabilities !== undefined) {
    lines.push(`command chaining: ${capabilities.commandChaining ? 'yes' : 'no'}`)
    lines.push(
      `extended length: ${capabilities.extendedLength ? `yes${capabilities.extendedLengthInfoInEfAtr ? ', limits in EF.ATR/INFO' : ''}` : 'no'}`,
    )
    lines.push(`logical channels: ${capabilities.logicalChannels === 8 ? '8 or more' : capabilities.logicalChannels}`)
  }
  if (category === 0x00 && statusIndicator !== undefined) lines.push(`status indicator: ${hexOf(statusIndicator)}`)
  return lines
}

/** An ATR in plain words, a line a fact (`protocols: T=0, T=1`). Throws DecodeError as {@link parseAtr} does. */
export function explainAtr(bytes: Uint8Array): string[] {
  const atr = parseAtr(bytes)
  const names = [...new Set(atr.protocols)].map((protocol) => (protocol === 15 ? 'global interface bytes (T=15)' : `T=${protocol}`))
  const lines = [`convention: ${atr.convention}`, `protocols: ${names.join(', ')}`]
  if (atr.interfaceBytes.length > 0)
    lines.push(`interface bytes: ${atr.interfaceBytes.map(({ name, value }) => `${name}=${hex(value)}`).join(' ')}`)
  if (atr.interfaceBytes.some(({ name }) => name === 'TA1'))
    lines.push(
      atr.fi === undefined || atr.di === undefined
        ? 'speed: TA1 holds a reserved value'
        : `speed: Fi ${atr.fi}, Di ${atr.di} (${Math.round((4_000_000 * atr.di) / atr.fi / 100) / 10} kbit/s at 4 MHz)`,
    )
  // A reader makes up an ATR of this form for a contactless card (PC/SC part 3, 3.1.3.2.3).
  if ((atr.t0 & 0xf0) === 0x80 && atr.protocols.join() === '0,1' && atr.interfaceBytes.length === 2)
    lines.push('form: the one that readers also make up for contactless cards')
  lines.push(...explainHistorical(atr.historicalBytes))
  lines.push(atr.tck === undefined ? 'no check byte (only T=0)' : `check byte ${hex(atr.tck)}: right`)
  return lines
}
