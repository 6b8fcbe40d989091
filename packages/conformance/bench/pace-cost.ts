import { createECDH, randomBytes } from 'node:crypto'
import {
  type CardTransport,
  encodeDgi,
  installForPersonalization,
  openChannel,
  type ResponseApdu,
  selectApplication,
  send,
  storeData,
} from '@kart/apdu/host'
import { encodeAscii } from '@kart/codec'
import { agreementGroup, type BackendName, useBackend } from '@kart/crypto'
import { createBlankCard, EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout/profile'
import { canPassword, choosePace, mrzPassword, openScp03, type PacePassword, performPace, secureMessagingLayer } from '@kart/secure-channel'
import { loadSpecimen, personalize } from './specimen-run.ts'
import { quantile } from './statistics.ts'

/** PACE-ECDH-GM with P-256 and AES-128 on one side alone, beside the elliptic-curve operations that this side cannot do without. */
export interface PaceTiming {
  readonly side: 'terminal' | 'card'
  /** Whether the card holds nothing but its CAN, or all of the specimen. */
  readonly memory: 'CAN alone' | 'whole specimen'
  /** Implementation of the primitives; the card has one. */
  readonly backend: BackendName
  /** CPU time of this side, median, milliseconds. */
  readonly medianMs: number
  /** Two multiples of the generator, one of the peer's point, one of the mapped generator, an addition, one x coordinate of a multiple. */
  readonly bareMs: number
}

const can = '123456'
const curve = 'P-256'
const nodeCurve = 'prime256v1'
const emrtd = nationalId.applications.find(({ name }) => name === 'emrtd')!.aid!

/** Random bytes that are given out and kept, or given out again. */
class Tape {
  readonly #kept: Uint8Array[] = []
  #at: number | undefined

  readonly draw = (length: number): Uint8Array => {
    if (this.#at === undefined) {
      const drawn = new Uint8Array(randomBytes(length))
      this.#kept.push(drawn.slice())
      return drawn
    }
    return this.#kept[this.#at++]!.slice()
  }

  /** From now on the bytes drawn after the mark come again. */
  rewind(mark = 0): void {
    this.#at = mark
  }

  get mark(): number {
    return this.#kept.length
  }
}

interface Prepared {
  readonly card: EmulatedCard
  readonly password: PacePassword
}

/** The specimen's card, personalized whole, on a tape of random bytes. */
async function specimenCard(tape: Tape): Promise<Prepared> {
  const memory = inMemory()
  const blank = createBlankCard({ memory, transportKeys: testTransportKeys, iccSerial: new Uint8Array(10).fill(1) })
  const { image } = await personalize(await loadSpecimen(process.cwd()), blank.transport(), { extendedLength: true })
  return { card: new EmulatedCard({ memory, random: tape.draw }), password: mrzPassword(image.access) }
}

/** A card that knows its CAN, on a tape of random bytes. */
async function cardWithCan(tape: Tape): Promise<Prepared> {
  const memory = inMemory()
  createBlankCard({ memory, transportKeys: testTransportKeys, iccSerial: new Uint8Array(10) })
  const card = new EmulatedCard({ memory, random: tape.draw })
  const base = openChannel(card.transport())
  await send(base, selectApplication(nationalId.securityDomainAid, { answer: 'fci' }))
  const { session } = await openScp03(base, testTransportKeys)
  const secure = secureMessagingLayer(session)(base)
  await send(secure, installForPersonalization(emrtd))
  await send(secure, storeData(encodeDgi(nationalId.dgis.paceCan, encodeAscii(can)), { blockNumber: 0, last: true }))
  session.destroy()
  return { card, password: canPassword(can) }
}

interface Recording {
  readonly terminalTape: Tape
  readonly cardTape: Tape
  readonly cardMark: number
  readonly card: EmulatedCard
  readonly password: PacePassword
  readonly commands: readonly Uint8Array[]
  readonly answers: readonly ResponseApdu[]
}

const { selection } = choosePace([{ kind: 'pace', oid: '0.4.0.127.0.7.2.2.4.2.2', version: 2, parameterId: 12 }])

function runTerminal(tape: Tape, password: PacePassword, channel: Parameters<typeof performPace>[0]) {
  if (selection === undefined) throw new Error('PACE-ECDH-GM on P-256 with AES-128 is not taken')
  return performPace(channel, { selection, password, random: tape.draw })
}

/** One run of PACE, terminal against card, with everything that either side needs to go through it again alone. */
async function record(made: (tape: Tape) => Promise<Prepared>): Promise<Recording> {
  const cardTape = new Tape()
  const terminalTape = new Tape()
  const { card, password } = await made(cardTape)
  const transport = card.transport()
  const cardMark = cardTape.mark
  const commands: Uint8Array[] = []
  const answers: ResponseApdu[] = []
  const tapped: CardTransport = {
    ...transport,
    transceive: async (command) => {
      commands.push(command.slice())
      return transport.transceive(command)
    },
  }
  const channel = openChannel(tapped)
  const { session } = await runTerminal(terminalTape, password, {
    async transmit(command) {
      const answer = await channel.transmit(command)
      answers.push(answer)
      return answer
    },
  })
  session.destroy()
  return { terminalTape, cardTape, cardMark, card, password, commands, answers }
}

async function terminalAlone({ terminalTape, password, answers }: Recording): Promise<number> {
  terminalTape.rewind()
  let at = 0
  const clock = cpuClock()
  const { session } = await runTerminal(terminalTape, password, { transmit: async () => answers[at++]! })
  const ms = clock()
  session.destroy()
  return ms
}

function cardAlone({ cardTape, cardMark, card, commands }: Recording): number {
  card.reset()
  cardTape.rewind(cardMark)
  const clock = cpuClock()
  let last = new Uint8Array(0)
  for (const command of commands) last = new Uint8Array(card.process(command))
  const ms = clock()
  if (last.at(-2) !== 0x90 || last.at(-1) !== 0x00) throw new Error('the card did not follow its own recording')
  return ms
}

/** Milliseconds of this process's CPU time since the call: what other programs of the machine take stays out of the ratio. */
function cpuClock(): () => number {
  const started = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(started)
    return (user + system) / 1000
  }
}

