import { Cursor, concatBytes, DecodeError, decodeTlvList, encodeTlv, InputError, requireTlv } from '@kart/codec'
import type { CardCommand } from '../card-command.ts'
import { type CommandLabel, makeCommand } from './make-command.ts'

/** Key type of AES keys (GlobalPlatform Card Specification 2.3.1, table 11-16). */
export const aesKeyType = 0x88

/** One AES key on its way to the card. */
export interface WrappedKey {
  /** Bytes of the key itself: 16, 24 or 32. */
  readonly length: number
  /** The key under the Key-DEK, padded to whole blocks of 16 bytes. */
  readonly wrapped: Uint8Array
  /** Key check value, 3 bytes. */
  readonly checkValue: Uint8Array
}

/** What a card answers to PUT KEY. */
export interface PutKeyAnswer {
  /** Version of the key set as the card has it now. */
  readonly version: number
  /** Check values of the keys it took, 3 bytes each, in their order. */
  readonly checkValues: readonly Uint8Array[]
}

function keyVersion(value: number, field: string, least: 0 | 1): number {
  if (!Number.isInteger(value) || value < least || value > 0x7f) throw new InputError(field, `not in ${least}..127`)
  return value
}

function keyField({ length, wrapped, checkValue }: WrappedKey): Uint8Array {
  if (![16, 24, 32].includes(length)) throw new InputError('length', 'not 16, 24 or 32')
  if (wrapped.length !== Math.ceil(length / 16) * 16) throw new InputError('wrapped', 'not the key’s whole blocks')
  if (checkValue.length !== 3) throw new InputError('checkValue', 'not 3 bytes')
  return concatBytes(Uint8Array.of(aesKeyType, 1 + wrapped.length, length), wrapped, Uint8Array.of(3), checkValue)
}

/**
 * PUT KEY for a set of AES keys (GlobalPlatform Card Specification 2.3.1, 11.8; Amendment D 1.2, 7.2): `version` 1..127 of the set that comes, its keys in the
 * order of their identifiers from 1 on; `replaces` is the version of the set that it takes the place of, 0 (unless told) adds it. Throws InputError;
 * its parse throws DecodeError.
 */
export function putKey(
  version: number,
  keys: readonly WrappedKey[],
  options: CommandLabel & { readonly replaces?: number } = {},
): CardCommand<PutKeyAnswer> {
  if (keys.length === 0) throw new InputError('keys', 'none')
  const data = concatBytes(Uint8Array.of(keyVersion(version, 'version', 1)), ...keys.map(keyField))
  return makeCommand({
    cla: 0x80,
    ins: 0xd8,
    p1: keyVersion(options.replaces ?? 0, 'replaces', 0),
    p2: keys.length > 1 ? 0x81 : 0x01,
    data,
    ne: 256,
    label: options.label,
    parse: (response, name) => {
      const cursor = new Cursor(response.data, `${name} response`)
      const answered = cursor.u8('key version')
      const checkValues = keys.map(() => cursor.bytes(3, 'key check value'))
      cursor.end()
      return { version: answered, checkValues }
    },
  })
}

/** DELETE [key]: the whole key set of a version, 1..127 (GlobalPlatform Card Specification 2.3.1, 11.2). Throws InputError; its parse throws DecodeError. */
export function deleteKey(version: number, options: CommandLabel = {}): CardCommand<void> {
  return makeCommand({
    cla: 0x80,
    ins: 0xe4,
    p1: 0,
    p2: 0,
    data: encodeTlv(0xd2, Uint8Array.of(keyVersion(version, 'version', 1))),
    ne: 256,
    label: options.label,
    parse: ({ data }, name) => {
      if (data.length > 1 || (data[0] ?? 0) !== 0) throw new DecodeError(`${name} response`, 'is not the single byte 00')
    },
  })
}

/** One key that the card says it has. */
export interface KeyInformation {
  readonly identifier: number
  readonly version: number
  /** Type, 88 = AES (GlobalPlatform Card Specification 2.3.1, table 11-16). */
  readonly type: number
  /** Bytes. */
  readonly length: number
}

/** Takes a key information template apart, DO'E0' as GET DATA 00E0 answers it, basic format only (GlobalPlatform Card Specification 2.3.1, 11.3.3.1). Throws DecodeError. */
export function decodeKeyInformation(data: Uint8Array): readonly KeyInformation[] {
  const what = 'key information template'
  const { children } = requireTlv(decodeTlvList(data), 0xe0, what)
  return (children ?? []).flatMap(({ tag, value }) => {
    if (tag !== 0xc0) throw new DecodeError(what, "holds an object that is not DO'C0'")
    // A card without keys may answer one empty object.
    if (value.length === 0) return []
    const [identifier, version, type, length] = value
    if (value.length !== 4 || type === 0xff)
      throw new DecodeError(what, 'has an entry that is not identifier, version, type and length of one key')
    return [{ identifier: identifier!, version: version!, type: type!, length: length! }]
  })
}
