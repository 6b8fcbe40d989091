// A terminal just big enough to bring a card into a state for its own tests. The outside vectors, not this file, say what is right.
import { bytesToUint, concatBytes, encodeTlv, fromHex, toHex, uintToBytes } from '@kart/codec'
import { type CardProfile, type MessagingCipher, nationalId } from '@kart/layout/profile'
import { createBlankCard, testTransportKeys } from '../blank-card.ts'
import { aesCmac, decryptAesCbc, encryptAesBlock, encryptAesCbc } from '../card-crypto/aes.ts'
import { pad } from '../card-crypto/padding.ts'
import { decryptTripleDes, encryptTripleDes, retailMac } from '../card-crypto/triple-des.ts'
import { deriveTripleDesKey } from '../emrtd/key-derivation.ts'
import { type BlockCipher, blockCipherOf } from '../emrtd/messaging-cipher.ts'
import { EmulatedCard } from '../emulated-card.ts'
import { decodeImage, encodeImage } from '../memory/card-image.ts'
import { type CardMemory, inMemory } from '../memory/card-memory.ts'
import type { CardState, KeySet } from '../memory/card-state.ts'
import { derivationConstants, deriveScp03 } from '../security-domain/key-derivation.ts'
import { scp03Offer } from '../security-domain/scp03-offer.ts'

export const iccSerial = fromHex('00112233445566778899')
export const emrtdAid = 'a0000002471001'
export const isdAid = 'a000000151000000'

/** D.2's access keys. */
export const bacKeys = fromHex('ab94fdecf2674fdfb9b391f85d7f76f2 7962d9ece03d1acd4c76089dce131543')

export function blankCard(memory: CardMemory = inMemory(), random?: (length: number) => Uint8Array): EmulatedCard {
  return createBlankCard({ memory, transportKeys: testTransportKeys, iccSerial, ...(random ? { random } : {}) })
}

/** A card in a given state, made without any protocol. */
export function cardInState(
  change: (state: CardState) => CardState,
  options: { readonly profile?: CardProfile; readonly random?: (length: number) => Uint8Array; readonly memory?: CardMemory } = {},
): EmulatedCard {
  const { memory = inMemory(), profile = nationalId, random } = options
  createBlankCard({ memory, profile, transportKeys: testTransportKeys, iccSerial }).close()
  memory.store(encodeImage(change(decodeImage(memory.load()!))))
  return new EmulatedCard({ memory, profile, ...(random ? { random } : {}) })
}

export const sendHex = (card: EmulatedCard, command: string): string => toHex(card.process(fromHex(command)))
export const statusOf = (response: Uint8Array): string => toHex(response.subarray(-2))
export const selectAid = (aid: string): string => `00a4040c${(aid.length / 2).toString(16).padStart(2, '0')}${aid}`

const length = (n: number): Uint8Array => (n > 255 ? Uint8Array.of(0, n >> 8, n & 255) : Uint8Array.of(n))

/** The terminal's end of SCP03. */
export class Scp03Terminal {
  readonly card: EmulatedCard
  readonly level: number
  #sEnc: Uint8Array = new Uint8Array(16)
  #sMac: Uint8Array = new Uint8Array(16)
  #chaining: Uint8Array = new Uint8Array(16)
  #counter = 0
  #dek: Uint8Array = new Uint8Array(16)
  #sRmac: Uint8Array = new Uint8Array(16)
  readonly #macLength: 8 | 16

  constructor(card: EmulatedCard, level = 0x33) {
    this.card = card
    this.level = level
    this.#macLength = scp03Offer(card.profile).macLength
  }

