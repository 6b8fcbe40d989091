import { type CardCommand, type CommandApdu, describeCommand, generalAuthenticate } from '@kart/apdu/host'
import { concatBytes, DecodeError, encodeTlv, InputError, type Tlv, tagHex } from '@kart/codec'
import type { PacePassword } from './pace-password.ts'
import { type PaceProtocol, protocolOidBytes } from './pace-protocol.ts'

/** What MSE:Set AT may say besides protocol and password. */
export interface SetPaceOptions {
  /** DO'84', for cards with several sets of domain parameters; a non-negative integer. */
  readonly parameterId?: number
  /** DO'7F4C', the whole certificate holder authorization template of a terminal that goes on to terminal authentication (TR-03110-3, C.1.5). */
  readonly authorization?: Uint8Array
}

const none = new Uint8Array(0)

/** 9000; 63Cx, tries left of the password; 6283, deactivated (TR-03110-3, B.14.1). */
const setPaceWords = [0x6283, ...Array.from({ length: 16 }, (_, i) => 0x63c0 + i)]

function unsigned(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new InputError('parameterId', 'not a non-negative integer')
  const bytes: number[] = []
  for (let rest = value; rest > 0 || bytes.length === 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Uint8Array.from(bytes)
}

/**
 * MSE:Set AT for PACE: DO'80' protocol, DO'83' password, DO'84' domain parameters where they are ambiguous (Doc 9303-11, 8th ed., 4.4.4.1). Its parse gives the status
 * word. Throws InputError.
 */
export function setPace(protocol: PaceProtocol, password: PacePassword, options: SetPaceOptions = {}): CardCommand<number> {
  const data = concatBytes(
    encodeTlv(0x80, protocolOidBytes(protocol)),
    encodeTlv(0x83, Uint8Array.of(password.reference)),
    options.parameterId === undefined ? none : encodeTlv(0x84, unsigned(options.parameterId)),
    options.authorization ?? none,
  )
  const apdu: CommandApdu = { cla: 0x00, ins: 0x22, p1: 0xc1, p2: 0xa4, data, ne: 0 }
  const { name, clause } = describeCommand(apdu.cla, apdu.ins, apdu.p1, apdu.p2)
  return {
    name: `${name}, PACE`,
    clause,
    apdu,
    accepts: setPaceWords,
    parse(response) {
      if (response.data.length > 0) throw new DecodeError('MSE:Set AT response', 'data where none are expected')
      return response.sw
    },
  }
}

/** The objects of dynamic authentication data by which steps are told apart (Doc 9303-11, 8th ed., 4.4.4.2). */
export interface PaceStep {
  /** Tag of what is sent; undefined for the first step, which sends an empty template. */
  readonly sends: number | undefined
  /** Tags that the answer has, in order; a `?` row may be missing. */
  readonly answers: readonly { readonly tag: number; readonly optional?: boolean }[]
  /** Whether it ends the chain. */
  readonly last: boolean
}

/** The four steps; the last one's answer differs with chip authentication mapping, the second's with the integrated one. */
export const paceSteps = {
  nonce: { sends: undefined, answers: [{ tag: 0x80 }], last: false },
  mapping: { sends: 0x81, answers: [{ tag: 0x82 }], last: false },
  integratedMapping: { sends: 0x81, answers: [{ tag: 0x82, optional: true }], last: false },
  agreement: { sends: 0x83, answers: [{ tag: 0x84 }], last: false },
  tokens: { sends: 0x85, answers: [{ tag: 0x86 }, { tag: 0x87, optional: true }, { tag: 0x88, optional: true }], last: true },
  tokensWithChip: {
    sends: 0x85,
    answers: [{ tag: 0x86 }, { tag: 0x87, optional: true }, { tag: 0x88, optional: true }, { tag: 0x8a }],
    last: true,
  },
} as const satisfies Record<string, PaceStep>

/**
 * GENERAL AUTHENTICATE with one step's object; all but the last are linked by command chaining (Doc 9303-11, 8th ed., 4.4.4.2). Its parse gives the answer's
 * objects by tag and throws DecodeError for any object that is missing, out of order, or not of this step.
 */
export function paceCommand(step: PaceStep, value: Uint8Array = none): CardCommand<ReadonlyMap<number, Uint8Array>> {
  const objects = step.sends === undefined ? value : encodeTlv(step.sends, value)
  const command = generalAuthenticate(objects, { more: !step.last, label: 'PACE' })
  return { ...command, parse: (response) => objectsOf(step, command.parse(response)) }
}

function objectsOf(step: PaceStep, found: readonly Tlv[]): ReadonlyMap<number, Uint8Array> {
  const left = [...found]
  const objects = new Map<number, Uint8Array>()
  for (const { tag, optional } of step.answers) {
    if (left[0]?.tag === tag) objects.set(tag, left.shift()!.value)
    else if (!optional) throw new DecodeError('dynamic authentication data', `data object ${tagHex(tag)} is missing`)
  }
  if (left.length > 0) throw new DecodeError('dynamic authentication data', 'a data object that does not belong to this step')
  return objects
}
