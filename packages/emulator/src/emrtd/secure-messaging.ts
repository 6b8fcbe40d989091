import type { ReceivedCommand, ResponseApdu } from '@kart/apdu/card'
import { CardError, concatBytes, decodeTlvList, encodeTlv, type Tlv, uintToBytes } from '@kart/codec'
import type { MessagingCipher } from '@kart/layout/profile'
import { equalSecrets } from '../card-crypto/constant-time.ts'
import { pad, unpad } from '../card-crypto/padding.ts'
import { refuse, SW } from '../os/status.ts'
import { type BlockCipher, blockCipherOf } from './messaging-cipher.ts'

const tags = { cryptogram: 0x87, oddCryptogram: 0x85, le: 0x97, status: 0x99, mac: 0x8e } as const

/** A command taken out of secure messaging. */
export interface OpenedCommand {
  readonly cla: 0x00
  readonly ins: number
  readonly p1: number
  readonly p2: number
  readonly data: Uint8Array
  readonly ne: number
}

/**
 * The card's end of secure messaging with 3DES or AES (Doc 9303-11, 8th ed., 9.8): `open` takes a command apart, `protect` codes its response.
 * Any refusal of `open` means that the session is over; the caller destroys it. New keys are a new session.
 */
export class SecureMessagingSession {
  readonly #cipher: BlockCipher
  readonly #encryptionKey: Uint8Array
  readonly #macKey: Uint8Array
  readonly #counter: Uint8Array

  /** Takes copies. `counter` is as long as a block; zero after PACE and chip authentication (9.8.6.2). */
  constructor(cipher: MessagingCipher, encryptionKey: Uint8Array, macKey: Uint8Array, counter?: Uint8Array) {
    this.#cipher = blockCipherOf(cipher)
    this.#encryptionKey = encryptionKey.slice()
    this.#macKey = macKey.slice()
    this.#counter = counter?.slice() ?? new Uint8Array(this.#cipher.blockLength)
  }

  /** Refuses 6987 when DO'8E' is missing, 6988 when an object is malformed, misplaced or not authentic. MAC first; only then is anything decrypted. */
  open(command: ReceivedCommand): OpenedCommand {
    const objects = readObjects(command.data)
    const mac = objects.at(-1)
    if (mac?.tag !== tags.mac) refuse(objects.some(({ tag }) => tag === tags.mac) ? SW.objectWrong : SW.objectMissing)
    const { blockLength } = this.#cipher
    this.#step()
    const authenticated = command.data.subarray(0, command.data.length - (2 + mac.value.length))
    const header = pad(Uint8Array.of(command.cla, command.ins, command.p1, command.p2), blockLength)
    const input = concatBytes(this.#counter, header, authenticated.length > 0 ? pad(authenticated, blockLength) : authenticated)
    if (!equalSecrets(this.#cipher.mac(this.#macKey, input), mac.value)) refuse(SW.objectWrong)
    const { cryptogram, le } = arrange(objects.slice(0, -1), command.ins)
    return {
      cla: 0x00,
      ins: command.ins,
      p1: command.p1,
      p2: command.p2,
      data: cryptogram ? this.#decrypt(cryptogram) : new Uint8Array(0),
      ne: le ? readLe(le.value) : 0,
    }
  }

  #decrypt(object: Tlv): Uint8Array {
    const indicated = object.tag === tags.cryptogram
    const cryptogram = indicated ? object.value.subarray(1) : object.value
    const { blockLength } = this.#cipher
    if ((indicated && object.value[0] !== 0x01) || cryptogram.length === 0 || cryptogram.length % blockLength !== 0) refuse(SW.objectWrong)
    return unpad(this.#cipher.decrypt(this.#encryptionKey, this.#counter, cryptogram)) ?? refuse(SW.objectWrong)
  }

  /** Codes the response to the command with this instruction byte; an odd one has its data in DO'85'. */
  protect(response: ResponseApdu, ins: number): ResponseApdu {
    const { blockLength } = this.#cipher
    this.#step()
    const objects: Uint8Array[] = []
    if (response.data.length > 0) {
      const cryptogram = this.#cipher.encrypt(this.#encryptionKey, this.#counter, pad(response.data, blockLength))
      objects.push(
        ins % 2 === 1 ? encodeTlv(tags.oddCryptogram, cryptogram) : encodeTlv(tags.cryptogram, [Uint8Array.of(0x01), cryptogram]),
      )
    }
    objects.push(encodeTlv(tags.status, uintToBytes(response.sw, 2)))
    const body = concatBytes(...objects)
    const mac = this.#cipher.mac(this.#macKey, pad(concatBytes(this.#counter, body), blockLength))
    return { data: concatBytes(body, encodeTlv(tags.mac, mac)), sw: response.sw }
  }

  /** Erases the keys. */
  destroy(): void {
    this.#encryptionKey.fill(0)
    this.#macKey.fill(0)
    this.#counter.fill(0)
  }

  // The send sequence counter steps before every command and every response (9.8.2).
  #step(): void {
    for (let i = this.#counter.length - 1; i >= 0; i--) {
      const byte = (this.#counter[i]! + 1) & 0xff
      this.#counter[i] = byte
      if (byte !== 0) return
    }
  }
}

function readObjects(data: Uint8Array): Tlv[] {
  if (data.length === 0) refuse(SW.objectMissing)
  try {
    const objects = decodeTlvList(data, { constructed: false, nodes: 4 })
    if (objects.some(({ tag, value }) => tag === tags.mac && value.length !== 8)) refuse(SW.objectWrong)
    return objects
  } catch (error) {
    if (error instanceof CardError) refuse(SW.objectWrong)
    throw error
  }
}

/** The objects before the MAC: at most one cryptogram of the tag that fits the instruction, then at most one DO'97'. */
function arrange(objects: readonly Tlv[], ins: number): { cryptogram: Tlv | undefined; le: Tlv | undefined } {
  const rest = [...objects]
  const cryptogram = rest[0]?.tag === (ins % 2 === 1 ? tags.oddCryptogram : tags.cryptogram) ? rest.shift() : undefined
  const le = rest[0]?.tag === tags.le ? rest.shift() : undefined
  if (rest.length > 0) refuse(SW.objectWrong)
  return { cryptogram, le }
}

function readLe(value: Uint8Array): number {
  if (value.length === 1) return value[0] === 0 ? 256 : value[0]!
  if (value.length !== 2) refuse(SW.objectWrong)
  const le = (value[0]! << 8) | value[1]!
  return le === 0 ? 65536 : le
}
