// The emulated card as the model's steps reach it: raw APDUs, in plain or in the channel at hand, over a memory that can fail.
import { concatBytes, fromHex, toHex } from '@kart/codec'
import { pacePasswords } from '@kart/layout/profile'
import { testTransportKeys } from '../../blank-card.ts'
import { EmulatedCard } from '../../emulated-card.ts'
import { type CardMemory, CardMemoryError } from '../../memory/card-memory.ts'
import type { KeySet } from '../../memory/card-state.ts'
import { PaceTerminal, plainSender, testPasswords } from '../pace-terminal.ts'
import { grouping, isdAid, type MessagingTerminal, Scp03Terminal, selectAid, sendHex } from '../terminal.ts'
import type { PacePassword } from './model-state.ts'

/** How the memory fails at its n-th write from now: the power goes before it or after it, it refuses, or it loses the write and says nothing. */
export interface MemoryFault {
  readonly at: number
  readonly how: 'cut before' | 'cut after' | 'refuse' | 'lose'
}

/** The power failed in a write. */
class PowerCut extends Error {}

class FailingMemory implements CardMemory {
  image: Uint8Array
  #fault: MemoryFault | undefined
  #writes = 0
  #struck = false

  constructor(image: Uint8Array) {
    this.image = image
  }

  /** The fault comes once. */
  arm(fault: MemoryFault | undefined): void {
    this.#fault = fault
    this.#writes = 0
    this.#struck = false
  }

  /** Whether it came. */
  disarm(): boolean {
    this.#fault = undefined
    return this.#struck
  }

  load(): Uint8Array {
    return this.image.slice()
  }

  store(next: Uint8Array): void {
    this.#writes++
    const how = this.#fault?.at === this.#writes ? this.#fault.how : undefined
    if (how !== undefined) this.#struck = true
    if (how === 'lose') return
    if (how === 'refuse') throw new CardMemoryError('this write fails')
    if (how !== 'cut before') this.image = next.slice()
    if (how !== undefined) throw new PowerCut('the power is gone')
  }
}

/** One command and, where the channel is the domain's, how it goes there. */
export interface Sent {
  readonly header: string
  readonly data?: Uint8Array
  /** Le, 1 to 256; undefined = none. */
  readonly le?: number
  /** In several links, as a tool without extended length sends it; in plain alone. */
  readonly chained?: boolean
}

export interface Got {
  readonly sw: string
  readonly data: Uint8Array
}

const issuerKeys: KeySet = { ...testTransportKeys, version: 0x01 }
const nothing = new Uint8Array(0)
const byte = (value: number): string => (value & 0xff).toString(16).padStart(2, '0')
const split = (answer: Uint8Array): Got => ({ sw: toHex(answer.subarray(-2)), data: answer.slice(0, -2) })

export class RealCard {
  readonly memory: FailingMemory
  card: EmulatedCard
  #messaging: MessagingTerminal | undefined
  #domain: Scp03Terminal | undefined

  constructor(image: Uint8Array) {
    this.memory = new FailingMemory(image)
    this.card = new EmulatedCard({ memory: this.memory })
  }

  /** Sends one command, in PACE's secure messaging where `protected`. */
  send({ header, data = nothing, le, chained = false }: Sent, inPace: boolean): Got {
    if (inPace && this.#messaging) {
      // Asked at length, so that no protected answer waits for GET RESPONSE; an Le that means something goes as it is.
      const asked = le === undefined ? {} : { le: le === 256 ? '0000' : byte(le) }
      const { sw, data: answer } = this.#messaging.send(header, data.length > 0 ? { data, ...asked } : asked)
      return { sw, data: answer }
    }
    const links = chained && data.length > 1 ? [data.subarray(0, data.length >> 1), data.subarray(data.length >> 1)] : [data]
    let answer: Got = { sw: '', data: nothing }
    links.forEach((link, i) => {
      const last = i === links.length - 1
      const head = fromHex(header)
      if (!last) head[0]! |= 0x10
      answer = this.#whole(coded(head, link, last ? le : undefined))
    })
    return answer
  }

  /** The answer with what waits for GET RESPONSE. */
  #whole(command: Uint8Array): Got {
    let answer = split(this.card.process(command))
    while (answer.sw.startsWith('61')) {
      const more = split(this.card.process(fromHex(`00c00000${answer.sw.slice(2)}`)))
      answer = { sw: more.sw, data: concatBytes(answer.data, more.data) }
    }
    return answer
  }

  openDomain(set: 'transport' | 'issuer', right: boolean): string {
    const selected = sendHex(this.card, selectAid(isdAid))
    if (selected !== '9000' && selected !== '6283') return selected
    this.#domain = new Scp03Terminal(this.card)
    return this.#domain.open(set === 'issuer' ? issuerKeys : testTransportKeys, right ? undefined : 'cryptogram')
  }

  /** In the domain's channel, or bare where there is none. */
  domainCommand(header: string, data: Uint8Array = nothing, inDomain = true): Got {
    if (inDomain && this.#domain) return split(fromHex(this.#domain.answer(header, data, 'short')))
    return this.#whole(coded(fromHex(header), data, undefined))
  }

  /** INSTALL, then one grouping; what refuses first. */
  store(aid: string, dgi: number, value: Uint8Array, inDomain: boolean): Got {
    const named = concatBytes(fromHex('0000'), Uint8Array.of(aid.length / 2), fromHex(aid), fromHex('000000'))
    const installed = this.domainCommand('80e62000', named, inDomain)
    return installed.sw === '9000' ? this.domainCommand('80e28900', grouping(dgi, value), inDomain) : installed
  }

  putIssuerKeys(inDomain: boolean): Got {
    const data = inDomain && this.#domain ? this.#domain.keyData(issuerKeys) : Uint8Array.of(1)
    return this.domainCommand('80d80081', data, inDomain)
  }

  runPace(password: PacePassword, right: boolean): string {
    const selected = sendHex(this.card, '00a4000c023f00')
    if (selected !== '9000') return selected
    const secret = right ? testPasswords[password].secret : fromHex('303132333435')
    const terminal = new PaceTerminal(this.card, { reference: pacePasswords[password], secret }, plainSender(this.card))
    const sw = terminal.run()
    this.#messaging = sw === '9000' ? terminal.messaging : undefined
    return sw
  }

  /** The terminal forgets its channels; the card is told by what it is sent. */
  forgetChannels(): void {
    this.#messaging = undefined
    this.#domain = undefined
  }

  powerOn(over: 'contact' | 'contactless'): void {
    this.card.powerOn(over)
    this.forgetChannels()
  }

  reset(): void {
    this.card.reset()
    this.forgetChannels()
  }

  /** The card again, from its memory alone. */
  reload(over: 'contact' | 'contactless'): void {
    this.card.close()
    this.card = new EmulatedCard({ memory: this.memory })
    this.powerOn(over)
  }
}

function coded(head: Uint8Array, data: Uint8Array, le: number | undefined): Uint8Array {
  if (data.length < 256) {
    const lc = data.length === 0 ? nothing : Uint8Array.of(data.length)
    return concatBytes(head, lc, data, le === undefined ? nothing : Uint8Array.of(le & 0xff))
  }
  return concatBytes(head, Uint8Array.of(0, data.length >> 8, data.length & 0xff), data, le === undefined ? nothing : new Uint8Array(2))
}
