import { DecodeError, encodeTlv, InputError } from '@kart/codec'
import { encodeOid } from '../asn1/der-encode.ts'
import { OrderedObjects, objectIdentifier } from './ordered-objects.ts'

/** Kinds of terminals (BSI TR-03110-4 v2.21, 2.1 to 2.3): an inspection system reads passports, the others are of the eID and eSign applications. */
export const terminalTypes = [
  { type: 'inspection-system', oid: '0.4.0.127.0.7.3.1.2.1', bytes: 1, clause: 'TR-03110-4 v2.21, 2.1.1; Doc 9303-12, 8th ed., 7.2.2.4' },
  { type: 'authentication-terminal', oid: '0.4.0.127.0.7.3.1.2.2', bytes: 5, clause: 'TR-03110-4 v2.21, 2.2' },
  { type: 'signature-terminal', oid: '0.4.0.127.0.7.3.1.2.3', bytes: 1, clause: 'TR-03110-4 v2.21, 2.3' },
] as const satisfies readonly { type: string; oid: string; bytes: number; clause: string }[]

export type TerminalType = (typeof terminalTypes)[number]['type']

/** Roles by the two leading bits of the template: 3, 2, 1, 0. A foreign or non-official document verifier is `dv-foreign`. */
const roles = ['terminal', 'dv-foreign', 'dv-domestic', 'cvca'] as const

export type CvRole = (typeof roles)[number]

const eidDataGroups = Array.from({ length: 22 }, (_, i) => i + 1)

/** Rights of each terminal type by their bit, 0 = the last bit of the template; bits without a row are reserved, and ignored (Doc 9303-11, 8th ed., 7.1.4.3.6). */
const rights: Readonly<Record<TerminalType, readonly { readonly bit: number; readonly right: string }[]>> = {
  'inspection-system': [
    { bit: 0, right: 'read-dg3' },
    { bit: 1, right: 'read-dg4' },
  ],
  'authentication-terminal': [
    { bit: 0, right: 'age-verification' },
    { bit: 1, right: 'community-id-verification' },
    { bit: 2, right: 'restricted-identification' },
    { bit: 3, right: 'privileged-terminal' },
    { bit: 4, right: 'can-allowed' },
    { bit: 5, right: 'pin-management' },
    { bit: 6, right: 'install-certificate' },
    { bit: 7, right: 'install-qualified-certificate' },
    ...eidDataGroups.map((group) => ({ bit: 7 + group, right: `eid-read-dg${group}` })),
    { bit: 30, right: 'pseudonymous-signature' },
    ...eidDataGroups.filter((group) => group >= 17).map((group) => ({ bit: 54 - group, right: `eid-write-dg${group}` })),
  ],
  'signature-terminal': [
    { bit: 0, right: 'generate-signature' },
    { bit: 1, right: 'generate-qualified-signature' },
  ],
}

/** A certificate holder authorization template: what the holder is, and what it may, relative to who issued its certificate. */
export interface Chat {
  readonly terminalType: TerminalType
  readonly role: CvRole
  /** The relative authorization as it stands in DO'53': role in the two leading bits, rights behind; 1 byte, 5 for an authentication terminal. */
  readonly template: Uint8Array
}

const what = 'certificate holder authorization template'

function typeRow(type: TerminalType) {
  return terminalTypes.find((row) => row.type === type)!
}

/** Value of a DO'7F4C' (BSI TR-03110-3 v2.21, C.1.5). Throws DecodeError, also for a terminal type that is none of {@link terminalTypes}. */
export function decodeChat(value: Uint8Array): Chat {
  const objects = new OrderedObjects(value, what)
  const oid = objectIdentifier(objects.required(0x06, 'terminal type'), what)
  const template = objects.required(0x53, 'relative authorization')
  objects.end()
  const row = terminalTypes.find((candidate) => candidate.oid === oid)
  if (row === undefined) throw new DecodeError(what, 'a terminal type that is not known')
  if (template.length !== row.bytes)
    throw new DecodeError(what, `${template.length} bytes of authorization where ${row.bytes} are expected`)
  return { terminalType: row.type, role: roles[template[0]! >> 6]!, template }
}

/** The whole DO'7F4C'. Throws InputError when length or role of the template are not what the other fields say. */
export function encodeChat(chat: Chat): Uint8Array {
  const row = terminalTypes.find((candidate) => candidate.type === chat.terminalType)
  if (row === undefined) throw new InputError('authorization.terminalType', 'is not known')
  if (chat.template.length !== row.bytes) throw new InputError('authorization.template', `not ${row.bytes} bytes`)
  if (roles[chat.template[0]! >> 6] !== chat.role) throw new InputError('authorization.role', 'is not that of the template')
  return encodeTlv(0x7f4c, [encodeOid(row.oid), encodeTlv(0x53, chat.template)])
}

/** A template with these rights ({@link chatRights} names them). Throws InputError for a right that the terminal type does not have. */
export function makeChat(terminalType: TerminalType, role: CvRole, names: readonly string[]): Chat {
  const template = new Uint8Array(typeRow(terminalType).bytes)
  template[0] = roles.indexOf(role) << 6
  for (const name of names) {
    const bit = rights[terminalType].find((row) => row.right === name)?.bit
    if (bit === undefined) throw new InputError('rights', `a right that no ${terminalType} has`)
    template[template.length - 1 - (bit >> 3)]! |= 1 << (bit & 7)
  }
  return { terminalType, role, template }
}

/** The rights set in a template, by name, last bit first; reserved bits are passed over. `read-dg3` and `read-dg4` are those of the passport. */
export function chatRights(chat: Chat): string[] {
  return rights[chat.terminalType]
    .filter(({ bit }) => (chat.template[chat.template.length - 1 - (bit >> 3)]! & (1 << (bit & 7))) !== 0)
    .map(({ right }) => right)
}

/** Every right that a terminal of this type can have. */
export function rightsOf(terminalType: TerminalType): string[] {
  return rights[terminalType].map(({ right }) => right)
}

/**
 * The effective authorization of `holder` below these authorities: the bitwise AND of all their rights (BSI TR-03110-3 v2.21, 2.7; Doc 9303-11, 8th ed.,
 * 7.1.4.3.6), the role being the holder's own. House rule: an authority for another terminal type grants nothing.
 */
export function effectiveChat(holder: Chat, authorities: readonly Chat[]): Chat {
  const template = holder.template.slice()
  for (const authority of authorities)
    for (let i = 0; i < template.length; i++) template[i]! &= authority.terminalType === holder.terminalType ? authority.template[i]! : 0
  template[0] = (template[0]! & 0x3f) | (roles.indexOf(holder.role) << 6)
  return { terminalType: holder.terminalType, role: holder.role, template }
}
