import { concatBytes, DecodeError, decodeTlvList, encodeTlv, findTlv, InputError, requireTlv } from '@kart/codec'
import type { CardCommand } from '../card-command.ts'
import { atMost, type CommandLabel, makeCommand, noData, nothing } from './make-command.ts'

function aidField(aid: Uint8Array): Uint8Array {
  if (aid.length < 5 || aid.length > 16) throw new InputError('aid', 'is not 5..16 bytes')
  return aid
}

/**
 * INSTALL [for personalization]: STORE DATA that follows goes to the application with this AID of 5..16 bytes (GlobalPlatform Card
 * Specification 2.3.1, 11.5). Throws InputError; its parse throws DecodeError for an answer other than none or one byte 00.
 */
export function installForPersonalization(aid: Uint8Array, options: CommandLabel = {}): CardCommand<void> {
  // No load file, no module, the AID, no privileges, no parameters, no token.
  const data = concatBytes(Uint8Array.of(0, 0, aidField(aid).length), aid, Uint8Array.of(0, 0, 0))
  return makeCommand({
    cla: 0x80,
    ins: 0xe6,
    p1: 0x20,
    p2: 0,
    data,
    ne: 256,
    label: options.label,
    parse: (response, name) => {
      const { data: answer } = response
      if (answer.length > 1 || (answer.length === 1 && answer[0] !== 0))
        throw new DecodeError(`${name} response`, 'is not the single byte 00')
    },
  })
}

/** A data grouping: two bytes of identifier, its length in one byte or as FF and two bytes, the value (GlobalPlatform Card Specification 2.3.1, 11.11; DGI format). Throws InputError. */
export function encodeDgi(dgi: number, value: Uint8Array): Uint8Array {
  if (!Number.isInteger(dgi) || dgi < 0 || dgi > 0xffff) throw new InputError('dgi', 'not a 16-bit identifier')
  if (value.length > 0xffff) throw new InputError('value', `${value.length} bytes; at most 65535 fit`)
  const length = value.length < 0xff ? [value.length] : [0xff, value.length >> 8, value.length & 0xff]
  return concatBytes(Uint8Array.of(dgi >> 8, dgi & 0xff, ...length), value)
}

export interface StoreDataOptions extends CommandLabel {
  /** Number of the block, from 0, in P2. */
  readonly blockNumber: number
  /** Whether it is the last block (P1 bit 8). */
  readonly last: boolean
  /** How the data are laid out (P1 bits 5 and 4); `dgi` unless told. */
  readonly format?: 'none' | 'dgi' | 'ber-tlv'
  /** Whether the data are encrypted beneath the secure channel (P1 bits 7 and 6); `none` unless told. */
  readonly encryption?: 'none' | 'application' | 'encrypted'
  /** Most answer bytes, where the card may answer with data (P1 bit 1, case 4); 0 unless told. */
  readonly ne?: number
}

const formatBits = { none: 0x00, dgi: 0x08, 'ber-tlv': 0x10 } as const
const encryptionBits = { none: 0x00, application: 0x20, encrypted: 0x60 } as const

/**
 * STORE DATA, one block (GlobalPlatform Card Specification 2.3.1, 11.11): `blockNumber` 0..255. Gives back the answer's data, empty unless
 * `ne` asks for some. Throws InputError.
 */
export function storeData(data: Uint8Array, options: StoreDataOptions): CardCommand<Uint8Array> {
  const { blockNumber, last } = options
  if (!Number.isInteger(blockNumber) || blockNumber < 0 || blockNumber > 0xff) throw new InputError('blockNumber', 'not in 0..255')
  const ne = options.ne ?? 0
  const p1 = (last ? 0x80 : 0) | encryptionBits[options.encryption ?? 'none'] | formatBits[options.format ?? 'dgi'] | (ne > 0 ? 0x01 : 0)
  const parse = ne > 0 ? atMost(65536) : atMost(0)
  return makeCommand({ cla: 0x80, ins: 0xe2, p1, p2: blockNumber, data: data.slice(), ne, parse, label: options.label })
}

/** Life cycle states of the card, coded as in SET STATUS and GET STATUS (GlobalPlatform Card Specification 2.3.1, table 11-6). */
export const cardLifeCycle = { OP_READY: 0x01, INITIALIZED: 0x07, SECURED: 0x0f, CARD_LOCKED: 0x7f, TERMINATED: 0xff } as const
export type CardLifeCycle = keyof typeof cardLifeCycle

