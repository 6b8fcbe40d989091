// The card under test and the test bench's end of its protocols: each command can be sent as the test plan writes it, right or wrong.
import { randomBytes } from 'node:crypto'
import { concatBytes, decodeTlv, encodeTlv, fromHex, toHex } from '@kart/codec'
import { all, type CardProfile, channel, nationalId, terminalRight } from '@kart/layout/profile'
import { generateSignatureKey } from '../../../emulator/src/card-crypto/signature-key.ts'
import { compress } from '../../../emulator/src/eac/chip-authentication.ts'
import { deriveKey } from '../../../emulator/src/emrtd/key-derivation.ts'
import { freshPassword } from '../../../emulator/src/emrtd/pace/password-secret.ts'
import { EmulatedCard } from '../../../emulator/src/emulated-card.ts'
import { drawScalar } from '../../../emulator/src/key-agreement/agreement-group.ts'
import { chipPublicKey } from '../../../emulator/src/key-agreement/chip-key.ts'
import { decodeImage } from '../../../emulator/src/memory/card-image.ts'
import { inMemory } from '../../../emulator/src/memory/card-memory.ts'
import type { CardState, ChipKey } from '../../../emulator/src/memory/card-state.ts'
import { trustedNames } from '../../../emulator/src/testing/cv-issuer.ts'
import { specimenDg1 } from '../../../emulator/src/testing/eac-bench.ts'
import { PaceTerminal, type PaceTerminalOptions, type Sender, testPasswords } from '../../../emulator/src/testing/pace-terminal.ts'
import { bacKeys, cardInState, emrtdAid, MessagingTerminal, selectAid } from '../../../emulator/src/testing/terminal.ts'
import { ascii, rootTrust, signWith, type TestCertificate, type TestKey } from './certificates.ts'

/** How the eMRTD application is opened: the plan runs its cases with both. */
export type Way = 'bac' | 'pace'
export const ways: readonly Way[] = ['bac', 'pace']

/** The national card with EF.DG4 as well, so that the right to it can be told from the right to EF.DG3. */
export const testProfile: CardProfile = {
  ...nationalId,
  applications: nationalId.applications.map((application) =>
    application.name === 'emrtd' ? { ...application, files: withDg4(application.files) } : application,
  ),
}

function withDg4(files: CardProfile['applications'][number]['files']): CardProfile['applications'][number]['files'] {
  const dg3 = files.find(({ name }) => name === 'EF.DG3')!
  const read = all(channel('chip-authentication'), terminalRight('read-dg4'))
  return [...files, { ...dg3, name: 'EF.DG4', fid: 0x0104, sfi: 0x04, tag: 0x76, read, required: false, holds: 'irises' }]
}

/** The card's key of chip authentication, private value and all. */
export const chipKey: ChipKey = { keyId: 12, parameterId: 12, privateKey: new Uint8Array(32).fill(0x2b) }
const aaKey = generateSignatureKey('P-256')
export const content = {
  dg3: encodeTlv(0x63, new Uint8Array(120).fill(0x33)),
  dg4: encodeTlv(0x76, new Uint8Array(120).fill(0x44)),
  cardAccess: encodeTlv(0x31, new Uint8Array(40).fill(0x05)),
}

function personalized(state: CardState): CardState {
  const passwords = Object.entries(testPasswords) as [keyof typeof testPasswords, (typeof testPasswords)['can']][]
  const trust = rootTrust()
  const names = concatBytes(...trustedNames(trust).map((name) => encodeTlv(0x42, ascii(name))))
  const cvca = new Uint8Array(36)
  cvca.set(names)
  return {
    ...state,
    lifeCycle: 'SECURED',
    bacKeys: { enc: bacKeys.slice(0, 16), mac: bacKeys.slice(16) },
    pacePasswords: new Map(passwords.map(([name, { secret }]) => [name, freshPassword(name, secret)])),
    chipKeys: [chipKey],
    aaKey,
    trust,
    files: new Map([
      [
        'mf',
        new Map([
          [0x011c, content.cardAccess],
          [0x011d, content.cardAccess],
        ]),
      ],
      [
        'emrtd',
        new Map([
          [0x0101, specimenDg1],
          [0x0103, content.dg3],
          [0x0104, content.dg4],
          [0x011c, cvca],
        ]),
      ],
    ]),
  }
}

/** One answer: its data and status word, and whether it came inside secure messaging. */
export interface Answer {
  readonly data: Uint8Array
  readonly sw: string
  readonly secured: boolean
}

/** A personalized card in a reader. */
export class TestChip {
  readonly #profile: CardProfile
  readonly #memory = inMemory()
  card: EmulatedCard
  messaging: MessagingTerminal
  /** Names of trust points that PACE told, DO'87' and DO'88'. */
  authorities: readonly string[] = []
  /** ID_PICC of terminal authentication. */
  identifier: Uint8Array = new Uint8Array(0)
  /** Comp(PK) of the terminal's key of chip authentication. */
  compressedKey: Uint8Array = new Uint8Array(0)

