import {
  type CardChannel,
  type CardCommand,
  generalAuthenticate,
  StatusWordError,
  send,
  setAuthenticationTemplate,
  setKeyAgreementTemplate,
} from '@kart/apdu/host'
import { DecodeError, decodeTlv, encodeTlv, findTlv, InputError, type Tlv } from '@kart/codec'
import { constantTimeEqual, wipe } from '@kart/crypto'
import { encodeOid } from '@kart/layout'
import { AuthenticationError } from '../channel-error.ts'
import type { EmrtdSession } from '../secure-messaging/emrtd-session.ts'
import type { ChipAuthenticationProtocol } from './chip-authentication-protocol.ts'
import type { KeyAgreement } from './key-agreement.ts'
import { chipAuthenticationKeys, chipAuthenticationToken, startChipAuthenticationSession } from './session-keys.ts'

const label = 'chip authentication'

/** The number of a card's key as DO'84' has it: an unsigned integer in the fewest bytes. */
function keyReference(keyId: number | undefined): Uint8Array | undefined {
  if (keyId === undefined) return undefined
  if (!Number.isInteger(keyId) || keyId < 0 || keyId > 0xffff) throw new InputError('keyId', 'not in 0..65535')
  return keyId > 0xff ? Uint8Array.of(keyId >> 8, keyId & 0xff) : Uint8Array.of(keyId)
}

/** MSE:Set KAT, which is all of version 1 with triple DES (BSI TR-03110-3 v2.21, B.2 and B.14.3). Throws InputError. */
export function keyAgreementCommand(publicKey: Uint8Array, keyId?: number): CardCommand<void> {
  return setKeyAgreementTemplate(publicKey, keyReference(keyId), { label })
}

/** MSE:Set AT for chip authentication (BSI TR-03110-3 v2.21, B.2 and B.14.1). Throws InputError. */
export function chipAuthenticationTemplate(protocol: ChipAuthenticationProtocol, keyId?: number): CardCommand<void> {
  const mechanism = decodeTlv(encodeOid(protocol.oid), 0x06).value
  const privateKeyReference = keyReference(keyId)
  return setAuthenticationTemplate(
    'internal',
    { mechanism, ...(privateKeyReference === undefined ? {} : { privateKeyReference }) },
    { label },
  )
}

/** GENERAL AUTHENTICATE with the ephemeral public key in DO'80' (BSI TR-03110-3 v2.21, B.2). */
export function chipAuthenticationCommand(publicKey: Uint8Array): CardCommand<readonly Tlv[]> {
  return generalAuthenticate(encodeTlv(0x80, publicKey), { label })
}

/** Input of {@link performChipAuthentication}. */
export interface ChipAuthenticationOptions {
  readonly version: 1 | 2
  readonly protocol: ChipAuthenticationProtocol
  /** The card's number of its key, where it has several. */
  readonly keyId?: number | undefined
  /** The terminal's ephemeral key with the card's static one; erased afterwards. In version 2 the one that terminal authentication named. */
  readonly agreement: KeyAgreement
  /** Version 1, triple DES: with MSE:Set KAT (as every such card takes) unless told `set-at`. */
  readonly tripleDesWith?: 'set-kat' | 'set-at'
}

/** What chip authentication gives. */
export interface ChipAuthenticationResult {
  /**
   * Secure messaging with the new keys, counter at zero. In version 1 the card is genuine only when it answers a command through it (BSI TR-03110-1 v2.20, 3.4);
   * in version 2 its token has proved it already.
   */
  readonly session: EmrtdSession
  /** The ephemeral public key that terminal authentication version 1 signs. */
  readonly publicKey: Uint8Array
}

/**
 * Chip authentication through the channel given, which is under secure messaging and is not used afterwards (BSI TR-03110-3 v2.21, B.2; Doc 9303-11, 8th ed.,
 * 6.2): the old session's keys remain the caller's to erase once the new one is there. Throws AuthenticationError when the card refuses, answers otherwise than
 * the version says, or (version 2) its token does not hold: the same for each; InputError or CryptoError for a key that does not fit, before anything is sent.
 */
export async function performChipAuthentication(
  channel: CardChannel,
  options: ChipAuthenticationOptions,
): Promise<ChipAuthenticationResult> {
  const { version, protocol, agreement } = options
  try {
    if (agreement.kind !== protocol.agreement) throw new InputError('agreement', 'is not that of the protocol')
    const secret = agreement.agree()
    try {
      const { publicKey } = agreement
      const answer = await exchange(channel, options, publicKey)
      const session = version === 1 ? openVersion1(protocol, secret, answer) : openVersion2(protocol, secret, publicKey, answer)
      return { session, publicKey }
    } finally {
      wipe(secret)
    }
  } finally {
    agreement.destroy()
  }
}

const refused = (sw?: number): AuthenticationError =>
  new AuthenticationError(label, 'the card did not prove that it holds its key', sw === undefined ? undefined : { sw })

async function exchange(channel: CardChannel, options: ChipAuthenticationOptions, publicKey: Uint8Array): Promise<readonly Tlv[]> {
  const { version, protocol, keyId, tripleDesWith = 'set-kat' } = options
  try {
    if (version === 1 && protocol.cipher === 'desede' && tripleDesWith === 'set-kat') {
      await send(channel, keyAgreementCommand(publicKey, keyId))
      return []
    }
    await send(channel, chipAuthenticationTemplate(protocol, keyId))
    return await send(channel, chipAuthenticationCommand(publicKey))
  } catch (error) {
    if (error instanceof StatusWordError) throw refused(error.sw)
    if (error instanceof DecodeError) throw refused()
    throw error
  }
}

function openVersion1(protocol: ChipAuthenticationProtocol, secret: Uint8Array, answer: readonly Tlv[]): EmrtdSession {
  if (answer.length > 0) throw refused() // B.2: response data must not be there in version 1
  const keys = chipAuthenticationKeys(protocol, secret)
  const session = startChipAuthenticationSession(protocol, keys)
  wipe(keys.ksEnc, keys.ksMac)
  return session
}

function openVersion2(
  protocol: ChipAuthenticationProtocol,
  secret: Uint8Array,
  publicKey: Uint8Array,
  answer: readonly Tlv[],
): EmrtdSession {
  const nonce = findTlv(answer, 0x81)?.value
  const token = findTlv(answer, 0x82)?.value
  if (answer.length !== 2 || nonce?.length !== 8 || token?.length !== 8) throw refused()
  const keys = chipAuthenticationKeys(protocol, secret, nonce)
  try {
    if (!constantTimeEqual(chipAuthenticationToken(protocol, keys.ksMac, publicKey), token)) throw refused()
    return startChipAuthenticationSession(protocol, keys)
  } finally {
    wipe(keys.ksEnc, keys.ksMac)
  }
}
