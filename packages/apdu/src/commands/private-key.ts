import { concatBytes, DecodeError, encodeTlv, InputError, uintToBytes } from '@kart/codec'
import type { CardCommand } from '../card-command.ts'
import { atMost, type CommandLabel, makeCommand, nothing } from './make-command.ts'

/** What a private key is to do: sign (digital signature template B6), decipher or agree on a key (confidentiality B8), authenticate (A4). */
export type PrivateKeyUse = 'sign' | 'decipher' | 'authenticate'

const templates = { sign: 0xb6, decipher: 0xb8, authenticate: 0xa4 } as const satisfies Record<PrivateKeyUse, number>

/** Algorithm references of the MyEID command surface (DO'80'): RSA over a block that is padded already, ECDSA and ECDH. */
export const keyAlgorithms = { rsa: 0x00, ec: 0x04 } as const

/**
 * MANAGE SECURITY ENVIRONMENT: SET of a private key for one use (ISO/IEC 7816-4:2020, 11.6, P1 41): DO'80' algorithm, DO'81' the key's file, DO'84' 00, as
 * unmodified OpenSC sends it to a card of the MyEID command surface. Throws InputError.
 */
export function setPrivateKey(
  use: PrivateKeyUse,
  key: { readonly fid: number; readonly algorithm: keyof typeof keyAlgorithms },
  options: CommandLabel = {},
): CardCommand<void> {
  if (!Number.isInteger(key.fid) || key.fid < 0 || key.fid > 0xffff) throw new InputError('fid', 'not a 16-bit file identifier')
  const data = concatBytes(
    encodeTlv(0x80, Uint8Array.of(keyAlgorithms[key.algorithm])),
    encodeTlv(0x81, uintToBytes(key.fid, 2)),
    encodeTlv(0x84, Uint8Array.of(0x00)),
  )
  return makeCommand({ ins: 0x22, p1: 0x41, p2: templates[use], data, parse: nothing, label: options.label })
}

/** Bytes of the longest answer of a private key: an RSA-4096 block. */
const longestAnswer = 512

function operation(p1: number, p2: number, data: Uint8Array, options: CommandLabel & { readonly ne?: number }): CardCommand<Uint8Array> {
  if (data.length < 1 || data.length > longestAnswer + 1) throw new InputError('data', `not 1..${longestAnswer + 1} bytes`)
  const ne = options.ne ?? 256
  if (!Number.isInteger(ne) || ne < 1 || ne > 65536) throw new InputError('ne', 'not in 1..65536')
  return makeCommand({
    ...{ ins: 0x2a, p1, p2, data: data.slice(), ne, label: options.label },
    parse: (response, name) => {
      if (response.data.length === 0) throw new DecodeError(`${name} response`, 'is empty')
      return atMost(Math.max(longestAnswer, ne))(response, name)
    },
  })
}

/**
 * PERFORM SECURITY OPERATION: COMPUTE DIGITAL SIGNATURE (ISO/IEC 7816-8:2021; MyEID command surface): an elliptic-curve key takes the digest and gives the
 * DER of (r, s), an RSA key takes the padded block and gives one of the same length. `ne` 256 unless told. Throws InputError; its parse DecodeError.
 */
export function computeSignature(data: Uint8Array, options: CommandLabel & { readonly ne?: number } = {}): CardCommand<Uint8Array> {
  return operation(0x9e, 0x9a, data, options)
}

/**
 * PERFORM SECURITY OPERATION: DECIPHER (ISO/IEC 7816-8:2021; MyEID command surface): an RSA key takes the cryptogram behind a padding indicator byte,
 * an elliptic-curve key the other side's public key, and gives the shared value. `ne` 256 unless told. Throws InputError; its parse DecodeError.
 */
export function decipher(data: Uint8Array, options: CommandLabel & { readonly ne?: number } = {}): CardCommand<Uint8Array> {
  return operation(0x80, 0x86, data, options)
}

/** What GET DATA 01A0 says of a card of the MyEID command surface. */
export interface MyeidCardInfo {
  /** `OsEID` or `MyEID`. */
  readonly applet: string
  readonly version: readonly [number, number, number]
  /** Ten bytes. */
  readonly serialNumber: Uint8Array
  /** Changes of the application since it was made, modulo 65536. */
  readonly changes: number
}

/** GET DATA 01A0, twenty bytes (MyEID command surface): applet name (5), version (3), serial number (10), change counter (2). Its parse throws DecodeError. */
export function getMyeidInfo(options: CommandLabel = {}): CardCommand<MyeidCardInfo> {
  return makeCommand({
    ...{ ins: 0xca, p1: 0x01, p2: 0xa0, ne: 256, label: options.label },
    parse: ({ data }, name) => {
      if (data.length !== 20) throw new DecodeError(`${name} response`, `${data.length} bytes where 20 are expected`)
      return {
        applet: String.fromCharCode(...data.subarray(0, 5)).replace(/[^ -~]/g, '\ufffd'),
        version: [data[5]!, data[6]!, data[7]!],
        serialNumber: data.slice(8, 18),
        changes: data[18]! * 256 + data[19]!,
      }
    },
  })
}

/** What GET DATA 01C1..01CE tells of a PIN. */
export interface PinState {
  readonly triesLeft: number
  readonly mostTries: number
  /** Tries of its PUK, 0 when that is used up; undefined = it has no PUK. */
  readonly pukTriesLeft: number | undefined
  /** Whether it is the PIN of the letter, which signs nothing before it is changed. */
  readonly transport: boolean
}

/**
 * GET DATA 01C1..01CE (house rule of the reference card), five bytes: tries left and at most, those of the PUK (00 00 where there is none), flags (bit 1: transport PIN). `reference`: 1..14.
 * Throws InputError; its parse throws DecodeError.
 */
export function getPinState(reference: number, options: CommandLabel = {}): CardCommand<PinState> {
  if (!Number.isInteger(reference) || reference < 1 || reference > 14) throw new InputError('reference', 'is not 1 to 14')
  return makeCommand({
    ...{ ins: 0xca, p1: 0x01, p2: 0xc0 + reference, ne: 256, label: options.label },
    parse: ({ data }, name) => {
      if (data.length !== 5) throw new DecodeError(`${name} response`, `${data.length} bytes where 5 are expected`)
      const [triesLeft = 0, mostTries = 0, pukTriesLeft = 0, mostPukTries = 0, flags = 0] = data
      return { triesLeft, mostTries, pukTriesLeft: mostPukTries === 0 ? undefined : pukTriesLeft, transport: (flags & 0x01) !== 0 }
    },
  })
}

/**
 * Public half of the key file that is selected (MyEID command surface): of an RSA key the modulus (GET DATA 0101) and the exponent (0102), of an elliptic-curve
 * key the point (0186). Its parse throws DecodeError for an empty answer.
 */
export function getPublicPart(part: 'modulus' | 'exponent' | 'point', options: CommandLabel = {}): CardCommand<Uint8Array> {
  return makeCommand({
    ...{ ins: 0xca, p1: 0x01, p2: { modulus: 0x01, exponent: 0x02, point: 0x86 }[part], ne: 256, label: options.label },
    parse: (response, name) => {
      if (response.data.length === 0) throw new DecodeError(`${name} response`, 'is empty')
      return atMost(longestAnswer + 1)(response, name)
    },
  })
}
