import { readFileSync } from 'node:fs'
import { type CardChannel, type CommandApdu, decodeResponse, encodeCommand, openChannel, type ResponseApdu } from '@kart/apdu/host'
import { fromHex, toHex } from '@kart/codec'

// For the tests of this package only; the entry point does not reach it.

/** One test of a vector file, as the tests here read it. */
export interface VectorTest {
  readonly id: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly input: Readonly<Record<string, unknown>>
  readonly expected: Readonly<Record<string, unknown>>
  readonly result: 'valid' | 'invalid' | 'acceptable'
}

/** One group of a vector file. */
export interface VectorGroup {
  readonly tests: readonly VectorTest[]
  readonly [field: string]: unknown
}

/** Reads a file under test-vectors. */
export function vectorGroups(file: string): readonly VectorGroup[] {
  return JSON.parse(readFileSync(new URL(`../../../../test-vectors/${file}`, import.meta.url), 'utf8')).groups
}

/** The group of this name. */
export function vectorGroup(file: string, name: string): VectorGroup {
  const group = vectorGroups(file).find((candidate) => candidate.name === name)
  if (group === undefined) throw new Error(`${file} has no group ${name}`)
  return group
}

/** A hex field of a vector that must be there. */
export function hexField(value: unknown): Uint8Array {
  if (typeof value !== 'string') throw new Error('the vector lacks a field')
  return fromHex(value)
}

/** A command APDU in hex, taken apart case by case; the vectors hold short length fields and extended ones that start with 00. */
export function command(hex: unknown): CommandApdu {
  const bytes = hexField(hex)
  const [cla, ins, p1, p2] = bytes as unknown as [number, number, number, number]
  const header = { cla, ins, p1, p2 }
  const none = new Uint8Array(0)
  if (bytes.length === 4) return { ...header, data: none, ne: 0 }
  if (bytes.length === 5) return { ...header, data: none, ne: bytes[4] || 256 }
  const extended = bytes[4] === 0
  if (extended && bytes.length === 7) return { ...header, data: none, ne: bytes[5]! * 256 + bytes[6]! || 65536 }
  const start = extended ? 7 : 5
  const end = start + (extended ? bytes[5]! * 256 + bytes[6]! : bytes[4]!)
  const le = bytes.slice(end)
  const ne = le.length === 0 ? 0 : le.length === 1 ? le[0] || 256 : le[0]! * 256 + le[1]! || 65536
  return { ...header, data: bytes.slice(start, end), ne }
}

/** A command APDU as it goes over the wire, in hex. */
export function commandHex(value: CommandApdu): string {
  return toHex(encodeCommand(value))
}

/** A response APDU in hex, taken apart. */
export function response(hex: unknown): ResponseApdu {
  return decodeResponse(hexField(hex))
}

/** A response APDU as it comes over the wire, in hex. */
export function responseHex(value: ResponseApdu): string {
  return toHex(value.data) + value.sw.toString(16).padStart(4, '0')
}

/** A card that insists on exactly these commands, in this order, and gives these responses (hex). */
export function scriptedChannel(rows: readonly (readonly [command: unknown, response: unknown])[]): CardChannel & { left(): number } {
  const left = [...rows]
  const channel = openChannel({
    atr: fromHex('3b00'),
    async transceive(bytes) {
      const row = left.shift()
      if (row === undefined || toHex(bytes) !== row[0]) throw new Error(`the script has ${row?.[0]}, the terminal sent ${toHex(bytes)}`)
      return hexField(row[1])
    },
    async close() {},
  })
  return { transmit: (apdu) => channel.transmit(apdu), left: () => left.length }
}
