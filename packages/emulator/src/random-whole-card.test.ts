import { createHash, type KeyObject, verify as verifySignature } from 'node:crypto'
import { CardError, concatBytes, encodeTlv, equalBytes, fromHex, toHex } from '@kart/codec'
import { nationalId } from '@kart/layout/profile'
import { describe, expect, it } from 'vitest'
import { testTransportKeys } from './blank-card.ts'
import { EmulatedCard } from './emulated-card.ts'
import { decodeImage, encodeImage } from './memory/card-image.ts'
import { inMemory } from './memory/card-memory.ts'
import type { CardState, LifeCycle } from './memory/card-state.ts'
import { fingerprintAid, live, probe, verify as verifyFinger } from './testing/finger-bench.ts'
import { change, createFileHex, padded, pins, pkcs15Aid, putPin, selectPkcs15, verify } from './testing/holder-card.ts'
import { PaceTerminal, testPasswords } from './testing/pace-terminal.ts'
import { seededNumbers } from './testing/seeded-numbers.ts'
import { bacKeys, emrtdAid, grouping, isdAid, MessagingTerminal, Scp03Terminal, selectAid, sendHex } from './testing/terminal.ts'
import { contents, holderKeys, issuerKeys, peerPoint, secretsOf, sharedSecret, wholeCardImage } from './testing/whole-card.ts'

type Numbers = (below: number) => number

const sequences = 1_000
const longest = 12

const message = Buffer.from('what the holder signs', 'ascii')
const digest = createHash('sha256').update(message).digest('hex')
const choose = (template: string, fid: string): string => `002241${template}0a8001048102${fid}840100`
const { dgis } = nationalId

