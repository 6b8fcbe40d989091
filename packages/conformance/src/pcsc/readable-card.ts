import { concatBytes, encodeTlv, equalBytes, fromHex, toHex, uintToBytes } from '@kart/codec'
import type { PluggableCard } from '@kart/emulator'

const applicationAid = fromHex('A000000063504B43532D3135')
const sw = (hex: string) => fromHex(hex)

/** What OpenSC's myeid driver asks a card before it looks for files: its name and version, and what it can do. */
const cardData: Readonly<Record<string, Uint8Array>> = {
  '01a0': concatBytes(new TextEncoder().encode('OsEID'), fromHex('040502'), fromHex('00112233445566778899'), fromHex('0001')),
  '01aa': fromHex('01000F080000C001000209'),
}

/** A card that only lets its files be read, in the way of the MyEID command surface: it stands for no card of ours, it shows files to stock tools. */
export class ReadableCard implements PluggableCard {
  readonly atr: Uint8Array = fromHex('3B8D80018031FE739621C0554F7345494466')
  /** Content of each file by its path in hex, `3f005015` for the application itself. */
  readonly #files: ReadonlyMap<string, Uint8Array>
  #selected = '3f00'

  constructor(files: ReadonlyMap<string, Uint8Array>) {
    this.#files = files
  }

  powerOn(): void {
    this.#selected = '3f00'
  }

  powerOff(): void {}

  reset(): void {
    this.#selected = '3f00'
  }

  process(command: Uint8Array): Uint8Array {
    const [cla, ins, p1 = 0, p2 = 0, p3 = 0] = command
    if (cla !== 0) return sw('6e00')
    if (ins === 0xa4) return this.#select(p1, p2, command.subarray(5, 5 + p3))
    if (ins === 0xb0) return this.#read((p1 << 8) | p2, p3 || 256)
    if (ins === 0xca) {
      const data = cardData[toHex(Uint8Array.of(p1, p2))]
      return data ? concatBytes(data, sw('9000')) : sw('6a88')
    }
    return sw('6d00')
  }

  #select(p1: number, p2: number, data: Uint8Array): Uint8Array {
    const path = p1 === 4 ? (equalBytes(data, applicationAid) ? '3f005015' : 'none') : this.#resolve(p1, toHex(data))
    const found = path === '3f00' || path === '3f005015' ? undefined : this.#files.get(path)
    if (found === undefined && path !== '3f00' && path !== '3f005015') return sw('6a82')
    this.#selected = path
    return p2 === 0x0c ? sw('9000') : concatBytes(fileControl(path, found), sw('9000'))
  }

  #resolve(p1: number, path: string): string {
    if (p1 === 8) return path.startsWith('3f00') ? path : `3f00${path}`
    if (path === '3f00' || path === '') return '3f00'
    return [`3f005015${path}`, `3f00${path}`].find((whole) => this.#files.has(whole) || whole === '3f005015') ?? 'none'
  }

  #read(offset: number, length: number): Uint8Array {
    const file = this.#files.get(this.#selected)
    if (file === undefined) return sw('6986')
    return offset > file.length ? sw('6b00') : concatBytes(file.subarray(offset, offset + length), sw('9000'))
  }
}

/** FCI in MyEID's way: 80 or 81 size, 82 type, 83 identifier, 86 access, 85, 8A life cycle, 84 AID. */
function fileControl(path: string, file: Uint8Array | undefined): Uint8Array {
  const directory = file === undefined
  return encodeTlv(0x6f, [
    encodeTlv(directory ? 0x81 : 0x80, uintToBytes(directory ? 0x1000 : file.length, 2)),
    encodeTlv(0x82, Uint8Array.of(directory ? 0x38 : 0x01)),
    encodeTlv(0x83, fromHex(path.slice(-4))),
    encodeTlv(0x86, fromHex('0fffff')),
    encodeTlv(0x85, fromHex('0002')),
    encodeTlv(0x8a, fromHex('01')),
    ...(path === '3f005015' ? [encodeTlv(0x84, applicationAid)] : []),
  ])
}