/** What SET STATUS and GET STATUS speak of (P1): the issuer security domain and with it the card, applications, or load files. */
export type StatusScope = 'card' | 'applications' | 'load-files'

const scopeBits = { card: 0x80, applications: 0x40, 'load-files': 0x20 } as const satisfies Record<StatusScope, number>

/** SET STATUS of the card (GlobalPlatform Card Specification 2.3.1, 11.10): P1 80, the new state in P2, no data. */
export function setCardStatus(state: CardLifeCycle, options: CommandLabel = {}): CardCommand<void> {
  return makeCommand({ cla: 0x80, ins: 0xf0, p1: scopeBits.card, p2: cardLifeCycle[state], parse: nothing, label: options.label ?? state })
}

/** SET STATUS of one application (GlobalPlatform Card Specification 2.3.1, 11.10): its AID, the state's byte in P2. Throws InputError. */
export function setApplicationStatus(aid: Uint8Array, state: number, options: CommandLabel = {}): CardCommand<void> {
  if (!Number.isInteger(state) || state < 0 || state > 0xff) throw new InputError('state', 'not a byte')
  const data = aidField(aid).slice()
  return makeCommand({ cla: 0x80, ins: 0xf0, p1: scopeBits.applications, p2: state, data, parse: nothing, label: options.label })
}

/** One entry of the card's registry. */
export interface RegistryEntry {
  readonly aid: Uint8Array
  /** Life cycle state, one byte (DO'9F70'). */
  readonly lifeCycle: number
  /** Privileges, 1 or 3 bytes (DO'C5'), where the card tells. */
  readonly privileges: Uint8Array | undefined
}

/** What GET STATUS answers. */
export interface RegistryPage {
  readonly entries: readonly RegistryEntry[]
  /** Whether the card has more (6310): ask again with `next`. */
  readonly more: boolean
}

export interface GetStatusOptions extends CommandLabel {
  /** AID, or its beginning, to look for; empty (all) unless told. */
  readonly aid?: Uint8Array
  /** Whether to go on after a page that said `more`. */
  readonly next?: boolean
}

/**
 * GET STATUS in the TLV form (GlobalPlatform Card Specification 2.3.1, 11.4). Accepts 6310 (more to come) and 6A88 (nothing found, an empty
 * page). Throws InputError; its parse throws DecodeError.
 */
export function getStatus(scope: StatusScope, options: GetStatusOptions = {}): CardCommand<RegistryPage> {
  const aid = options.aid ?? noData
  if (aid.length > 16) throw new InputError('aid', 'is more than 16 bytes')
  return makeCommand({
    cla: 0x80,
    ins: 0xf2,
    p1: scopeBits[scope],
    p2: 0x02 | (options.next ? 0x01 : 0),
    data: encodeTlv(0x4f, aid),
    ne: 256,
    accepts: [0x6310, 0x6a88],
    label: options.label,
    parse: (response, name) => {
      const what = `${name} response`
      const entries = decodeTlvList(response.data).map((object, i): RegistryEntry => {
        if (object.tag !== 0xe3) throw new DecodeError(what, `object ${i + 1} is not DO'E3'`)
        const lifeCycle = requireTlv(object.children, 0x9f70, what).value
        if (lifeCycle.length < 1 || lifeCycle.length > 2) throw new DecodeError(what, `a life cycle state of ${lifeCycle.length} bytes`)
        return {
          aid: requireTlv(object.children, 0x4f, what).value,
          lifeCycle: lifeCycle[0]!,
          privileges: findTlv(object.children, 0xc5)?.value,
        }
      })
      return { entries, more: response.sw === 0x6310 }
    },
  })
}

/** GET DATA of the security domain (GlobalPlatform Card Specification 2.3.1, 11.3): a tag of one or two bytes. Gives back the answer's data as it came. Throws InputError. */
export function getCardData(tag: number, options: CommandLabel = {}): CardCommand<Uint8Array> {
  if (!Number.isInteger(tag) || tag < 1 || tag > 0xffff) throw new InputError('tag', 'not a tag of one or two bytes')
  return makeCommand({ cla: 0x80, ins: 0xca, p1: tag >> 8, p2: tag & 0xff, ne: 256, parse: atMost(65536), label: options.label })
}
