// The commands on the holder's keys without the application around them: its files, PINs and what was verified are put in place by hand.
import { randomBytes } from 'node:crypto'
import type { ResponseApdu } from '@kart/apdu/card'
import { fromHex, toHex, uintToBytes } from '@kart/codec'
import { findApplication, nationalId } from '@kart/layout/profile'
import { createBlankCard, testTransportKeys } from '../blank-card.ts'
import { generateHolderKey } from '../card-crypto/holder-key.ts'
import { decodeImage, encodeImage } from '../memory/card-image.ts'
import { type CardMemory, inMemory } from '../memory/card-memory.ts'
import type { CardState, LifeCycle } from '../memory/card-state.ts'
import { CardStore } from '../memory/card-store.ts'
import type { HolderFile, HolderPin } from '../memory/holder-state.ts'
import { type CardContext, freshSession, type PlainCommand } from '../os/card-context.ts'
import { Refusal } from '../os/status.ts'
import { handleKeys } from '../pkcs15/keys/handle-keys.ts'
import { iccSerial } from './terminal.ts'

export const keyFile = (type: 'rsa' | 'ec', size: number, more: Partial<HolderFile> = {}): HolderFile => ({
  type,
  size,
  access: fromHex('1111ff'),
  properties: fromHex('0000'),
  content: new Uint8Array(0),
  privateKey: generateHolderKey({ type, size }),
  ...more,
})

export const holderPin = (more: Partial<HolderPin> = {}): HolderPin => ({
  value: fromHex('313233343536ffff'),
  tries: { left: 3, most: 3 },
  puk: undefined,
  pukTries: { left: 0, most: 0 },
  minLength: 6,
  maxLength: 8,
  transport: false,
  usesPerVerify: 0,
  ...more,
})

export interface KeyBenchOptions {
  readonly files: readonly (readonly [number, HolderFile])[]
  readonly pins?: readonly (readonly [number, HolderPin])[]
  readonly lifeCycle?: LifeCycle
  readonly activated?: boolean
  readonly memory?: CardMemory
}

/** Private-key operations are open at the start: PIN 1 is verified for any number of them. */
export class KeyBench {
  readonly card: CardContext
  readonly memory: CardMemory

  constructor({ files, pins = [[1, holderPin()]], lifeCycle = 'SECURED', activated = true, memory = inMemory() }: KeyBenchOptions) {
    this.memory = memory
    createBlankCard({ memory, profile: nationalId, transportKeys: testTransportKeys, iccSerial }).close()
    const blank = decodeImage(memory.load()!)
    const signature = { ...blank.signature, activated, files: new Map(files), pins: new Map(pins) }
    memory.store(encodeImage({ ...blank, lifeCycle, signature }))
    const session = freshSession(nationalId)
    session.application = findApplication(nationalId, 'pkcs15') ?? session.application
    session.verified.set(1, Number.POSITIVE_INFINITY)
    const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
    this.card = { profile: nationalId, store: new CardStore(memory), random, session, delay: 0, interface: 'contact' }
  }

  get state(): CardState {
    return decodeImage(this.memory.load()!)
  }

  select(fid: number | undefined): this {
    this.card.session.holderFile = fid
    return this
  }

  /** `header` is four bytes of hex; throws what the card would throw for a fault. */
  send(header: string, data: Uint8Array = new Uint8Array(0), ne = 256): ResponseApdu | undefined {
    const [cla, ins, p1, p2] = fromHex(header) as unknown as [number, number, number, number]
    const command: PlainCommand = { cla, ins, p1, p2, data, ne, protection: 'none' }
    try {
      return handleKeys(this.card, command)
    } catch (error) {
      if (error instanceof Refusal) return { data: new Uint8Array(0), sw: error.sw }
      throw error
    }
  }

  /** Status word in hex; `undefined` for a command that is not one on keys. */
  status(header: string, data?: Uint8Array, ne?: number): string | undefined {
    return this.send(header, data, ne)?.sw.toString(16)
  }

  /** MSE: SET as the stock tool sends it; `template` in hex. */
  choose(template: string, algorithm: number, fid: number): string | undefined {
    return this.status(`002241${template}`, fromHex(`8001${toHex(Uint8Array.of(algorithm))}8102${toHex(uintToBytes(fid, 2))}840100`), 0)
  }
}
