// The terminal's end of secure messaging with any cipher, for the card's own tests. The outside vectors, not this file, say what is right.
import { concatBytes, decodeTlvList, encodeTlv, fromHex, uintToBytes } from '@kart/codec'
import type { MessagingCipher } from '@kart/layout/profile'
import { pad, unpad } from '../card-crypto/padding.ts'
import { type BlockCipher, blockCipherOf } from '../emrtd/messaging-cipher.ts'
import { statusOf } from './terminal.ts'

/** Takes a command APDU, gives the response APDU: a card, or what stands for one. */
export type Processor = (command: Uint8Array) => Uint8Array

export interface SessionKeys {
  readonly cipher: MessagingCipher
  readonly ksEnc: Uint8Array
  readonly ksMac: Uint8Array
  /** Zero unless told. */
  readonly counter?: bigint
}

/** An open secure messaging session; keys can be replaced on the way. */
export class SecuredTerminal {
  readonly #process: Processor
  #cipher: BlockCipher
  #keys: SessionKeys
  #counter: bigint

  constructor(process: Processor, keys: SessionKeys) {
    this.#process = process
    this.#cipher = blockCipherOf(keys.cipher)
    this.#keys = keys
    this.#counter = keys.counter ?? 0n
  }

  /** Goes over to new keys, counter at zero. */
  restart(keys: SessionKeys): void {
    this.#cipher = blockCipherOf(keys.cipher)
    this.#keys = keys
    this.#counter = keys.counter ?? 0n
  }

  #step(): Uint8Array {
    this.#counter++
    return fromHex(this.#counter.toString(16).padStart(2 * this.#cipher.blockLength, '0'))
  }

  /** The protected form of a plain command: header of four bytes, data, and Le as hex. */
  wrap(header: Uint8Array, data: Uint8Array, le?: string): Uint8Array {
    const { blockLength } = this.#cipher
    const head = header.with(0, header[0]! | 0x0c)
    const counter = this.#step()
    const cryptogram = data.length > 0 ? this.#cipher.encrypt(this.#keys.ksEnc, counter, pad(data, blockLength)) : data
    const objects = concatBytes(
      data.length === 0 ? data : head[1]! % 2 === 1 ? encodeTlv(0x85, cryptogram) : encodeTlv(0x87, [Uint8Array.of(1), cryptogram]),
      le === undefined ? new Uint8Array(0) : encodeTlv(0x97, fromHex(le)),
    )
    const input = concatBytes(counter, pad(head, blockLength), objects.length > 0 ? pad(objects, blockLength) : objects)
    const body = concatBytes(objects, encodeTlv(0x8e, this.#cipher.mac(this.#keys.ksMac, input)))
    const extended = body.length > 255 || (le?.length ?? 0) > 2
    const lc = extended ? concatBytes(Uint8Array.of(0), uintToBytes(body.length, 2)) : Uint8Array.of(body.length)
    return concatBytes(head, lc, body, new Uint8Array(extended ? 2 : 1))
  }

  /** Sends a plain command given whole (short or extended, as in a vector); checks the MAC of the answer. Plain data and status word, in hex: `data` || `sw`. */
  send(command: string): { data: Uint8Array; sw: string } {
    const { header, data, le } = split(fromHex(command))
    return this.open(this.#process(this.wrap(header, data, le)))
  }

  /** The status word of {@link send}. */
  status(command: string): string {
    return this.send(command).sw
  }

  /** Takes a protected response apart; throws when its MAC is wrong. Data are empty for an unprotected one. */
  open(response: Uint8Array): { data: Uint8Array; sw: string } {
    const sw = statusOf(response)
    const body = response.subarray(0, -2)
    if (body.length === 0) return { data: body, sw }
    const counter = this.#step()
    const objects = decodeTlvList(body, { constructed: false })
    const covered = body.subarray(0, -10)
    const mac = this.#cipher.mac(this.#keys.ksMac, pad(concatBytes(counter, covered), this.#cipher.blockLength))
    if (objects.at(-1)?.tag !== 0x8e || mac.some((byte, i) => byte !== objects.at(-1)!.value[i]))
      throw new Error('the card answered with a wrong MAC')
    const data = objects.find(({ tag }) => tag === 0x87 || tag === 0x85)
    if (data === undefined) return { data: new Uint8Array(0), sw }
    const cryptogram = data.tag === 0x87 ? data.value.subarray(1) : data.value
    return { data: unpad(this.#cipher.decrypt(this.#keys.ksEnc, counter, cryptogram)) ?? new Uint8Array(0), sw }
  }
}

/** Header, data and Le of a command given whole. */
function split(command: Uint8Array): { header: Uint8Array; data: Uint8Array; le: string | undefined } {
  const header = command.slice(0, 4)
  const rest = command.subarray(4)
  const hex = (bytes: Uint8Array): string | undefined => (bytes.length === 0 ? undefined : Buffer.from(bytes).toString('hex'))
  if (rest.length === 0) return { header, data: new Uint8Array(0), le: undefined }
  if (rest.length === 1) return { header, data: new Uint8Array(0), le: hex(rest) }
  if (rest[0] === 0 && rest.length > 3) {
    const length = (rest[1]! << 8) | rest[2]!
    return { header, data: rest.slice(3, 3 + length), le: hex(rest.subarray(3 + length)) }
  }
  const length = rest[0]!
  return { header, data: rest.slice(1, 1 + length), le: hex(rest.subarray(1 + length)) }
}

/** A whole command: four bytes of header in hex, data, Le in hex; extended where the data need it. */
export function commandOf(header: string, data: Uint8Array, le = ''): string {
  const hex = Buffer.from(data).toString('hex')
  if (data.length === 0) return header + le
  if (data.length < 256) return `${header}${data.length.toString(16).padStart(2, '0')}${hex}${le}`
  return `${header}00${data.length.toString(16).padStart(4, '0')}${hex}${le === '' ? '' : '0000'}`
}
