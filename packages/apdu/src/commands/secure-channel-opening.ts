import { Cursor, concatBytes, DecodeError, InputError } from '@kart/codec'
import type { CardCommand } from '../card-command.ts'
import { type CommandLabel, makeCommand, nothing } from './make-command.ts'

/** What a card answers to INITIALIZE UPDATE. */
export interface InitializeUpdateResponse {
  /** Key diversification data, 10 bytes. */
  readonly keyDiversificationData: Uint8Array
  /** Version of the key set, 00..FF. */
  readonly keyVersion: number
  /** Secure channel protocol: 1, 2 or 3. */
  readonly scpId: number
  /** SCP03's parameter i; undefined in SCP01 and SCP02, whose answer does not carry it. */
  readonly i: number | undefined
  /** 8 bytes; 16 in SCP03 S16 mode; 6 in SCP02. */
  readonly cardChallenge: Uint8Array
  /** 8 bytes; 16 in SCP03 S16 mode. */
  readonly cardCryptogram: Uint8Array
  /** 3 bytes in SCP03 with pseudo-random challenges, 2 in SCP02, otherwise undefined. */
  readonly sequenceCounter: Uint8Array | undefined
}

function parseInitializeUpdate(data: Uint8Array, name: string): InitializeUpdateResponse {
  const cursor = new Cursor(data, `${name} response`)
  const keyDiversificationData = cursor.bytes(10, 'key diversification data')
  const keyVersion = cursor.u8('key version')
  const scpId = cursor.u8('protocol identifier')
  let i: number | undefined
  let sequenceCounter: Uint8Array | undefined
  let cardChallenge: Uint8Array
  let cardCryptogram: Uint8Array
  if (scpId === 3) {
    i = cursor.u8('parameter i')
    const size = i & 0x01 ? 16 : 8
    cardChallenge = cursor.bytes(size, 'card challenge')
    cardCryptogram = cursor.bytes(size, 'card cryptogram')
    if (i & 0x10) sequenceCounter = cursor.bytes(3, 'sequence counter')
  } else if (scpId === 1 || scpId === 2) {
    if (scpId === 2) sequenceCounter = cursor.bytes(2, 'sequence counter')
    cardChallenge = cursor.bytes(scpId === 2 ? 6 : 8, 'card challenge')
    cardCryptogram = cursor.bytes(8, 'card cryptogram')
  } else throw new DecodeError(`${name} response`, `secure channel protocol ${scpId} is not known`, { offset: 11 })
  cursor.end()
  return { keyDiversificationData, keyVersion, scpId, i, cardChallenge, cardCryptogram, sequenceCounter }
}

/**
 * INITIALIZE UPDATE (GlobalPlatform Card Specification 2.3.1, E.5.1 and Amendment D 1.2, 7.1.1): `hostChallenge` 8 bytes (16 in SCP03 S16
 * mode), `keyVersion` 0..7F, 0 = the card's first; `keyIdentifier` 0..7F in P2, 0 unless told. Parses the answer of 28 (SCP01, SCP02), 29 or 32 (SCP03), 45 or 48 bytes (S16).
 * Throws InputError; its parse throws DecodeError.
 */
export function initializeUpdate(
  hostChallenge: Uint8Array,
  options: CommandLabel & { readonly keyVersion?: number; readonly keyIdentifier?: number } = {},
): CardCommand<InitializeUpdateResponse> {
  if (hostChallenge.length !== 8 && hostChallenge.length !== 16) throw new InputError('hostChallenge', 'is not 8 or 16 bytes')
  const keyVersion = options.keyVersion ?? 0
  if (!Number.isInteger(keyVersion) || keyVersion < 0 || keyVersion > 0x7f) throw new InputError('keyVersion', 'not in 0..127')
  const keyIdentifier = options.keyIdentifier ?? 0
  if (!Number.isInteger(keyIdentifier) || keyIdentifier < 0 || keyIdentifier > 0x7f) throw new InputError('keyIdentifier', 'not in 0..127')
  return makeCommand({
    cla: 0x80,
    ins: 0x50,
    p1: keyVersion,
    p2: keyIdentifier,
    data: hostChallenge.slice(),
    ne: 256,
    parse: (response, name) => parseInitializeUpdate(response.data, name),
    label: options.label,
  })
}

/**
 * EXTERNAL AUTHENTICATE that opens a secure channel (GlobalPlatform Card Specification 2.3.1, E.5.2 and Amendment D 1.2, 7.1.2): class byte
 * 84, the security level in P1, the host cryptogram of 8 or 16 bytes, and behind it the C-MAC where the caller has computed it already.
 * Throws InputError.
 */
export function externalAuthenticateChannel(
  securityLevel: number,
  hostCryptogram: Uint8Array,
  options: CommandLabel & { readonly mac?: Uint8Array } = {},
): CardCommand<void> {
  if (!Number.isInteger(securityLevel) || securityLevel < 0 || securityLevel > 0xff) throw new InputError('securityLevel', 'not a byte')
  if (hostCryptogram.length !== 8 && hostCryptogram.length !== 16) throw new InputError('hostCryptogram', 'is not 8 or 16 bytes')
  const data = concatBytes(hostCryptogram, options.mac ?? new Uint8Array(0))
  return makeCommand({ cla: 0x84, ins: 0x82, p1: securityLevel, p2: 0, data, parse: nothing, label: options.label })
}
