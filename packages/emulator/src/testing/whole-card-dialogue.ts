import { type KeyObject, verify as verifySignature } from 'node:crypto'
import { CardError, concatBytes, encodeTlv, equalBytes, fromHex, toHex } from '@kart/codec'
import { expect } from 'vitest'
import { testTransportKeys } from '../blank-card.ts'
import type { EmulatedCard } from '../emulated-card.ts'
import { encodeImage } from '../memory/card-image.ts'
import type { CardState, LifeCycle } from '../memory/card-state.ts'
import { pkcs15Aid } from './holder-card.ts'
import { PaceTerminal, testPasswords } from './pace-terminal.ts'
import { drawCommand, interindustryStatus, type Numbers } from './random-command.ts'
import { bacKeys, isdAid, MessagingTerminal, Scp03Terminal, selectAid, sendHex } from './terminal.ts'
import { contents, holderKeys, issuerKeys, secretsOf, sharedSecret } from './whole-card.ts'
import { firstBytes, known, message, ofDomain } from './whole-card-commands.ts'

// 9484 and 9485 are PUT KEY's (GlobalPlatform Card Specification 2.3.1, 11.8.3.2).
const wholeCardStatus = new RegExp(`${interindustryStatus.source}|^948[45]$`)

/** Header, data and Le of a whole short or extended command. */
function parts(command: Uint8Array): { header: string; data: Uint8Array; le: string | undefined } {
  const header = toHex(command.subarray(0, 4))
  const rest = command.subarray(4)
  const le = (bytes: Uint8Array): string | undefined => (bytes.length === 0 ? undefined : toHex(bytes))
  if (rest.length <= 1) return { header, data: new Uint8Array(0), le: le(rest) }
  const extended = rest[0] === 0 && rest.length > 3
  const length = extended ? (rest[1]! << 8) | rest[2]! : rest[0]!
  const start = extended ? 3 : 1
  return { header, data: rest.slice(start, start + length), le: le(rest.subarray(start + length)) }
}

const order: readonly LifeCycle[] = ['OP_READY', 'INITIALIZED', 'SECURED', 'CARD_LOCKED', 'TERMINATED']
/** One dialogue, and what was proved in it since power came. */
export class Dialogue {
  readonly card: EmulatedCard
  readonly next: Numbers
  readonly before: CardState
  readonly sent: string[] = []
  readonly answers: string[] = []
  contactless = false
  /** PACE or BAC that was run since power came. */
  opened = false
  paced = false
  verified = new Set<number>()
  signVerifies = 0
  signSignatures = 0
  statusSet = false
  pinsSet = false
  stored = false
  well = 0
  /** Which of the states that must not be reached by anyone else were reached by right. */
  readonly rightful = { signatures: 0, reads: 0, fingers: 0, resets: 0, lives: 0, stored: 0 }
  #messaging: MessagingTerminal | undefined
  #domain: Scp03Terminal | undefined
  /** Life of the card while a command runs: that of before, since the command may change it. */
  life: LifeCycle

  constructor(card: EmulatedCard, before: CardState, next: Numbers) {
    this.card = card
    this.before = before
    this.next = next
    this.life = before.lifeCycle
  }

  get where(): string {
    return this.sent.join(' ')
  }

  power(contactless: boolean): void {
    this.contactless = contactless
    this.card.powerOn(contactless ? 'contactless' : 'contact')
    this.#forget(contactless ? 'field' : 'contacts')
  }

  reset(): void {
    this.card.reset()
    this.#forget('reset')
  }

