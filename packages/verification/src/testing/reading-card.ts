import { sign } from 'node:crypto'
import { type CardTransport, TransportError } from '@kart/apdu/host'
import { bytesToUint, concatBytes, decodeTlvList, encodeTlv, equalBytes, findTlv, fromHex, uintToBytes } from '@kart/codec'
import { desEde3CbcDecrypt, desEde3CbcEncrypt, kdf9303, padMethod2, retailMac, unpadMethod2 } from '@kart/crypto'
import type { CardProfile } from '@kart/layout'
import { deriveBacKeys } from '@kart/secure-channel'
import type { PrintedData } from '../evidence.ts'
import type { TestKey } from './pki.ts'

// A card for the tests of reading: files, BAC, secure messaging with triple DES, INTERNAL AUTHENTICATE, and faults on demand. What a card must refuse is the
// emulator's business; this one only answers.

export interface ReadingCardOptions {
  readonly profile: CardProfile
  /** File contents by name (`EF.DG1`). */
  readonly files: Readonly<Record<string, Uint8Array>>
  readonly access: PrintedData
  readonly chipKey?: TestKey
  /** Status word instead of selecting this file. */
  readonly refusals?: Readonly<Record<string, number>>
  /** Whether extended length fields are understood; otherwise 6700. `fail` breaks the link as some readers do. */
  readonly extendedLength?: boolean | 'fail'
  /** Sees each plain command and may answer in the card's place; `transport` breaks the link, `unprotected` answers outside secure messaging. */
  readonly fault?: (command: Command, protectedNow: boolean) => { data?: Uint8Array; sw: number } | 'transport' | 'unprotected' | undefined
}

export interface Command {
  readonly ins: number
  readonly p1: number
  readonly p2: number
  readonly data: Uint8Array
  readonly ne: number
  readonly extended: boolean
}

interface Answer {
  readonly data?: Uint8Array
  readonly sw: number
}

const empty = new Uint8Array(0)
const zeroIv = new Uint8Array(8)

export class ReadingCard implements CardTransport {
  readonly atr: Uint8Array
  /** Names of the files that were selected, in order. */
  readonly selected: string[] = []
  /** Plain commands, in order. */
  readonly commands: Command[] = []
  readonly #options: ReadingCardOptions
  #application = 'mf'
  #file: Uint8Array | undefined
  #session: { ksEnc: Uint8Array; ksMac: Uint8Array; ssc: bigint } | undefined
  readonly #rndIc = fromHex('4608f91988702212')

  constructor(options: ReadingCardOptions) {
    this.#options = options
    this.atr = options.profile.atr
  }

  async close(): Promise<void> {}

