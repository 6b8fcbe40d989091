import { endianness } from 'node:os'
import type { RawState } from '../backend.ts'
import { type KoffiFunction, type KoffiModule, libraryMissing } from './load-koffi.ts'
import { type NativePlatform, nativePlatform } from './platform.ts'

/** A native number out of a one-element cell: bigint where it has 8 bytes. */
export type Native = number | bigint

/** Room for one native number that a call writes. */
export interface Cell {
  readonly memory: Uint8Array
  /** The number; bigint where it may not fit another. */
  get(): Native
  /** Its lower 32 bits: lengths and codes are no longer than that. */
  getWord(): number
  /** Sets it, 0 to 2^32 - 1. */
  setWord(value: number): void
}

function makeCell(bytes: 4 | 8): Cell {
  const memory = new Uint8Array(bytes)
  const words = new Uint32Array(memory.buffer)
  const low = bytes === 8 && endianness() === 'BE' ? 1 : 0
  const whole = bytes === 8 ? new BigInt64Array(memory.buffer) : undefined
  return {
    memory,
    get() {
      const value = whole?.[0] ?? words[0]!
      // koffi takes numbers faster than bigints.
      return typeof value === 'bigint' && value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
    },
    getWord: () => words[low]!,
    setWord(value) {
      words.fill(0)
      words[low] = value
    },
  }
}

/** SCARD_READERSTATE as koffi copies it in and out. */
export interface NativeReaderState {
  szReader: string
  pvUserData: null
  dwCurrentState: number
  dwEventState: number
  cbAtr: number
  rgbAtr: Uint8Array
}

/** Native calls in flight. */
export interface CallCount {
  pending: number
}

const functionTable = {
  SCardEstablishContext: ['dword', 'void *', 'void *', 'void *'],
  SCardReleaseContext: ['handle'],
  SCardIsValidContext: ['handle'],
  SCardCancel: ['handle'],
  SCardListReaders: ['handle', 'void *', 'void *', 'void *'],
  SCardListReaderGroups: ['handle', 'void *', 'void *'],
  SCardGetStatusChange: ['handle', 'dword', 'states', 'dword'],
  SCardConnect: ['handle', 'text', 'dword', 'dword', 'void *', 'void *'],
  SCardReconnect: ['handle', 'dword', 'dword', 'dword', 'void *'],
  SCardDisconnect: ['handle', 'dword'],
  SCardBeginTransaction: ['handle'],
  SCardEndTransaction: ['handle', 'dword'],
  SCardStatus: ['handle', 'void *', 'void *', 'void *', 'void *', 'void *', 'void *'],
  SCardControl: ['handle', 'dword', 'void *', 'dword', 'void *', 'dword', 'void *'],
  SCardTransmit: ['handle', 'void *', 'void *', 'dword', 'void *', 'void *', 'void *'],
  SCardGetAttrib: ['handle', 'dword', 'void *', 'void *'],
  SCardSetAttrib: ['handle', 'dword', 'void *', 'dword'],
} as const satisfies Record<string, readonly string[]>

/** The functions of PC/SC (PC/SC part 5), by their names in C. */
export type WinscardFunction = keyof typeof functionTable

/** Functions that take or give text and so end in W where text is UTF-16. */
const textual: readonly string[] = ['SCardListReaders', 'SCardListReaderGroups', 'SCardGetStatusChange', 'SCardConnect', 'SCardStatus']

/** What SCardTransmit takes. */
export interface TransmitArguments {
  readonly card: Native
  readonly pci: unknown
  readonly send: Uint8Array
  readonly sendLength: number
  readonly receive: Uint8Array
  readonly receiveLength: Cell
}