/** The same operations without a protocol, by the terminal's primitives. */
function bareTerminal(): number {
  const group = agreementGroup(curve)
  const [first, second, nonce] = [randomBytes(32), randomBytes(32), randomBytes(16)].map((bytes) => new Uint8Array(bytes))
  const peer = group.power(group.generator, new Uint8Array(randomBytes(32)))
  const clock = cpuClock()
  group.power(group.generator, first!)
  const generator = group.combine(group.power(group.generator, nonce!), group.power(peer, first!))
  group.power(generator, second!)
  group.sharedSecret(second!, peer)
  return clock()
}

/** The same operations on node:crypto alone, which gives x coordinates only: two agreements stand for each product that is needed whole. */
function bareCard(): number {
  const peer = createECDH(nodeCurve)
  peer.generateKeys()
  const point = peer.getPublicKey()
  const scalars = Array.from({ length: 7 }, () => {
    const one = randomBytes(32)
    one[0]! &= 0x7f
    return one
  })
  const clock = cpuClock()
  for (const [i, scalar] of scalars.entries()) {
    const own = createECDH(nodeCurve)
    own.setPrivateKey(scalar)
    if (i < 2) own.getPublicKey()
    else own.computeSecret(point)
  }
  return clock()
}

async function alternate(alone: () => number | Promise<number>, bare: () => number, milliseconds: number) {
  const whole: number[] = []
  const least: number[] = []
  const round = async (): Promise<void> => {
    whole.push(await alone())
    least.push(bare())
  }
  for (const until = performance.now() + milliseconds / 3; performance.now() < until; ) await round()
  whole.length = 0
  least.length = 0
  for (const until = performance.now() + milliseconds; performance.now() < until || whole.length < 3; ) await round()
  return { medianMs: quantile(whole, 0.5), bareMs: quantile(least, 0.5) }
}

/** Times each side of PACE alone, by going through a recorded run with the same random bytes, in turn with its bare curve operations. */
export async function timePace(milliseconds: number): Promise<PaceTiming[]> {
  const recording = await record(cardWithCan)
  const whole = await record(specimenCard)
  const found: PaceTiming[] = []
  for (const backend of ['auto', 'node', 'noble'] as const) {
    const before = useBackend(backend)
    try {
      found.push({
        side: 'terminal',
        memory: 'CAN alone',
        backend,
        ...(await alternate(() => terminalAlone(recording), bareTerminal, milliseconds)),
      })
    } finally {
      useBackend(before)
    }
  }
  for (const [memory, one] of [
    ['CAN alone', recording],
    ['whole specimen', whole],
  ] as const)
    found.push({ side: 'card', memory, backend: 'node', ...(await alternate(() => cardAlone(one), bareCard, milliseconds)) })
  return found
}