  #forget(name: string): void {
    this.sent.push(name)
    this.opened = false
    this.paced = false
    this.verified.clear()
    this.#messaging = undefined
    this.#domain = undefined
  }

  /** PACE or BAC with the right password, as far as the card lets it come. */
  open(): void {
    this.#domain = undefined
    this.#messaging = undefined
    const kind = this.next(5)
    sendHex(this.card, '00a4000c023f00')
    if (kind === 4 && (this.life === 'CARD_LOCKED' || this.life === 'TERMINATED')) return
    if (kind === 4) {
      this.sent.push('BAC')
      const messaging = new MessagingTerminal(this.card)
      if (messaging.open(bacKeys) === '9000') this.#messaging = messaging
    } else {
      const name = (['mrz', 'can', 'pin', 'puk'] as const)[kind]!
      this.sent.push(`PACE ${name}`)
      const terminal = new PaceTerminal(this.card, testPasswords[name])
      if (terminal.run() === '9000') this.#messaging = terminal.messaging
      this.paced ||= this.#messaging !== undefined && name !== 'puk'
    }
    this.opened ||= this.#messaging !== undefined
    if (this.#messaging) expect(['CARD_LOCKED', 'TERMINATED'], this.where).not.toContain(this.life)
  }

  /** SCP03 with the issuer's keys or the transport keys. */
  openDomain(): void {
    this.#messaging = undefined
    this.sent.push('SCP03')
    sendHex(this.card, selectAid(isdAid))
    const level = [0x33, 0x33, 0x33, 0x01, 0x03, 0x13][this.next(6)]!
    const terminal = new Scp03Terminal(this.card, level)
    const keys = this.next(2) === 0 ? issuerKeys : testTransportKeys
    this.#domain = terminal.open(keys) === '9000' ? terminal : undefined
    if (this.#domain) expect(this.life, this.where).not.toBe('TERMINATED')
    if (this.#domain && this.next(2) === 0) this.#domain.install(pkcs15Aid)
  }

  /** One command in plain, in secure messaging, or in the domain's channel; some broken on the way. */
  command(given?: string): void {
    const broken = given === undefined && this.next(12) === 0
    if (given === undefined && this.#domain && this.next(4) > 0) {
      const [header, data] = ofDomain(this.next)
      this.#send(this.#domain.wrap(header, data, this.next(2) === 0 ? 'short' : undefined), broken, { header, data, domain: true })
      return
    }
    const plain = given === undefined ? drawCommand(this.next, known, firstBytes) : fromHex(given)
    if (this.#messaging && plain.length >= 4 && (given !== undefined || this.next(8) > 0)) {
      const { header, data, le } = parts(plain)
      const wrapped = this.#messaging.wrap(header, {
        data,
        ...(le === undefined ? {} : { le: le === '00' ? '0000' : le }),
        badPadding: this.next(40) === 0,
      })
      this.#send(wrapped, broken, { header, data, domain: false })
      return
    }
    if (given === undefined && this.next(12) === 0) {
      // Secure messaging without a session, or with objects in no order.
      const soup = concatBytes(
        ...Array.from({ length: 1 + this.next(3) }, () =>
          encodeTlv(
            [0x87, 0x85, 0x97, 0x99, 0x8e][this.next(5)]!,
            Uint8Array.from({ length: this.next(18) }, () => this.next(256)),
          ),
        ),
      )
      this.#send(concatBytes(fromHex('0cb08100'), Uint8Array.of(soup.length), soup, Uint8Array.of(0)), false, undefined)
      return
    }
    this.#send(plain, false, plain.length >= 4 ? { ...parts(plain), domain: false } : undefined)
  }

  #send(command: Uint8Array, broken: boolean, meant: { header: string; data: Uint8Array; domain: boolean } | undefined): void {
    const bytes = command.slice()
    if (broken) bytes[this.next(bytes.length)]! ^= 1 << this.next(8)
    this.sent.push(
      meant && !equalBytes(bytes.subarray(0, 4), fromHex(meant.header)) ? `[${meant.header} ${toHex(meant.data)}]` : toHex(bytes),
    )
    const response = this.card.process(bytes)
    let shown: Uint8Array = response.slice(0, -2)
    const sw = toHex(response.subarray(-2))
    expect(sw, this.where).toMatch(wholeCardStatus)
    if (shown.length > 0 && this.#messaging && (bytes[0]! & 0x0c) === 0x0c && !sw.startsWith('61')) shown = this.#opened(response) ?? shown
    const hex = toHex(shown)
    this.answers.push(hex)
    this.#judge(hex, sw, broken ? undefined : meant, bytes)
    // Nothing but SET STATUS may change it: held at the end.
    if (sw === '9000' && meant?.header.slice(2, 4) === 'f0') this.life = this.state.lifeCycle
  }

  #opened(response: Uint8Array): Uint8Array | undefined {
    try {
      return this.#messaging?.openResponse(response).data
    } catch (error) {
      if (error instanceof CardError || error instanceof Error) return undefined
      throw error
    }
  }

  readMemory: () => CardState = () => this.before
  /** Those of the card as it was. */
  secrets: ReturnType<typeof secretsOf> = []

  get state(): CardState {
    return this.readMemory()
  }

  #judge(shown: string, sw: string, meant: { header: string; data: Uint8Array; domain: boolean } | undefined, bytes: Uint8Array): void {
    const done = sw === '9000'
    const [cla = 0, ins = 0, p1 = 0, p2 = 0] = meant ? fromHex(meant.header) : bytes
    if (done) this.well++
    if (this.life === 'TERMINATED' && /^(9000|61|62)/.test(sw)) expect([this.where, ins]).toEqual([this.where, 0xca])
    // SELECT of the domain, its channel, its data and status, and the way back or on.
    // A link of a chain in the domain is no command yet.
    if (this.life === 'CARD_LOCKED' && /^(9000|61|62)/.test(sw) && (bytes[0]! & 0x90) !== 0x10)
      expect([0xa4, 0x50, 0x82, 0xca, 0xf0, 0xf2, 0xc0], this.where).toContain(ins)
    if (done && ins === 0x20 && p1 === 0 && meant && meant.data.length === 8) {
      expect(this.contactless && !this.paced, `${this.where}: a PIN verified from a field without PACE`).toBe(false)
      this.verified.add(p2)
      if (p2 === 2) this.signVerifies++
    }
    if (done && (ins === 0x20 || ins === 0x21) && p2 >= 0x96) this.rightful.fingers++
    if (done && ins === 0x2c && p2 >= 0x96 && (cla & 0x10) === 0) {
      this.rightful.resets++
      expect(this.paced && this.verified.has(3), `${this.where}: a finger unblocked without PACE and the SO-PIN`).toBe(true)
    }
    if (done && (ins === 0x24 || ins === 0x2c || ins === 0xda || ins === 0xe2)) this.pinsSet = true
    if (done && ins === 0xe2) {
      expect(meant?.domain, `${this.where}: STORE DATA outside SCP03`).toBe(true)
      this.stored = true
      this.rightful.stored++
    }
    if (done && ins === 0xf0) {
      expect(meant?.domain, `${this.where}: SET STATUS outside SCP03`).toBe(true)
      this.statusSet = true
    }
    this.#judgeContent(shown)
    if (shown.startsWith('30')) this.#judgeSignature(shown)
  }

  #judgeContent(shown: string): void {
    if (shown.includes(toHex(contents.dg1.subarray(4, 24)))) {
      this.rightful.reads++
      expect(this.opened, `${this.where}: DG1 was read without PACE or BAC`).toBe(true)
    }
    if (shown.includes(toHex(contents.underPin.subarray(0, 12)))) {
      this.rightful.reads++
      expect(this.verified.has(1), `${this.where}: a file under the AuthPIN was read`).toBe(true)
    }
    if (shown.includes(sharedSecret)) {
      this.rightful.signatures++
      expect(this.verified.has(1), `${this.where}: a key agreed on without the AuthPIN`).toBe(true)
    }
  }

  #judgeSignature(shown: string): void {
    for (const [reference, key] of holderKeys) {
      if (!isSignature(key, fromHex(shown))) continue
      this.rightful.signatures++
      expect(this.verified.has(reference), `${this.where}: a signature without PIN ${reference}`).toBe(true)
      if (reference === 2) this.signSignatures++
      expect(this.signSignatures, `${this.where}: two signatures for one VERIFY`).toBeLessThanOrEqual(this.signVerifies)
    }
  }

  /** Holds what the card has become against what was proved. */
  close(): void {
    const after = this.state
    const { before, where } = this
    expect(after.lifeCycle, `${where}: the life cycle changed by itself`).toBe(this.life)
    const all = this.answers.join(' ')
    const told = [...this.secrets, ...(after === before ? [] : secretsOf(after))].find(([, secret]) => all.includes(secret))
    expect(told?.[0], `${where}: it was told`).toBeUndefined()
    const [from, to] = [order.indexOf(before.lifeCycle), order.indexOf(after.lifeCycle)]
    const unlocked = after.lifeCycle === 'SECURED' && before.lifeCycle !== 'TERMINATED'
    expect(to >= from || unlocked, `${where}: the life cycle went back to ${after.lifeCycle}`).toBe(true)
    if (after.lifeCycle !== before.lifeCycle) {
      this.rightful.lives++
      expect(this.statusSet, `${where}: the life cycle changed by itself`).toBe(true)
    }
    const isOpen = (state: CardState): boolean => state.lifeCycle === 'OP_READY' || state.lifeCycle === 'INITIALIZED'
    if (isOpen(before) || after === before) return
    // Past personalization nothing of the issuer's changes, whoever asks.
    const fixed = (state: CardState): Uint8Array => {
      const { pacePasswords, fingers, signature, keySets } = before
      const kept = state.lifeCycle === 'TERMINATED' ? keySets : state.keySets.map((set) => ({ ...set, failures: 0, sequence: 0 }))
      return encodeImage({ ...state, lifeCycle: 'SECURED', generation: 0, pacePasswords, fingers, signature, keySets: kept })
    }
    const reference = after.lifeCycle === 'TERMINATED' ? { ...before, lifeCycle: 'TERMINATED' as const } : before
    expect(equalBytes(fixed(after), fixed(reference)), `${where}: something of the issuer's changed`).toBe(true)
    for (const [name, { minutiae, tries }] of after.fingers.fingers) {
      const was = before.fingers.fingers.get(name)
      expect([toHex(minutiae), tries.most], `${where}: a finger changed`).toEqual([
        toHex(was?.minutiae ?? new Uint8Array(0)),
        was?.tries.most,
      ])
    }
    const resetsOf = ({ fingers }: CardState): number => [...fingers.fingers.values()].reduce((sum, { resets = 0 }) => sum + resets, 0)
    expect(resetsOf(after), `${where}: unblocked fingers, and how many are counted`).toBe(resetsOf(before) + this.rightful.resets)
    for (const [fid, { privateKey }] of before.signature.files)
      expect(after.signature.files.get(fid)?.privateKey, `${where}: another key in ${fid.toString(16)}`).toEqual(privateKey)
    expect([...after.signature.files.keys()], where).toEqual([...before.signature.files.keys()])
    expect([...after.signature.pins.keys()], where).toEqual([...before.signature.pins.keys()])
    const resting = before.lifeCycle === 'CARD_LOCKED' && !this.statusSet
    for (const [reference, { value }] of before.signature.pins)
      if (!this.pinsSet || resting || before.lifeCycle === 'TERMINATED')
        expect(after.signature.pins.get(reference)?.value, `${where}: PIN ${reference} changed`).toEqual(value)
    if (before.lifeCycle === 'TERMINATED')
      expect(equalBytes(encodeImage(after), encodeImage(before)), `${where}: a terminated card changed`).toBe(true)
  }
}
function isSignature(key: KeyObject, signature: Uint8Array): boolean {
  return verifySignature('sha256', message, { key, dsaEncoding: 'der' }, signature)
}