  constructor(change: (state: CardState) => CardState = (state) => state, profile: CardProfile = testProfile) {
    this.#profile = profile
    this.card = cardInState((state) => change(personalized(state)), { profile, memory: this.#memory })
    this.messaging = new MessagingTerminal(this.card)
  }

  /** What the card remembers. */
  get state(): CardState {
    return decodeImage(this.#memory.load()!)
  }

  /** Takes the power away and gives it back. */
  reset(): void {
    this.card = new EmulatedCard({ memory: this.#memory, profile: this.#profile })
    this.messaging = new MessagingTerminal(this.card)
  }

  /** A command in the open, whole. */
  plain(command: string): Answer {
    const response = this.card.process(fromHex(command))
    return { data: response.slice(0, -2), sw: toHex(response.subarray(-2)), secured: false }
  }

  /** A protected command; `spoil` changes it once its MAC is there. */
  send(header: string, data?: Uint8Array, le?: string, spoil?: (command: Uint8Array) => Uint8Array): Answer {
    const options = { ...(data ? { data } : {}), ...(le === undefined ? {} : { le }) }
    const command = this.messaging.wrap(header, options)
    return this.messaging.openResponse(this.card.process(spoil ? spoil(command) : command))
  }

  /** PACE from start to end with what it takes; the run, and secure messaging on the bench's side if it was good. */
  pace(options: Partial<PaceTerminalOptions> = {}, secured = false): { run: PaceTerminal; sw: string } {
    const sender: Sender | undefined = secured ? (header, data, le) => this.send(header, data, le) : undefined
    const full = { parameterId: 12, ...testPasswords.can, ...options }
    const run = new PaceTerminal(this.card, full, sender)
    const sw = run.run()
    if (sw === '9000') {
      this.messaging = run.messaging
      this.identifier = compress('ECDH', run.cardKey)
      this.authorities = [0x87, 0x88].flatMap((tag) => (run.last.has(tag) ? [String.fromCharCode(...run.last.get(tag)!)] : []))
    }
    return { run, sw }
  }

  /** The plan's “Open ePassport Application”. */
  open(way: Way, password: keyof typeof testPasswords = 'mrz'): this {
    if (way === 'bac') {
      if (this.messaging.open(bacKeys) !== '9000') throw new Error('BAC failed')
      this.identifier = ascii('D231458907')
      return this
    }
    if (this.pace(testPasswords[password]).sw !== '9000') throw new Error('PACE failed')
    const aid = fromHex(emrtdAid)
    if (this.send('00a4040c', aid).sw !== '9000') throw new Error('the eMRTD application was not selected')
    return this
  }

  /** Chip authentication version 1 with the key of the domain parameters 12, AES-128. */
  proveChip(): this {
    const { group, element } = chipPublicKey(chipKey)
    const key = drawScalar(group, (length) => new Uint8Array(randomBytes(length)))
    const publicKey = group.multiply(group.generator, key)
    const steps = [
      this.send('002241a4', fromHex('800a04007f0007020203020284010c')),
      this.send('00860000', encodeTlv(0x7c, encodeTlv(0x80, publicKey)), '00'),
    ]
    if (steps.some(({ sw, secured }) => sw !== '9000' || !secured)) throw new Error('chip authentication failed')
    const secret = group.secret(element, key)
    this.messaging.start('AES-128', deriveKey('AES-128', secret, 1), deriveKey('AES-128', secret, 2))
    this.compressedKey = compress('ECDH', publicKey)
    return this
  }

  /** MSE:Set DST. */
  setDst(reference: string): Answer {
    return this.send('002281b6', encodeTlv(0x83, ascii(reference)))
  }

  /** PSO: Verify Certificate. */
  verify(certificate: TestCertificate | Uint8Array): Answer {
    return this.send('002a00be', certificate instanceof Uint8Array ? certificate : certificate.objects)
  }

  /** MSE:Set AT for terminal authentication. */
  setAt(reference: string, tag = 0x83): Answer {
    return this.send('002281a4', encodeTlv(tag, ascii(reference)))
  }

  /** GET CHALLENGE. */
  challenge(le = '08'): Answer {
    return this.send('00840000', undefined, le)
  }

  /** What the terminal signs in version 1. */
  signature(key: TestKey, challenge: Uint8Array): Uint8Array {
    return signWith(key, concatBytes(this.identifier, challenge, this.compressedKey))
  }

  /** EXTERNAL AUTHENTICATE. */
  authenticate(signature: Uint8Array): Answer {
    return this.send('00820000', signature)
  }

  /** One byte of a data group, by its short identifier. */
  readByte(sfi: number): Answer {
    return this.send(`00b0${(0x80 | sfi).toString(16)}00`, undefined, '01')
  }

  /** EF.CVCA, by SELECT and READ BINARY. */
  readCvca(): Uint8Array {
    const selected = this.send('00a4020c', fromHex('011c'))
    const { data, sw } = this.send('00b00000', undefined, '24')
    if (selected.sw !== '9000' || sw !== '9000') throw new Error('EF.CVCA was not read')
    return data
  }

  /** The names in EF.CVCA, first to last. */
  trustPoints(): string[] {
    const file = this.readCvca()
    const names: string[] = []
    for (let at = 0; file[at] === 0x42; at += 2 + file[at + 1]!)
      names.push(String.fromCharCode(...file.subarray(at + 2, at + 2 + file[at + 1]!)))
    return names
  }
}

/** The objects of a DO'7C'. */
export const authenticationObjects = (data: Uint8Array): ReadonlyMap<number, Uint8Array> =>
  new Map((decodeTlv(data, 0x7c).children ?? []).map(({ tag, value }) => [tag, value]))

export { bacKeys, emrtdAid, selectAid, testPasswords }
