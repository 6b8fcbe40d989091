import {
  type CardChannel,
  externalAuthenticateChannel,
  type InitializeUpdateResponse,
  initializeUpdate,
  StatusWordError,
  send,
} from '@kart/apdu/host'
import { concatBytes, InputError } from '@kart/codec'
import { constantTimeEqual, randomBytes, wipe } from '@kart/crypto'
import { AuthenticationError } from '../channel-error.ts'
import { type Scp02Keys, scp02CardChallenge, scp02Cryptogram, scp02Mac, scp02SessionKeys } from './derivation.ts'
import { type Scp02SecurityLevel, Scp02Session, scp02SecurityLevels } from './scp02-session.ts'

/** Options of {@link openScp02}. */
export interface Scp02Options {
  /** Whether the caller's policy allows SCP02 at all. Without it nothing is sent: SCP02 is deprecated, its ciphers are weak, and answers go unprotected. */
  readonly allowScp02: boolean
  /** Implementation option: 15, or 55 with a pseudo-random card challenge. The card's answer does not carry it; its card recognition data do. */
  readonly i: 0x15 | 0x55
  /** 01 C-MAC, 03 with C-DECRYPTION; 03 unless told. */
  readonly securityLevel?: Scp02SecurityLevel
  /** 8 bytes; random unless told. */
  readonly hostChallenge?: Uint8Array
  /** AID of the security domain: with it and i = 55 the card challenge is checked. */
  readonly aid?: Uint8Array
}

/** The session, and what the card said of itself when it was opened. */
export interface OpenedScp02 {
  readonly session: Scp02Session
  readonly card: InitializeUpdateResponse
}

/**
 * Opens SCP02 with the selected security domain of an older card (GlobalPlatform Card Specification 2.3.1, appendix E): INITIALIZE UPDATE, the card's
 * cryptogram checked in constant time, EXTERNAL AUTHENTICATE. Throws InputError, StatusWordError, AuthenticationError (the policy does not allow it, the card
 * offers another protocol, either side is not authentic), DecodeError, TransportError.
 */
export async function openScp02(channel: CardChannel, keys: Scp02Keys, options: Scp02Options): Promise<OpenedScp02> {
  if (options.allowScp02 !== true)
    throw new AuthenticationError('SCP02', 'the policy does not allow this protocol; use SCP03, or allow SCP02 for older stock')
  const securityLevel = options.securityLevel ?? 0x03
  if (!scp02SecurityLevels.includes(securityLevel)) throw new InputError('securityLevel', 'not 01 or 03')
  if (options.i !== 0x15 && options.i !== 0x55) throw new InputError('i', 'not 15 or 55')
  const hostChallenge = options.hostChallenge ?? randomBytes(8)
  if (hostChallenge.length !== 8) throw new InputError('hostChallenge', 'not 8 bytes')
  const card = await send(channel, initializeUpdate(hostChallenge, { keyVersion: keys.version }))
  const { sequenceCounter, cardChallenge } = card
  if (card.scpId !== 2 || sequenceCounter === undefined)
    throw new AuthenticationError('SCP02', `the card offers secure channel protocol ${card.scpId}`)
  if (keys.version !== 0 && card.keyVersion !== keys.version)
    throw new AuthenticationError('SCP02', 'the card answered with another key version')
  const sessionKeys = scp02SessionKeys(keys, sequenceCounter)
  try {
    const challenges = { hostChallenge, sequenceCounter, cardChallenge }
    if (!constantTimeEqual(scp02Cryptogram('card', sessionKeys.sEnc, challenges), card.cardCryptogram))
      throw new AuthenticationError('SCP02', 'the card did not prove that it holds the keys')
    if (options.i === 0x55 && options.aid && !constantTimeEqual(scp02CardChallenge(sessionKeys.sMac, options.aid), cardChallenge))
      throw new AuthenticationError('SCP02', 'the card’s challenge does not follow from its counter')
    const cryptogram = scp02Cryptogram('host', sessionKeys.sEnc, challenges)
    const header = Uint8Array.of(0x84, 0x82, securityLevel, 0, 16)
    const mac = scp02Mac(sessionKeys.sMac, undefined, concatBytes(header, cryptogram))
    await authenticateHost(channel, securityLevel, cryptogram, mac)
    return { session: new Scp02Session({ keys: sessionKeys, securityLevel, mac }), card }
  } finally {
    wipe(sessionKeys.sEnc, sessionKeys.sMac, sessionKeys.sDek)
  }
}

async function authenticateHost(channel: CardChannel, level: number, cryptogram: Uint8Array, mac: Uint8Array): Promise<void> {
  try {
    await send(channel, externalAuthenticateChannel(level, cryptogram, { mac }))
  } catch (error) {
    if (error instanceof StatusWordError) throw new AuthenticationError('SCP02', 'the card refused the terminal', { sw: error.sw })
    throw error
  }
}
