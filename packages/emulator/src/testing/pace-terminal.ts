// The terminal's end of PACE for the card's own tests, honest or not. The worked examples, not this file, say what is right.
import { concatBytes, decodeTlv, encodeAscii, encodeTlv, fromHex, toHex } from '@kart/codec'
import type { PacePasswordName } from '@kart/layout/profile'
import { deriveKey } from '../emrtd/key-derivation.ts'
import { authenticationToken } from '../emrtd/pace/authentication-token.ts'
import { mapGenerically, mapIntegratedly } from '../emrtd/pace/nonce-mapping.ts'
import { paceCiphers } from '../emrtd/pace/pace-cipher.ts'
import { type PaceProtocol, paceProtocolOf } from '../emrtd/pace/pace-protocol.ts'
import { freshPassword } from '../emrtd/pace/password-secret.ts'
import type { EmulatedCard } from '../emulated-card.ts'
import { type AgreementGroup, drawScalar } from '../key-agreement/agreement-group.ts'
import { standardizedGroup } from '../key-agreement/domain-parameters.ts'
import type { CardState } from '../memory/card-state.ts'
import { fileFilling, files, MessagingTerminal } from './terminal.ts'

const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 37 + 11) & 0x7f)

/** What may be changed on its way to the card. */
export interface PaceTampering {
  /** Takes the value of the step's object and gives the one that is sent; `card` is the card's last public key. */
  readonly mapNonce?: (value: Uint8Array) => Uint8Array
  readonly terminalKey?: (value: Uint8Array) => Uint8Array
  readonly token?: (value: Uint8Array) => Uint8Array
  /** Changes the object around it: tag, number, length. */
  readonly object?: (object: Uint8Array, step: number) => Uint8Array
}

export interface PaceTerminalOptions {
  /** Content of the object identifier, hex. */
  readonly oid?: string
  readonly parameterId?: number
  readonly reference: number
  readonly secret: Uint8Array
  /** What else MSE:Set AT says, hex. */
  readonly more?: string
  readonly tampering?: PaceTampering
}

/** Sends one command and gives the whole answer; plain, or inside secure messaging. */
export type Sender = (header: string, data: Uint8Array, le: string | undefined) => { data: Uint8Array; sw: string }

/** Plain short or extended commands to the card. */
export function plainSender(card: EmulatedCard): Sender {
  return (header, data, le) => {
    const extended = data.length > 255
    const lc = extended ? Uint8Array.of(0, data.length >> 8, data.length & 255) : Uint8Array.of(data.length)
    const leBytes = le === undefined ? new Uint8Array(0) : extended ? new Uint8Array(2) : fromHex(le)
    const answer = card.process(concatBytes(fromHex(header), lc, data, leBytes))
    return { data: answer.subarray(0, -2), sw: toHex(answer.subarray(-2)) }
  }
}

/** A run of PACE. */
export class PaceTerminal {
  readonly card: EmulatedCard
  readonly options: PaceTerminalOptions
  /** The status word of MSE:Set AT. */
  setStatus = ''
  /** The last step reached, 0 = MSE:Set AT, and its status word. */
  failedAt = -1
  /** The objects of the last answer. */
  last: ReadonlyMap<number, Uint8Array> = new Map()
  /** The card's ephemeral public key of the agreement; empty before. */
  cardKey: Uint8Array = new Uint8Array(0)
  readonly messaging: MessagingTerminal
  readonly #protocol: PaceProtocol
  readonly #group: AgreementGroup
  readonly #send: Sender

  constructor(card: EmulatedCard, options: PaceTerminalOptions, send: Sender = plainSender(card)) {
    this.card = card
    this.options = options
    this.#protocol = paceProtocolOf(fromHex(options.oid ?? '04007f00070202040202'))!
    this.#group = standardizedGroup(options.parameterId ?? 12)!
    this.#send = send
    this.messaging = new MessagingTerminal(card)
  }