  /** INITIALIZE UPDATE and EXTERNAL AUTHENTICATE (its class byte `cla`); the status word of the first that fails, or of the last. */
  open(keys: KeySet = { ...testTransportKeys, version: 0 }, tamper?: 'cryptogram' | 'mac', cla = 0x84): string {
    const size = this.#macLength
    const host = fromHex('0102030405060708090a0b0c0d0e0f10').subarray(0, size)
    const init = this.card.process(concatBytes(Uint8Array.of(0x80, 0x50, keys.version, 0, size), host, Uint8Array.of(0)))
    if (statusOf(init) !== '9000') return statusOf(init)
    const context = concatBytes(host, init.subarray(13, 13 + size))
    this.#dek = keys.dek
    this.#sRmac = deriveScp03(keys.mac, derivationConstants.sRmac, context, keys.enc.length * 8)
    const bits = keys.enc.length * 8
    this.#sEnc = deriveScp03(keys.enc, derivationConstants.sEnc, context, bits)
    this.#sMac = deriveScp03(keys.mac, derivationConstants.sMac, context, bits)
    const cryptogram = deriveScp03(this.#sMac, derivationConstants.hostCryptogram, context, size * 8)
    if (tamper === 'cryptogram') cryptogram[0]! ^= 1
    const command = this.#mac(Uint8Array.of(cla, 0x82, this.level, 0), cryptogram)
    if (tamper === 'mac') command[command.length - 1]! ^= 1
    return statusOf(this.card.process(command))
  }

  #mac(header: Uint8Array, data: Uint8Array, extended = false): Uint8Array {
    const size = data.length + this.#macLength
    const lc = extended ? Uint8Array.of(0, size >> 8, size & 255) : length(size)
    const mac = aesCmac(this.#sMac, concatBytes(this.#chaining, header, lc, data))
    this.#chaining = mac
    return concatBytes(header, lc, data, mac.subarray(0, this.#macLength))
  }

  /** The protected command; header as four bytes of hex, class 80; `le` asks for an answer of any length, in that coding. */
  wrap(header: string, data: Uint8Array = new Uint8Array(0), le?: 'short' | 'extended'): Uint8Array {
    const bytes = fromHex(header)
    bytes[0]! |= 0x04
    this.#counter++
    const iv = encryptAesBlock(this.#sEnc, concatBytes(new Uint8Array(12), uintToBytes(this.#counter, 4)))
    const encrypts = (this.level & 0x02) !== 0 && data.length > 0
    const command = this.#mac(bytes, encrypts ? encryptAesCbc(this.#sEnc, iv, pad(data, 16)) : data, le === 'extended')
    return le === undefined ? command : concatBytes(command, new Uint8Array(le === 'short' ? 1 : 2))
  }

  /** The answer as it comes, the parts that wait for GET RESPONSE (ISO/IEC 7816-4:2020, 11.8.1) put together. */
  send(header: string, data?: Uint8Array, le?: 'short' | 'extended'): Uint8Array {
    let response = this.card.process(this.wrap(header, data, le))
    while (response.at(-2) === 0x61)
      response = concatBytes(response.slice(0, -2), this.card.process(Uint8Array.of(0x00, 0xc0, 0x00, 0x00, response.at(-1)!)))
    return response
  }

  status(header: string, data?: Uint8Array): string {
    return statusOf(this.send(header, data))
  }

  /** Sends, checks the R-MAC where the level has one, and gives the answer's plain data, status word included, in hex. */
  answer(header: string, data?: Uint8Array, le?: 'short' | 'extended'): string {
    const response = this.send(header, data, le)
    const sw = response.subarray(-2)
    if ((this.level & 0x10) === 0 || response.length === 2) return toHex(response)
    const body = response.subarray(0, -2 - this.#macLength)
    const mac = aesCmac(this.#sRmac, concatBytes(this.#chaining, body, sw)).subarray(0, this.#macLength)
    if (toHex(mac) !== toHex(response.subarray(body.length, -2))) throw new Error('the card answered with a wrong R-MAC')
    if ((this.level & 0x20) === 0 || body.length === 0) return toHex(body) + toHex(sw)
    const block = concatBytes(Uint8Array.of(0x80), new Uint8Array(11), uintToBytes(this.#counter, 4))
    const plain = decryptAesCbc(this.#sEnc, encryptAesBlock(this.#sEnc, block), body)
    return toHex(plain.subarray(0, plain.lastIndexOf(0x80))) + toHex(sw)
  }

  /** The data field of PUT KEY for a set, its keys under the DEK of this session; `tamper` changes it before it is sent. */
  keyData(set: KeySet, tamper?: (data: Uint8Array) => Uint8Array): Uint8Array {
    const fields = [set.enc, set.mac, set.dek].map((key) => {
      const padded = new Uint8Array(Math.ceil(key.length / 16) * 16).fill(0x5a)
      padded.set(key)
      const wrapped = encryptAesCbc(this.#dek, new Uint8Array(16), padded)
      const check = encryptAesBlock(key, new Uint8Array(16).fill(1)).subarray(0, 3)
      return concatBytes(Uint8Array.of(0x88, wrapped.length + 1, key.length), wrapped, Uint8Array.of(3), check)
    })
    const data = concatBytes(Uint8Array.of(set.version), ...fields)
    return tamper ? tamper(data) : data
  }

  /** PUT KEY; `replaces` 0 adds the set. */
  putKey(set: KeySet, replaces = 0, tamper?: (data: Uint8Array) => Uint8Array): string {
    return this.answer(`80d8${replaces.toString(16).padStart(2, '0')}81`, this.keyData(set, tamper))
  }

  install(aid: string): string {
    return this.status('80e62000', concatBytes(fromHex('0000'), Uint8Array.of(aid.length / 2), fromHex(aid), fromHex('000000')))
  }

  /** One data grouping in one last block. */
  store(dgi: number, value: Uint8Array, p1 = '88'): string {
    return this.status(`80e2${p1}00`, grouping(dgi, value))
  }
}

export function grouping(dgi: number, value: Uint8Array): Uint8Array {
  return concatBytes(
    uintToBytes(dgi, 2),
    value.length < 0xff ? Uint8Array.of(value.length) : concatBytes(Uint8Array.of(0xff), uintToBytes(value.length, 2)),
    value,
  )
}

/** Content told apart by its first bytes. */
export function fileFilling(tag: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i === 0 ? tag : (i * 7 + tag) & 0xff))
}

export const files = { dg1: fileFilling(0x61, 93), dg2: fileFilling(0x75, 3000), dg15: fileFilling(0x6f, 100), dir: fileFilling(0x61, 40) }

/** Opens SCP03 on a card, with its transport keys unless told. */
export function openDomain(card: EmulatedCard, level = 0x33, keys?: KeySet): Scp03Terminal {
  sendHex(card, selectAid(isdAid))
  const terminal = new Scp03Terminal(card, level)
  const sw = terminal.open(keys)
  if (sw !== '9000') throw new Error(`SCP03 did not open: ${sw}`)
  return terminal
}

/** A few files, BAC keys and the AA key; the session stays open. */
export function personalize(card: EmulatedCard): Scp03Terminal {
  const terminal = openDomain(card)
  const steps = [
    terminal.store(0x2f00, files.dir),
    terminal.install(emrtdAid),
    terminal.store(nationalId.dgis.bacKeys, bacKeys),
    terminal.store(nationalId.dgis.generateAaKey, Uint8Array.of(1), '89'),
    terminal.store(0x0101, files.dg1),
    terminal.store(0x0102, files.dg2),
    terminal.store(0x010f, files.dg15),
  ]
  const wrong = steps.findIndex((sw) => sw !== '9000')
  if (wrong >= 0) throw new Error(`personalization step ${wrong} answered ${steps[wrong]}`)
  return terminal
}

/** The terminal's end of secure messaging. */
export class MessagingTerminal {
  readonly card: EmulatedCard
  #cipher: BlockCipher = blockCipherOf('3DES')
  #encryptionKey: Uint8Array = new Uint8Array(16)
  #macKey: Uint8Array = new Uint8Array(16)
  #counter = 0n

  constructor(card: EmulatedCard) {
    this.card = card
  }

  /** Selects the eMRTD application and runs BAC. */
  open(keys: Uint8Array = bacKeys): string {
    sendHex(this.card, selectAid(emrtdAid))
    const challenge = this.card.process(fromHex('0084000008')).subarray(0, 8)
    const own = fromHex('781723860c06c226')
    const ownKey = fromHex('0b795240cb7049b01c19b33e32804f0b')
    const cryptogram = encryptTripleDes(keys.subarray(0, 16), concatBytes(own, challenge, ownKey))
    const answer = this.card.process(
      concatBytes(fromHex('0082000028'), cryptogram, retailMac(keys.subarray(16), cryptogram), Uint8Array.of(0x28)),
    )
    if (statusOf(answer) !== '9000') return statusOf(answer)
    const cardKey = decryptTripleDes(keys.subarray(0, 16), answer.subarray(0, 32)).subarray(16)
    const seed = ownKey.map((byte, i) => byte ^ cardKey[i]!)
    this.start('3DES', deriveTripleDesKey(seed, 1), deriveTripleDesKey(seed, 2))
    this.#counter = BigInt(`0x${toHex(challenge.subarray(4))}${toHex(own.subarray(4))}`)
    return '9000'
  }

  /** Begins with these keys and a counter of zero. */
  start(cipher: MessagingCipher, encryptionKey: Uint8Array, macKey: Uint8Array): void {
    this.#cipher = blockCipherOf(cipher)
    this.#encryptionKey = encryptionKey
    this.#macKey = macKey
    this.#counter = 0n
  }

  #ssc(): Uint8Array {
    this.#counter++
    return this.#currentSsc()
  }

  #currentSsc(): Uint8Array {
    return fromHex(this.#counter.toString(16).padStart(2 * this.#cipher.blockLength, '0'))
  }

  /** The protected command (case by what is given); steps the counter. */
  wrap(header: string, options: { data?: Uint8Array; le?: string; badPadding?: boolean } = {}): Uint8Array {
    const head = fromHex(header)
    head[0]! |= 0x0c
    const ssc = this.#ssc()
    const { blockLength } = this.#cipher
    const data = options.data ?? new Uint8Array(0)
    const padded = options.badPadding ? new Uint8Array(blockLength) : pad(data, blockLength)
    const cryptogram = this.#cipher.encrypt(this.#encryptionKey, ssc, padded)
    const odd = head[1]! % 2 === 1
    const objects = concatBytes(
      data.length === 0 && !options.badPadding
        ? new Uint8Array(0)
        : odd
          ? encodeTlv(0x85, cryptogram)
          : encodeTlv(0x87, [Uint8Array.of(1), cryptogram]),
      options.le === undefined ? new Uint8Array(0) : encodeTlv(0x97, fromHex(options.le)),
    )
    const input = concatBytes(ssc, pad(head, blockLength), objects.length > 0 ? pad(objects, blockLength) : objects)
    const body = concatBytes(objects, encodeTlv(0x8e, this.#cipher.mac(this.#macKey, input)))
    const extended = (options.le?.length ?? 0) > 2 || body.length > 255
    return concatBytes(
      head,
      extended ? Uint8Array.of(0, body.length >> 8, body.length & 255) : Uint8Array.of(body.length),
      body,
      extended ? Uint8Array.of(0, 0) : Uint8Array.of(0),
    )
  }

  /** Sends, checks the response's MAC, gives its plain data and status word. */
  send(header: string, options: { data?: Uint8Array; le?: string } = {}): { data: Uint8Array; sw: string } {
    const { data, sw } = this.openResponse(this.card.process(this.wrap(header, options)))
    return { data, sw }
  }

  /** Takes a response apart; `secured` tells whether it was protected. Throws when its MAC is wrong. */
  openResponse(response: Uint8Array): { data: Uint8Array; sw: string; secured: boolean } {
    const sw = statusOf(response)
    const body = response.subarray(0, -2)
    if (body.length === 0) return { data: body, sw, secured: false }
    const covered = body.subarray(0, -10)
    const mac = this.#cipher.mac(this.#macKey, pad(concatBytes(this.#ssc(), covered), this.#cipher.blockLength))
    if (toHex(mac) !== toHex(body.subarray(-8))) throw new Error('the card answered with a wrong MAC')
    if (toHex(covered.subarray(-4, -2)) !== '9902') throw new Error('no DO 99')
    const object = covered.subarray(0, -4)
    if (object.length === 0) return { data: object, sw, secured: true }
    const lengthBytes = object[1]! < 0x80 ? 1 : 1 + (object[1]! & 0x7f)
    const size = lengthBytes === 1 ? object[1]! : bytesToUint(object.subarray(2, 1 + lengthBytes))
    const value = object.subarray(1 + lengthBytes, 1 + lengthBytes + size)
    const plain = this.#cipher.decrypt(this.#encryptionKey, this.#currentSsc(), object[0] === 0x87 ? value.subarray(1) : value)
    return { data: plain.subarray(0, plain.lastIndexOf(0x80)), sw, secured: true }
  }
}