  async transceive(bytes: Uint8Array): Promise<Uint8Array> {
    const outer = parseCommand(bytes)
    if (outer.extended && this.#options.extendedLength !== true) {
      if (this.#options.extendedLength === 'fail') throw new TransportError('the reader cannot carry this', { reached: 'maybe' })
      return fromHex('6700')
    }
    if ((bytes[0]! & 0x0c) === 0) return flat(this.#answer(outer, false))
    const session = this.#session!
    session.ssc++
    const objects = decodeTlvList(outer.data, { constructed: false })
    const signed = objects.filter((one) => one.tag !== 0x8e).map((one) => encodeTlv(one.tag, one.value))
    const header = padMethod2(bytes.slice(0, 4), 8)
    const body = signed.length > 0 ? padMethod2(concatBytes(...signed), 8) : empty
    if (!equalBytes(retailMac(session.ksMac, concatBytes(ssc(session.ssc), header, body), 'none'), findTlv(objects, 0x8e)!.value))
      return fromHex('6988')
    const cryptogram = findTlv(objects, 0x87)?.value.subarray(1)
    const le = findTlv(objects, 0x97)?.value
    const inner: Command = {
      ...outer,
      data: cryptogram === undefined ? empty : unpadMethod2(desEde3CbcDecrypt(session.ksEnc, zeroIv, cryptogram), 8),
      ne: le === undefined ? 0 : bytesToUint(le) || (le.length === 1 ? 256 : 65536),
    }
    const answer = this.#answer(inner, true)
    if (answer === 'unprotected') return fromHex('6982')
    session.ssc++
    const data = answer.data ?? empty
    const parts = concatBytes(
      data.length === 0 ? empty : encodeTlv(0x87, [Uint8Array.of(1), desEde3CbcEncrypt(session.ksEnc, zeroIv, padMethod2(data, 8))]),
      encodeTlv(0x99, uintToBytes(answer.sw, 2)),
    )
    const mac = retailMac(session.ksMac, concatBytes(ssc(session.ssc), padMethod2(parts, 8)), 'none')
    return concatBytes(parts, encodeTlv(0x8e, mac), uintToBytes(answer.sw, 2))
  }

  #answer(command: Command, protectedNow: boolean): Answer | 'unprotected' {
    this.commands.push(command)
    const fault = this.#options.fault?.(command, protectedNow)
    if (fault === 'transport') throw new TransportError('the card is gone', { reached: 'maybe' })
    if (fault !== undefined) return fault
    switch (command.ins) {
      case 0xa4:
        return this.#select(command)
      case 0xb0:
        return this.#read(command)
      case 0x84:
        return { data: this.#rndIc, sw: 0x9000 }
      case 0x82:
        return this.#authenticate(command.data)
      case 0x88: {
        const key = this.#options.chipKey
        if (key === undefined) return { sw: 0x6a88 }
        return { data: new Uint8Array(sign('sha256', command.data, { key: key.privateKey, dsaEncoding: 'ieee-p1363' })), sw: 0x9000 }
      }
      default:
        return { sw: 0x6d00 }
    }
  }

  #select({ p1, data }: Command): Answer {
    this.#file = undefined
    const { profile, files, refusals } = this.#options
    if (p1 === 0x04) {
      const application = profile.applications.find((one) => one.aid !== undefined && equalBytes(one.aid, data))
      if (application === undefined) return { sw: 0x6a82 }
      this.#application = application.name
      return { sw: 0x9000 }
    }
    const fid = bytesToUint(data)
    if (fid === 0x3f00) {
      this.#application = 'mf'
      return { sw: 0x9000 }
    }
    const spec = profile.applications.find((one) => one.name === this.#application)?.files.find((one) => one.fid === fid)
    if (spec === undefined) return { sw: 0x6a82 }
    this.selected.push(spec.name)
    const refusal = refusals?.[spec.name]
    if (refusal !== undefined) return { sw: refusal }
    this.#file = files[spec.name]
    return { sw: this.#file === undefined ? 0x6a82 : 0x9000 }
  }

  #read({ p1, p2, ne }: Command): Answer {
    if (p1 & 0x80) return this.#readBySfi(p1 & 0x1f, p2, ne)
    const file = this.#file
    if (file === undefined) return { sw: 0x6986 }
    const offset = (p1 << 8) | p2
    if (offset >= file.length) return { sw: 0x6b00 }
    const data = file.subarray(offset, offset + ne)
    return { data, sw: data.length < ne ? 0x6282 : 0x9000 }
  }

  #readBySfi(sfi: number, offset: number, ne: number): Answer {
    const { profile, refusals, files } = this.#options
    const spec = profile.applications.find((one) => one.name === this.#application)?.files.find((one) => one.sfi === sfi)
    if (spec === undefined) return { sw: 0x6a82 }
    this.selected.push(spec.name)
    this.#file = undefined
    const refusal = refusals?.[spec.name]
    if (refusal !== undefined) return { sw: refusal }
    this.#file = files[spec.name]
    return this.#file === undefined ? { sw: 0x6a82 } : this.#read({ ins: 0xb0, p1: 0, p2: offset, data: empty, ne, extended: false })
  }

  #authenticate(data: Uint8Array): Answer {
    const keys = deriveBacKeys(this.#options.access)
    const [cryptogram, mac] = [data.slice(0, 32), data.slice(32)]
    if (!equalBytes(retailMac(keys.kMac, cryptogram), mac)) return { sw: 0x6300 }
    const s = desEde3CbcDecrypt(keys.kEnc, zeroIv, cryptogram)
    const [rndIfd, kIfd] = [s.slice(0, 8), s.slice(16)]
    const kIc = fromHex('0b4f80323eb3191cb04970cb4052790b')
    const reply = desEde3CbcEncrypt(keys.kEnc, zeroIv, concatBytes(this.#rndIc, rndIfd, kIc))
    const seed = kIfd.map((byte, i) => byte ^ kIc[i]!)
    this.#session = {
      ksEnc: kdf9303(seed, 1, 'desede'),
      ksMac: kdf9303(seed, 2, 'desede'),
      ssc: BigInt(`0x${Buffer.from(concatBytes(this.#rndIc.slice(4), rndIfd.slice(4))).toString('hex')}`),
    }
    return { data: concatBytes(reply, retailMac(keys.kMac, reply)), sw: 0x9000 }
  }
}

function ssc(value: bigint): Uint8Array {
  return fromHex(BigInt.asUintN(64, value).toString(16).padStart(16, '0'))
}

function flat(answer: Answer | 'unprotected'): Uint8Array {
  if (answer === 'unprotected') return fromHex('6982')
  return concatBytes(answer.data ?? empty, uintToBytes(answer.sw, 2))
}

function parseCommand(bytes: Uint8Array): Command {
  const [, ins, p1, p2] = bytes as unknown as [number, number, number, number]
  const body = bytes.slice(4)
  const base = { ins, p1, p2, data: empty, ne: 0, extended: false }
  if (body.length === 0) return base
  if (body.length === 1) return { ...base, ne: body[0]! || 256 }
  if (body[0] === 0) {
    if (body.length === 3) return { ...base, ne: bytesToUint(body.subarray(1)) || 65536, extended: true }
    const lc = bytesToUint(body.subarray(1, 3))
    const le = body.subarray(3 + lc)
    return { ...base, data: body.slice(3, 3 + lc), ne: le.length === 0 ? 0 : bytesToUint(le) || 65536, extended: true }
  }
  const lc = body[0]!
  return { ...base, data: body.slice(1, 1 + lc), ne: body.length > 1 + lc ? body[1 + lc]! || 256 : 0 }
}