/** Plain commands, whole: what a terminal sends, in place or out of it. */
const known: readonly string[] = [
  selectPkcs15,
  ...[emrtdAid, isdAid, fingerprintAid].map(selectAid),
  '00a4000c023f00',
  '00a4000c025015',
  '00a40800045015450100',
  '00a408000450154b0100',
  '00a4020c020101',
  '00a40000022f0000',
  ...[1, 2, 3].flatMap((reference) => [verify(reference, pins.auth), `0020000${reference}`]),
  verify(2, pins.sign),
  verify(3, pins.officer),
  '0020ff01',
  '002e0000',
  '002c0396',
  change(1, pins.auth, '850392'),
  change(2, pins.sign, '850392'),
  `002c000110${padded(pins.puk)}${padded('830592')}`,
  `002c020208${padded('830592')}`,
  choose('b6', '4b01'),
  choose('b6', '4b02'),
  choose('a4', '4b01'),
  choose('b8', '4b01'),
  `002a9e9a20${digest}00`,
  `0088000020${digest}00`,
  `0086000045${toHex(encodeTlv(0x7c, encodeTlv(0x85, peerPoint))).slice(0, 138)}00`,
  `0086000047${toHex(encodeTlv(0x7c, encodeTlv(0x85, peerPoint)))}00`,
  '00b0000000',
  '00b0810000',
  '00b0830000',
  '00b19c0003540100',
  '00d600000401020304',
  createFileHex('4502', 16),
  createFileHex('4b05', 256, { type: '22', access: '000fff' }),
  '00e40000',
  '0046000000',
  putPin(4, '271828'),
  '00da01e0080000000000000000',
  `004404000c${pkcs15Aid}`,
  '00ca018600',
  '00ca01a000',
  '00ca7f6100',
  '00cb3fff055c027f6100',
  '80ca9f7f00',
  '80ca00e000',
  '00c0000000',
  '0084000008',
  '0022c1a40f800a04007f0007020204020283010200',
  '10860000027c0000',
  '002281b60d830b4952435643413030303031',
  '0070000001',
  verifyFinger(0x96, probe(live.first)),
  verifyFinger(0x97, probe(live.stranger)),
  verifyFinger(0x96, fromHex('7f2e028100')),
  '00200096',
  '80f28002024f0000',
  '80f0800f',
  '80f080ff',
  '80e28800062f0003610102',
  '80d8008101ff',
  '80500000081122334455667788',
  '8482330010000102030405060708090a0b0c0d0e0f',
]
/** Where a terminal with a PIN, a finger or a channel stands before it does something; half of all sequences begin so. */
const beginnings: readonly (readonly string[])[] = [
  [selectPkcs15, verify(1, pins.auth), choose('b6', '4b01'), `002a9e9a20${digest}00`],
  [selectPkcs15, verify(2, pins.sign), choose('b6', '4b02'), `002a9e9a20${digest}00`],
  [selectPkcs15, verify(1, pins.auth), choose('a4', '4b01'), `0086000047${toHex(encodeTlv(0x7c, encodeTlv(0x85, peerPoint)))}00`],
  [selectPkcs15, verify(1, pins.auth), '00a40800045015450100', '00b0000000'],
  [selectPkcs15, verify(3, pins.officer), '00a40800045015430100'],
  [selectPkcs15, verify(3, pins.officer), '002c0396'],
  [selectAid(emrtdAid), '00b0810000'],
  [selectAid(fingerprintAid), verifyFinger(0x96, probe(live.first))],
  [selectPkcs15],
]
const firstBytes = [0x00, 0x10, 0x80, 0x84, 0x0c, 0x1c, 0x04, 0xa0, 0xff] as const
/** Commands of the domain, header and data, as they go inside its channel. */
const ofDomain = (next: Numbers): readonly [string, Uint8Array] => {
  const bytes = (most: number): Uint8Array => Uint8Array.from({ length: next(most) }, () => next(256))
  const aid = fromHex([pkcs15Aid, emrtdAid, isdAid, fingerprintAid, 'a0000000000001'][next(5)]!)
  switch (next(8)) {
    case 0:
      return ['80e62000', concatBytes(fromHex('0000'), Uint8Array.of(aid.length), aid, fromHex('000000'))]
    case 1:
      return ['80e62000', bytes(24)]
    case 2: {
      const status = next(6) === 0 ? [0x0f, 0x7f, 0x0f, 0xff][next(4)]! : next(256) & 0x07
      return [`80f080${toHex(Uint8Array.of(status))}`, bytes(2)]
    }
    case 3:
      return ['80d80081', bytes(80)]
    case 4:
      return [['80e40000', '80f24002', '80f28000', '80ca0066', '80500000'][next(5)]!, next(2) === 0 ? fromHex('d20130') : bytes(12)]
    default: {
      const all = [...Object.values(dgis), 0x2f00, 0x0101, 0x0103, 0x011d, next(0x10000)]
      const values = [
        bytes(70),
        concatBytes(fromHex('010000060803'), fromHex(padded('602214'))),
        concatBytes(fromHex('0f0000060803'), fromHex(padded('602214'))),
        fromHex('4b01'.concat('22', '0100', '000000', '0000')),
        fromHex('4b07'.concat('22', '0101', '000000', '0000')),
        fromHex('450100ffff0000aabb'),
        fromHex('0a34393330373431383632'),
        fromHex('9605404040'),
        Uint8Array.of(1),
      ]
      const whole = grouping(all[next(all.length)]!, values[next(values.length)]!)
      const cut = next(4) === 0 ? whole.subarray(0, next(whole.length + 1)) : whole
      const long = next(8) === 0 ? concatBytes(cut, bytes(20)) : cut
      const p1 = ['88', '88', '88', '89', '08', '80', '90', 'ff'][next(8)]!
      return [`80e2${p1}${next(6) === 0 ? '01' : '00'}`, long]
    }
  }
}

// ISO/IEC 7816-4:2020, 5.6, tables 5 to 7; 6F00, which says nothing, is no answer to anything here. 9484 and 9485 are PUT KEY's (GlobalPlatform Card Specification 2.3.1, 11.8.3.2).
const statusWord =
  /^(9000|9484|9485|61..|62(00|0[2-9]|[1-7].|80|8[1-8])|63(00|10|4[01]|81|c.)|64..|65(00|81)|6700|68(00|8[1-4])|69(00|8[1-8])|6a(00|8[0-9a])|6b00|6c..|6d00|6e00)$/

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
class Dialogue {
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
    const plain = given === undefined ? this.#plainCommand() : fromHex(given)
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

