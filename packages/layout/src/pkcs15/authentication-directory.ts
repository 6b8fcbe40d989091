import { type Codec, concatBytes, DecodeError, encodeTlv, InputError } from '@kart/codec'
import { DerFields, type DerNode, derIntegerBytes, derOctets, derOid, derSequence, derSmallInteger, derTag, derTime } from '../asn1/der.ts'
import { encodeGeneralizedTime, encodeInteger, encodeOctets, encodeOid, encodeSequence } from '../asn1/der-encode.ts'
import { encodeFlags, type PasswordFlag, passwordFlagNames, readFlags } from './flags.ts'
import {
  type CommonObject,
  encodeIdentifier,
  encodeParts,
  type ObjectParts,
  raws,
  readObjects,
  readParts,
  type UnknownObject,
} from './object.ts'
import { type CardPath, encodeImplicitInteger, encodeObjectValue, implicitInteger, readPath } from './object-value.ts'

/** PasswordType (ISO/IEC 7816-15:2016, 8.9.2): the position in the list is the number. */
export const passwordTypes = ['bcd', 'ascii-numeric', 'utf8', 'half-nibble-bcd', 'iso9564-1'] as const
export type PasswordType = (typeof passwordTypes)[number]

/** Fingers by their number in FingerPrint (ISO/IEC 7816-15:2016, 8.9.3). */
export const fingerNames = ['thumb', 'pointer', 'middle', 'ring', 'little'] as const
export type FingerName = (typeof fingerNames)[number]

interface CommonAuthentication extends CommonObject {
  /** By which other objects name this one (CommonAuthenticationObjectAttributes, authId). */
  readonly id?: Uint8Array
  /** Fields of the class attributes behind it, each in DER. */
  readonly classOther?: readonly Uint8Array[]
}

/** A PIN, PUK or SO-PIN (ISO/IEC 7816-15:2016, 8.9.2, PasswordAttributes). Lengths in bytes (in digits for BCD). */
export interface PasswordObject extends CommonAuthentication {
  readonly kind: 'password'
  readonly passwordFlags: readonly PasswordFlag[]
  readonly passwordType: PasswordType
  readonly minLength: number
  /** Length on the card, padding included; 0 where there is none. */
  readonly storedLength: number
  readonly maxLength?: number
  /** Reference of VERIFY (P2), 0..255; undefined = absent, which means 0. */
  readonly reference?: number
  /** One byte. */
  readonly padChar?: number
  readonly lastChange?: Date
  readonly path?: CardPath
  /** Fields of PasswordAttributes behind those, each in DER. */
  readonly other?: readonly Uint8Array[]
}

/** What is compared: a finger, or another characteristic in DER as it came. */
export type BiometricType =
  | { readonly kind: 'finger'; readonly hand: 'right' | 'left'; readonly finger: FingerName }
  | { readonly kind: 'other'; readonly raw: Uint8Array }

/** An enrolled biometric template (ISO/IEC 7816-15:2016, 8.9.3, BiometricAttributes). */
export interface BiometricObject extends CommonAuthentication {
  readonly kind: 'biometric'
  readonly biometricFlags: readonly PasswordFlag[]
  /** Format of the template, dotted object identifier. */
  readonly templateId: string
  readonly biometricType: BiometricType
  /** Reference of VERIFY (P2), 0..255. */
  readonly reference?: number
  readonly lastChange?: Date
  readonly path?: CardPath
  readonly other?: readonly Uint8Array[]
}

export type AuthenticationObject = PasswordObject | BiometricObject | UnknownObject

const what = 'EF.AODF'
const biometricTag = 0xa0
const referenceTag = 0x80
const enumeratedTag = 0x0a

/**
 * EF.AODF (ISO/IEC 7816-15:2016, 8.9): the authentication objects, one DER value each. Objects of other types, and fields that we do not know, are kept as they
 * came. OpenSC (0.23, as in the source of pkcs15-pin.c) refuses a whole card whose EF.AODF has a biometric object.
 */
export const aodfCodec: Codec<readonly AuthenticationObject[]> = {
  encode: (objects) => concatBytes(...objects.map(encodeObject)),
  decode: (bytes) => readObjects(bytes, what).map(readObject),
}

function readObject(node: DerNode): AuthenticationObject {
  if (node.tag === derTag.sequence) {
    const parts = readParts(node, what)
    return { kind: 'password', ...readClass(parts), ...readPassword(parts.type) }
  }
  if (node.tag === biometricTag) {
    const parts = readParts(node, what)
    return { kind: 'biometric', ...readClass(parts), ...readBiometric(parts.type) }
  }
  return { kind: 'other', raw: node.raw.slice() }
}

function readClass(parts: ObjectParts): CommonAuthentication {
  if (parts.subClass !== undefined) throw new DecodeError(what, 'sub-class attributes, which authentication objects do not have')
  const id = parts.classFields.optional(derTag.octetString)
  const classOther = raws(parts.classFields)
  return { ...parts.common, ...(id && { id: derOctets(id, what) }), ...(classOther && { classOther }) }
}