  /** MSE:Set AT; its status word. */
  set(): string {
    const { reference, more = '' } = this.options
    const data = concatBytes(encodeTlv(0x80, this.#protocol.oid), encodeTlv(0x83, Uint8Array.of(reference)), fromHex(more))
    this.setStatus = this.#send('0022c1a4', data, undefined).sw
    return this.setStatus
  }

  /** One step; the objects of the answer, or the status word of a refusal. */
  step(number: number, value?: Uint8Array): ReadonlyMap<number, Uint8Array> | string {
    const tag = [0, 0, 0x81, 0x83, 0x85][number]!
    const plain = value === undefined ? new Uint8Array(0) : encodeTlv(tag, value)
    const object = this.options.tampering?.object?.(plain, number) ?? plain
    const { data, sw } = this.#send(number === 4 ? '00860000' : '10860000', encodeTlv(0x7c, object), '00')
    if (sw !== '9000') {
      this.failedAt = number
      return sw
    }
    const children = decodeTlv(data, 0x7c).children ?? []
    this.last = new Map(children.map((child) => [child.tag, child.value]))
    return this.last
  }

  /** All of PACE; 9000, or the status word of the refusal. Secure messaging is then ready in {@link messaging}. */
  run(): string {
    const set = this.set()
    if (!/^(9000|63c.)$/.test(set)) {
      this.failedAt = 0
      return set
    }
    const { tampering = {}, secret } = this.options
    const protocol = this.#protocol
    const group = this.#group
    const cipher = paceCiphers[protocol.cipher]
    const change = (value: Uint8Array, by?: (value: Uint8Array) => Uint8Array): Uint8Array => by?.(value) ?? value

    const first = this.step(1)
    if (typeof first === 'string') return first
    const nonce = cipher.decrypt(deriveKey(protocol.cipher, secret, 3), first.get(0x80)!)
    const mappingKey = drawScalar(group, counting)
    const sent = protocol.mapping === 'IM' ? counting(cipher.keyLength) : group.multiply(group.generator, mappingKey)
    const second = this.step(2, change(sent, tampering.mapNonce))
    if (typeof second === 'string') return second
    const generator =
      protocol.mapping === 'IM'
        ? mapIntegratedly(group, protocol.cipher, nonce, sent)!
        : mapGenerically(group, nonce, group.multiply(second.get(0x82)!, mappingKey))!
    const key = drawScalar(group, (length) => counting(length).reverse())
    const publicKey = group.multiply(generator, key)
    const third = this.step(3, change(publicKey, tampering.terminalKey))
    if (typeof third === 'string') return third
    const cardKey = third.get(0x84)!
    this.cardKey = cardKey
    const shared = group.secret(cardKey, key)
    const macKey = deriveKey(protocol.cipher, shared, 2)
    const fourth = this.step(4, change(authenticationToken(protocol, macKey, cardKey), tampering.token))
    if (typeof fourth === 'string') return fourth
    if (toHex(fourth.get(0x86)!) !== toHex(authenticationToken(protocol, macKey, publicKey))) throw new Error('the card’s token is wrong')
    this.messaging.start(protocol.cipher, deriveKey(protocol.cipher, shared, 1), macKey)
    return '9000'
  }
}

/** Passwords of the cards in these tests. */
export const testPasswords = {
  mrz: { reference: 1, secret: fromHex('7e2d2a41c74ea0b38cd36f863939bfa8e9032aad') },
  can: { reference: 2, secret: encodeAscii('500540') },
  pin: { reference: 3, secret: encodeAscii('271828') },
  puk: { reference: 4, secret: encodeAscii('31415926') },
} as const satisfies Record<PacePasswordName, { reference: number; secret: Uint8Array }>

/** The state with all four passwords and EF.DG1. */
export function withPasswords(state: CardState): CardState {
  const names = Object.keys(testPasswords) as PacePasswordName[]
  return {
    ...state,
    pacePasswords: new Map(names.map((name) => [name, freshPassword(name, testPasswords[name].secret)])),
    files: new Map([
      ['mf', new Map([[0x011c, fileFilling(0x31, 50)]])],
      ['emrtd', new Map([[0x0101, files.dg1]])],
    ]),
  }
}
