import { DecodeError, InputError } from '@kart/codec'
import type { CardCommand } from '../card-command.ts'
import { atMost, type CommandLabel, exactly, makeCommand, nothing } from './make-command.ts'

/** Algorithm (P1) and key (P2) references of an authentication; 0 = the card knows. */
export interface AuthenticateOptions extends CommandLabel {
  readonly algorithm?: number
  readonly key?: number
}

function someBytes(data: Uint8Array): Uint8Array {
  if (data.length === 0) throw new InputError('data', 'is empty')
  return data.slice()
}

/** GET CHALLENGE for a nonce of exactly `length` bytes, 1..256 (ISO/IEC 7816-4:2020, 11.6). Throws InputError; its parse throws DecodeError for another length. */
export function getChallenge(length = 8, options: CommandLabel = {}): CardCommand<Uint8Array> {
  if (!Number.isInteger(length) || length < 1 || length > 256) throw new InputError('length', 'not in 1..256')
  return makeCommand({ ins: 0x84, p1: 0, p2: 0, ne: length, parse: exactly(length), label: options.label })
}

/** EXTERNAL AUTHENTICATE: the card checks the terminal's data and answers none (ISO/IEC 7816-4:2020, 11.6). Throws InputError for empty data. */
export function externalAuthenticate(data: Uint8Array, options: AuthenticateOptions = {}): CardCommand<void> {
  return makeCommand({
    ins: 0x82,
    p1: options.algorithm ?? 0,
    p2: options.key ?? 0,
    data: someBytes(data),
    parse: nothing,
    name: 'EXTERNAL AUTHENTICATE',
    label: options.label,
  })
}

/**
 * MUTUAL AUTHENTICATE: EXTERNAL AUTHENTICATE whose answer authenticates the card in turn, of exactly `answerLength` bytes, 1..256
 * (ISO/IEC 7816-4:2020, 11.6; BAC has 40). Throws InputError; its parse throws DecodeError for another length.
 */
export function mutualAuthenticate(data: Uint8Array, answerLength: number, options: AuthenticateOptions = {}): CardCommand<Uint8Array> {
  if (!Number.isInteger(answerLength) || answerLength < 1 || answerLength > 256) throw new InputError('answerLength', 'not in 1..256')
  return makeCommand({
    ins: 0x82,
    p1: options.algorithm ?? 0,
    p2: options.key ?? 0,
    data: someBytes(data),
    ne: answerLength,
    parse: exactly(answerLength),
    name: 'MUTUAL AUTHENTICATE',
    label: options.label,
  })
}

/**
 * INTERNAL AUTHENTICATE: the card signs or encrypts a challenge (ISO/IEC 7816-4:2020, 11.6; Doc 9303-11, 8th ed., 6.1, active
 * authentication); `ne` 1..65536 bytes of answer at most, 256 unless told. Throws InputError; its parse throws DecodeError for an empty answer.
 */
export function internalAuthenticate(
  challenge: Uint8Array,
  options: AuthenticateOptions & { readonly ne?: number } = {},
): CardCommand<Uint8Array> {
  const ne = options.ne ?? 256
  return makeCommand({
    ins: 0x88,
    p1: options.algorithm ?? 0,
    p2: options.key ?? 0,
    data: someBytes(challenge),
    ne,
    label: options.label,
    parse: (response, name) => {
      if (response.data.length === 0) throw new DecodeError(`${name} response`, 'is empty')
      // 256 in a short Le field means "all there is", which behind 61xx may be more.
      return atMost(ne === 256 ? 65536 : ne)(response, name)
    },
  })
}