/** The native PC/SC library, every call on a thread of libuv's pool. */
export interface Winscard {
  readonly platform: NativePlatform
  /** Protocol control information for T=0, T=1 and anything else: the library's own constants. */
  readonly pci: { readonly t0: unknown; readonly t1: unknown; readonly raw: unknown }
  /** Calls a function and gives its return code as 32 unsigned bits. What the arguments point to must stay referenced until then. */
  call(calls: CallCount, name: WinscardFunction, ...args: readonly unknown[]): Promise<number>
  /** SCardTransmit, whose speed counts: the same without a promise of its own. */
  transmit(calls: CallCount, args: TransmitArguments, done: (error: unknown, code: number) => void): void
  dword(initial?: number): Cell
  handle(): Cell
  /** Text for an argument that is declared as memory rather than as text: with its ending zero. */
  decodeList(memory: Uint8Array, units: number): string[]
  bytesPerCharacter: 1 | 2
  readerState(reader: string, current: number): NativeReaderState
}

/** Binds the library. Throws PcscError when it is not there. */
export function bindWinscard(koffi: KoffiModule, platform: NativePlatform = nativePlatform()): Winscard {
  const library = (() => {
    try {
      return koffi.load(platform.library)
    } catch (cause) {
      throw libraryMissing(platform.library, cause)
    }
  })()
  const text = platform.wide ? 'str16' : 'str'
  const fields = {
    szReader: text,
    pvUserData: 'void *',
    dwCurrentState: platform.dword,
    dwEventState: platform.dword,
    cbAtr: platform.dword,
    rgbAtr: koffi.array('uint8_t', platform.atrRoom, 'Typed'),
  }
  const stateType = platform.packed ? koffi.pack(fields) : koffi.struct(fields)
  const types: Record<string, string | object> = {
    dword: platform.dword,
    handle: platform.handle,
    text,
    states: koffi.inout(koffi.pointer(stateType)),
  }
  const symbolOf = (name: WinscardFunction): string =>
    name === 'SCardControl' ? platform.control : platform.wide && textual.includes(name) ? `${name}W` : name
  const bound = new Map<WinscardFunction, KoffiFunction>()
  const bind = (name: WinscardFunction): KoffiFunction => {
    const made = bound.get(name)
    if (made) return made
    const args = functionTable[name].map((type) => types[type] ?? type)
    const { convention, long } = platform
    const fresh = convention ? library.func(convention, symbolOf(name), long, args) : library.func(symbolOf(name), long, args)
    bound.set(name, fresh)
    return fresh
  }
  return {
    platform,
    pci: { t0: library.symbol('g_rgSCardT0Pci'), t1: library.symbol('g_rgSCardT1Pci'), raw: library.symbol('g_rgSCardRawPci') },
    bytesPerCharacter: platform.wide ? 2 : 1,
    call(calls, name, ...args) {
      return new Promise((resolve, reject) => {
        calls.pending++
        try {
          bind(name).async(...args, (error: unknown, code: Native) => {
            calls.pending--
            if (error) reject(error)
            else resolve(Number(code) >>> 0)
          })
        } catch (error) {
          calls.pending--
          reject(error)
        }
      })
    },
    transmit(calls, { card, pci, send, sendLength, receive, receiveLength }, done) {
      calls.pending++
      bind('SCardTransmit').async(card, pci, send, sendLength, null, receive, receiveLength.memory, (error: unknown, code: Native) => {
        calls.pending--
        done(error, Number(code) >>> 0)
      })
    },
    dword(initial = 0) {
      const cell = makeCell(platform.dwordBytes)
      cell.setWord(initial)
      return cell
    },
    handle: () => makeCell(platform.handleBytes),
    decodeList(memory, units) {
      const bytes = memory.subarray(0, units * (platform.wide ? 2 : 1))
      return new TextDecoder(platform.wide ? 'utf-16le' : 'utf-8')
        .decode(bytes)
        .split('\0')
        .filter((name) => name !== '')
    },
    readerState: (reader, current) => ({
      szReader: reader,
      pvUserData: null,
      dwCurrentState: current,
      dwEventState: 0,
      cbAtr: 0,
      rgbAtr: new Uint8Array(platform.atrRoom),
    }),
  }
}

/** What a state structure said after the call. */
export function toRawState(native: NativeReaderState): RawState {
  return { state: Number(native.dwEventState) >>> 0, atr: new Uint8Array(native.rgbAtr.slice(0, Number(native.cbAtr))) }
}