  #plainCommand(): Uint8Array {
    const kind = this.next(10)
    if (kind === 0) return Uint8Array.from({ length: this.next(24) }, () => this.next(256))
    const bytes = fromHex(known[this.next(known.length)]!)
    if (kind <= 6) return bytes
    if (kind === 7) return bytes.subarray(0, this.next(bytes.length + 1))
    if (kind === 8)
      return concatBytes(
        bytes,
        Uint8Array.from({ length: 1 + this.next(6) }, () => this.next(256)),
      )
    const other = bytes.slice()
    const at = this.next(Math.min(other.length, 6))
    other[at] = at === 0 ? firstBytes[this.next(firstBytes.length)]! : this.next(256)
    return other
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
    expect(sw, this.where).toMatch(statusWord)
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

describe('a thousand sequences over the whole card, in each state of its life, in every channel', () => {
  const lives = ['INITIALIZED', 'SECURED', 'SECURED', 'SECURED', 'CARD_LOCKED', 'TERMINATED', 'OP_READY'] as const

  it('crash nothing, answer only what ISO/IEC 7816-4 knows, and reach no state that the access rules forbid', { timeout: 300_000 }, () => {
    const cards = new Map(
      [...new Set(lives)].map((life) => {
        const image = wholeCardImage(life)
        const before = decodeImage(image)
        return [life, { image, before, secrets: secretsOf(before) }] as const
      }),
    )
    const totals = { well: 0, signatures: 0, reads: 0, fingers: 0, resets: 0, lives: 0, stored: 0 }
    for (let number = 0; number < sequences; number++) {
      const next = seededNumbers(number)
      const { image, before, secrets } = cards.get(lives[number % lives.length]!)!
      const memory = inMemory(image)
      const dialogue = new Dialogue(new EmulatedCard({ memory }), before, next)
      dialogue.readMemory = () => {
        const now = memory.load()!
        return equalBytes(now, image) ? before : decodeImage(now)
      }
      dialogue.secrets = secrets
      dialogue.sent.push(`sequence ${number}:`)
      if (next(3) === 0) dialogue.power(true)
      const opening = next(4)
      if (opening === 0) dialogue.open()
      if (opening === 1 || (opening === 2 && before.lifeCycle === 'INITIALIZED')) dialogue.openDomain()
      if (next(2) === 0) for (const command of beginnings[next(beginnings.length)]!) dialogue.command(command)
      for (let left = 2 + next(longest); left > 0; left--) {
        const kind = next(60)
        if (kind === 0) dialogue.reset()
        else if (kind === 1) dialogue.power(next(2) === 0)
        else if (kind <= 3) dialogue.open()
        else if (kind <= 5) dialogue.openDomain()
        else dialogue.command()
      }
      dialogue.close()
      totals.well += dialogue.well
      for (const name of ['signatures', 'reads', 'fingers', 'resets', 'lives', 'stored'] as const) totals[name] += dialogue.rightful[name]
    }
    // The sequences reach what they are there to forbid.
    expect(totals.well).toBeGreaterThan(sequences)
    expect(totals.signatures).toBeGreaterThan(20)
    expect(totals.reads).toBeGreaterThan(20)
    expect(totals.fingers).toBeGreaterThan(5)
    expect(totals.resets).toBeGreaterThan(0)
    expect(totals.lives).toBeGreaterThan(0)
    expect(totals.stored).toBeGreaterThan(0)
  })

  it.each(['CARD_LOCKED', 'TERMINATED'] as const)('refuse a link of a chain as they refuse the whole: %s', (life) => {
    const card = new EmulatedCard({ memory: inMemory(wholeCardImage(life)) })
    expect(['10d600000101', '102a9e9a0101', '10a4000c013f'].map((command) => sendHex(card, command))).toEqual(['6985', '6985', '6985'])
  })
})