function readPassword(node: DerNode): Omit<PasswordObject, 'kind' | keyof CommonAuthentication> {
  const fields = new DerFields(derSequence(node, what), what)
  const passwordFlags = readFlags(fields.any('flags'), passwordFlagNames, `${what}, flags`)
  const passwordType = nameOf(passwordTypes, fields.required(enumeratedTag, 'type'), 'password type')
  const minLength = derSmallInteger(fields.any('minLength'), `${what}, minLength`)
  const storedLength = derSmallInteger(fields.any('storedLength'), `${what}, storedLength`)
  const maxLength = fields.optional(derTag.integer)
  const reference = fields.optional(referenceTag)
  const padChar = fields.optional(derTag.octetString)
  if (padChar !== undefined && padChar.content.length !== 1) throw new DecodeError(what, 'a pad character that is not one byte')
  return {
    passwordFlags,
    passwordType,
    minLength,
    storedLength,
    ...(maxLength && { maxLength: derSmallInteger(maxLength, `${what}, maxLength`) }),
    ...(reference && { reference: readReference(reference) }),
    ...(padChar && { padChar: padChar.content[0]! }),
    ...readEnd(fields),
  }
}

function readBiometric(node: DerNode): Omit<BiometricObject, 'kind' | keyof CommonAuthentication> {
  const fields = new DerFields(derSequence(node, what), what)
  const biometricFlags = readFlags(fields.any('flags'), passwordFlagNames, `${what}, flags`)
  const templateId = derOid(fields.any('template'), `${what}, template`)
  const biometricType = readBiometricType(fields.any('type'))
  const reference = fields.optional(referenceTag)
  return { biometricFlags, templateId, biometricType, ...(reference && { reference: readReference(reference) }), ...readEnd(fields) }
}

function readBiometricType(node: DerNode): BiometricType {
  if (node.tag !== derTag.sequence) return { kind: 'other', raw: node.raw.slice() }
  const [hand, finger] = derSequence(node, `${what}, finger`, 2, 2)
  return { kind: 'finger', hand: nameOf(['right', 'left'], hand, 'hand'), finger: nameOf(fingerNames, finger, 'finger') }
}

function readEnd(fields: DerFields): Pick<PasswordObject, 'lastChange' | 'path' | 'other'> {
  const lastChange = fields.optional(derTag.generalizedTime)
  const path = fields.optional(derTag.sequence)
  const other = raws(fields)
  return {
    ...(lastChange && { lastChange: derTime(lastChange, `${what}, last change`) }),
    ...(path && { path: readPath(path, `${what}, path`) }),
    ...(other && { other }),
  }
}

function readReference(node: DerNode): number {
  const reference = implicitInteger(node, `${what}, reference`)
  if (reference > 255) throw new DecodeError(what, 'a reference above 255', { offset: node.offset })
  return reference
}

function nameOf<N extends string>(names: readonly N[], node: DerNode | undefined, field: string): N {
  if (node?.tag !== enumeratedTag) throw new DecodeError(what, `no ${field}`)
  const bytes = derIntegerBytes({ ...node, tag: derTag.integer }, `${what}, ${field}`)
  const name = bytes.length === 1 ? names[bytes[0]!] : undefined
  if (name === undefined) throw new DecodeError(what, `a ${field} that does not exist`, { offset: node.offset })
  return name
}

function encodeObject(object: AuthenticationObject): Uint8Array {
  if (object.kind === 'other') return object.raw
  const classFields = [...(object.id === undefined ? [] : [encodeIdentifier(object.id, 'id')]), ...(object.classOther ?? [])]
  return object.kind === 'password'
    ? encodeParts(derTag.sequence, object, classFields, [], encodePassword(object))
    : encodeParts(biometricTag, object, classFields, [], encodeBiometric(object))
}

function encodePassword(object: PasswordObject): Uint8Array {
  const { maxLength, padChar } = object
  if (padChar !== undefined && !isByte(padChar)) throw new InputError('padChar', 'is not a byte')
  return encodeSequence(
    encodeFlags(object.passwordFlags, passwordFlagNames, 'passwordFlags'),
    encodeEnumerated(passwordTypes, object.passwordType, 'passwordType'),
    encodeInteger(object.minLength),
    encodeInteger(object.storedLength),
    ...(maxLength === undefined ? [] : [encodeInteger(maxLength)]),
    ...encodeReference(object.reference),
    ...(padChar === undefined ? [] : [encodeOctets(Uint8Array.of(padChar))]),
    ...encodeEnd(object),
  )
}

function encodeBiometric(object: BiometricObject): Uint8Array {
  const type = object.biometricType
  return encodeSequence(
    encodeFlags(object.biometricFlags, passwordFlagNames, 'biometricFlags'),
    encodeOid(object.templateId),
    type.kind === 'other'
      ? type.raw
      : encodeSequence(encodeEnumerated(['right', 'left'], type.hand, 'hand'), encodeEnumerated(fingerNames, type.finger, 'finger')),
    ...encodeReference(object.reference),
    ...encodeEnd(object),
  )
}

function encodeReference(reference: number | undefined): Uint8Array[] {
  if (reference === undefined) return []
  if (!isByte(reference)) throw new InputError('reference', 'is not a byte')
  return [encodeImplicitInteger(referenceTag, reference)]
}

function encodeEnd({ lastChange, path, other }: Pick<PasswordObject, 'lastChange' | 'path' | 'other'>): Uint8Array[] {
  return [
    ...(lastChange === undefined ? [] : [encodeGeneralizedTime(lastChange)]),
    ...(path === undefined ? [] : [encodeObjectValue(path)]),
    ...(other ?? []),
  ]
}

function encodeEnumerated<N extends string>(names: readonly N[], name: N, field: string): Uint8Array {
  const number = names.indexOf(name)
  if (number < 0) throw new InputError(field, 'does not exist')
  return encodeTlv(enumeratedTag, Uint8Array.of(number))
}

function isByte(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 255
}
