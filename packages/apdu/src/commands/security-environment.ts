import { concatBytes, DecodeError, decodeTlv, decodeTlvList, encodeTlv, InputError, joinBytes, type Tlv } from '@kart/codec'
import type { CardCommand } from '../card-command.ts'
import { type CommandLabel, makeCommand, nothing } from './make-command.ts'

/** What the authentication template of MSE:Set AT names (BSI TR-03110-3 v2.21, B.14.1); each is a value without tag and length. */
export interface AuthenticationTemplate {
  /** DO'80', cryptographic mechanism: the content of an object identifier. */
  readonly mechanism?: Uint8Array
  /** DO'83', name of a public key, or number of a password. */
  readonly publicKeyReference?: Uint8Array
  /** DO'84', number of a private key or of domain parameters. */
  readonly privateKeyReference?: Uint8Array
  /** DO'67', auxiliary authenticated data. */
  readonly auxiliaryData?: Uint8Array
  /** DO'91', the terminal's compressed ephemeral public key. */
  readonly ephemeralPublicKey?: Uint8Array
  /** DO'7F4C', certificate holder authorization template. */
  readonly holderAuthorization?: Uint8Array
  /** DO'65', authorization extensions. */
  readonly extensions?: Uint8Array
}

/** For which authentication MSE:Set AT sets: the terminal's (P1 81), the card's (P1 41), or mutual (P1 C1, PACE). */
export type AuthenticationDirection = 'external' | 'internal' | 'mutual'

/** Most data objects in one answer of GENERAL AUTHENTICATE. */
const maxObjects = 16

const directions = { external: 0x81, internal: 0x41, mutual: 0xc1 } as const satisfies Record<AuthenticationDirection, number>

function optional(tag: number, value: Uint8Array | undefined): Uint8Array {
  if (value === undefined) return new Uint8Array(0)
  if (value.length === 0) throw new InputError('template', 'an empty data object')
  return encodeTlv(tag, value)
}

/**
 * MANAGE SECURITY ENVIRONMENT: SET AT (BSI TR-03110-3 v2.21, B.14.1; ISO/IEC 7816-4:2020, 11.6): selects a protocol and its keys, the data objects in the
 * standard's order. `accepts`: warnings to take besides 9000 (63Cx, 6283 in PACE). Throws InputError for an empty template or data object.
 */
export function setAuthenticationTemplate(
  direction: AuthenticationDirection,
  template: AuthenticationTemplate,
  options: CommandLabel & { readonly accepts?: readonly number[] } = {},
): CardCommand<void> {
  const data = joinBytes([
    optional(0x80, template.mechanism),
    optional(0x83, template.publicKeyReference),
    optional(0x84, template.privateKeyReference),
    optional(0x67, template.auxiliaryData),
    optional(0x91, template.ephemeralPublicKey),
    optional(0x7f4c, template.holderAuthorization),
    optional(0x65, template.extensions),
  ])
  if (data.length === 0) throw new InputError('template', 'is empty')
  return makeCommand({
    ins: 0x22,
    p1: directions[direction],
    p2: 0xa4,
    data,
    parse: nothing,
    label: options.label,
    ...(options.accepts === undefined ? {} : { accepts: options.accepts }),
  })
}

/** MANAGE SECURITY ENVIRONMENT: SET DST: names the key that verifies the next certificate (BSI TR-03110-3 v2.21, B.14.4), 1..16 bytes. Throws InputError. */
export function setVerificationKey(publicKeyReference: Uint8Array, options: CommandLabel = {}): CardCommand<void> {
  if (publicKeyReference.length < 1 || publicKeyReference.length > 16) throw new InputError('publicKeyReference', 'not 1 to 16 bytes')
  return makeCommand({ ins: 0x22, p1: 0x81, p2: 0xb6, data: encodeTlv(0x83, publicKeyReference), parse: nothing, label: options.label })
}

/**
 * MANAGE SECURITY ENVIRONMENT: SET KAT: the whole of chip authentication version 1 with triple DES (BSI TR-03110-3 v2.21, B.14.3): DO'91' with the terminal's
 * ephemeral public key, DO'84' with the number of the card's key where it has several. Throws InputError.
 */
export function setKeyAgreementTemplate(
  ephemeralPublicKey: Uint8Array,
  privateKeyReference?: Uint8Array,
  options: CommandLabel = {},
): CardCommand<void> {
  if (ephemeralPublicKey.length === 0) throw new InputError('ephemeralPublicKey', 'is empty')
  const data = concatBytes(encodeTlv(0x91, ephemeralPublicKey), optional(0x84, privateKeyReference))
  return makeCommand({ ins: 0x22, p1: 0x41, p2: 0xa6, data, parse: nothing, label: options.label })
}

/**
 * PERFORM SECURITY OPERATION: VERIFY CERTIFICATE, self-descriptive (BSI TR-03110-3 v2.21, B.14.5): the content of a CV certificate's DO'7F21', that is
 * DO'7F4E' and DO'5F37'. Throws InputError for empty data.
 */
export function verifyCertificate(content: Uint8Array, options: CommandLabel = {}): CardCommand<void> {
  if (content.length === 0) throw new InputError('content', 'is empty')
  return makeCommand({ ins: 0x2a, p1: 0x00, p2: 0xbe, data: content.slice(), parse: nothing, label: options.label })
}

/**
 * GENERAL AUTHENTICATE (BSI TR-03110-3 v2.21, B.14.2; ISO/IEC 7816-4:2020, 11.6): `objects` are the data objects inside DO'7C'; `more` sets the chaining bit,
 * as every step of a protocol but its last has it. Its parse gives the data objects inside the answer's DO'7C', none for an empty answer, and throws
 * DecodeError or LimitError. Data longer than a short field holds ask for an answer of any length too, since the card's key is as long as the terminal's.
 */
export function generalAuthenticate(
  objects: Uint8Array,
  options: CommandLabel & { readonly more?: boolean } = {},
): CardCommand<readonly Tlv[]> {
  const data = encodeTlv(0x7c, objects)
  return makeCommand({
    cla: options.more ? 0x10 : 0x00,
    ins: 0x86,
    p1: 0,
    p2: 0,
    data,
    ne: data.length > 255 ? 65536 : 256,
    label: options.label,
    parse: ({ data }, name) => {
      if (data.length === 0) return []
      const { tag, value } = decodeTlv(data, undefined, { constructed: false, minimalLength: true })
      if (tag !== 0x7c) throw new DecodeError(`${name} response`, 'is no dynamic authentication data (7C)')
      const list = decodeTlvList(value, { constructed: false, minimalLength: true, nodes: maxObjects })
      if (new Set(list.map((object) => object.tag)).size !== list.length)
        throw new DecodeError(`${name} response`, 'a data object stands twice')
      return list
    },
  })
}
