import {
  type CardChannel,
  externalAuthenticateChannel,
  type InitializeUpdateResponse,
  initializeUpdate,
  StatusWordError,
  send,
} from '@kart/apdu/host'
import { InputError } from '@kart/codec'
import { constantTimeEqual, randomBytes, wipe } from '@kart/crypto'
import { AuthenticationError } from '../channel-error.ts'
import type { CardRecognition } from './card-recognition.ts'
import { externalAuthenticateMac, type Scp03Keys, scp03CardChallenge, scp03Cryptogram, scp03SessionKeys } from './derivation.ts'
import { type Scp03SecurityLevel, Scp03Session, scp03SecurityLevels } from './scp03-session.ts'

/** Options of {@link openScp03}. */
export interface Scp03Options {
  /** What is protected in both directions; 33 (all of it) unless told. 00 authenticates both sides and protects nothing after. */
  readonly securityLevel?: Scp03SecurityLevel
  /** Whether the card is in S16 mode: challenges, cryptograms and MACs of 16 bytes. Unless told, as long as the host challenge says, or S8. */
  readonly s16?: boolean
  /** 8 bytes, or 16 for a card in S16 mode; random unless told. */
  readonly hostChallenge?: Uint8Array
  /** P2 of INITIALIZE UPDATE, the identifier of the first key of the set; 0, which every card takes, unless told. */
  readonly keyIdentifier?: number
  /** AID of the security domain: with it, a pseudo-random card challenge (i bit 5) is checked, and a card that gives another is refused. */
  readonly aid?: Uint8Array
  /** What the card must offer at least. */
  readonly policy?: Scp03Policy
}

/** What a caller demands of the card beyond what its security level needs. The card’s parameter i is authenticated by nothing: what it lacks is refused, never made do with. */
export interface Scp03Policy {
  /** Bits of parameter i that must be set (Amendment D 1.2, 5.1, table 5-1): 01 S16, 10 pseudo-random challenge, 20 R-MAC, 60 R-MAC and R-ENCRYPTION. */
  readonly requires?: number
  /** The card’s own words before the session, from {@link readCardRecognition}: INITIALIZE UPDATE must offer one of its SCP03 parameters. */
  readonly recognition?: CardRecognition
  /** Least bytes of an AES key: 16, 24 or 32. */
  readonly minimumKeyLength?: 16 | 24 | 32
}

/** The session, and what the card said of itself when it was opened. */
export interface OpenedScp03 {
  readonly session: Scp03Session
  /** Key diversification data, key version, parameter i, sequence counter. */
  readonly card: InitializeUpdateResponse
}

/**
 * Static keys, or a function that finds them by what the card says: its key diversification data and key version. `release` is called with what was found
 * once the channel is open or has failed: a source that derives keys wipes them there.
 */
export type Scp03KeySource =
  | Scp03Keys
  | {
      readonly version: number
      find(card: InitializeUpdateResponse): Scp03Keys | Promise<Scp03Keys>
      release?(keys: Scp03Keys): void
    }

const s16 = 0x01
const pseudoRandom = 0x10
const knownBits = 0x71

/** What parameter i must offer for a security level (Amendment D 1.2, 5.1, table 5-1): R-MAC 20, R-MAC with R-ENCRYPTION 60. */
function offered(i: number, level: Scp03SecurityLevel): boolean {
  const asked = level & 0x20 ? 0x60 : level & 0x10 ? 0x20 : 0
  return (i & asked) === asked
}

/**
 * Opens SCP03 with the selected security domain (GlobalPlatform Card Specification Amendment D 1.2, 5 and 7.1): INITIALIZE UPDATE, the card's cryptogram
 * checked, EXTERNAL AUTHENTICATE. AES-128, -192 and -256; S8 and S16; random and pseudo-random challenges; every level that the card's i allows.
 * Throws InputError, StatusWordError (the card has no such key set), AuthenticationError (either side is not authentic), DecodeError, TransportError.
 */
export async function openScp03(channel: CardChannel, keys: Scp03KeySource, options: Scp03Options = {}): Promise<OpenedScp03> {
  const securityLevel = options.securityLevel ?? 0x33
  if (!scp03SecurityLevels.includes(securityLevel)) throw new InputError('securityLevel', 'not 00, 01, 03, 11, 13 or 33')
  const hostChallenge = options.hostChallenge ?? randomBytes(options.s16 ? 16 : 8)
  if (options.s16 !== undefined && options.s16 !== (hostChallenge.length === 16))
    throw new InputError('hostChallenge', 'not as long as the mode has it: 8 bytes in S8, 16 in S16')
  const keyIdentifier = options.keyIdentifier ?? 0
  const card = await send(channel, initializeUpdate(hostChallenge, { keyVersion: keys.version, keyIdentifier }))
  checkOffer(card, keys.version, hostChallenge.length, securityLevel)
  checkPolicy(card, options.policy ?? {})
  const found = 'find' in keys ? await keys.find(card) : keys
  try {
    if (found.enc.length < (options.policy?.minimumKeyLength ?? 16)) throw new InputError('SCP03 keys', 'shorter than the policy demands')
    return await authenticate(channel, found, card, { hostChallenge, securityLevel, aid: options.aid })
  } finally {
    if ('find' in keys) keys.release?.(found)
  }
}

async function authenticate(
  channel: CardChannel,
  found: Scp03Keys,
  card: InitializeUpdateResponse,
  { hostChallenge, securityLevel, aid }: { hostChallenge: Uint8Array; securityLevel: Scp03SecurityLevel; aid: Uint8Array | undefined },
): Promise<OpenedScp03> {
  const sessionKeys = scp03SessionKeys(found, hostChallenge, card.cardChallenge)
  try {
    const cryptogram = scp03Cryptogram('card', sessionKeys.sMac, hostChallenge, card.cardChallenge)
    if (!constantTimeEqual(cryptogram, card.cardCryptogram))
      throw new AuthenticationError('SCP03', 'the card did not prove that it holds the keys')
    checkCardChallenge(card, found, aid)
    const hostCryptogram = scp03Cryptogram('host', sessionKeys.sMac, hostChallenge, card.cardChallenge)
    const chainingValue = externalAuthenticateMac(sessionKeys.sMac, securityLevel, hostCryptogram)
    const macLength = hostChallenge.length === 16 ? 16 : 8
    await authenticateHost(channel, securityLevel, hostCryptogram, chainingValue.subarray(0, macLength))
    return { session: new Scp03Session({ keys: sessionKeys, dek: found.dek, securityLevel, chainingValue, macLength }), card }
  } finally {
    wipe(sessionKeys.sEnc, sessionKeys.sMac, sessionKeys.sRmac)
  }
}

function checkOffer(card: InitializeUpdateResponse, version: number, challengeLength: number, level: Scp03SecurityLevel): void {
  const { scpId, i } = card
  if (scpId !== 3 || i === undefined) throw new AuthenticationError('SCP03', `the card offers secure channel protocol ${scpId}`)
  if (version !== 0 && card.keyVersion !== version) throw new AuthenticationError('SCP03', 'the card answered with another key version')
  if ((i & ~knownBits) !== 0) throw new AuthenticationError('SCP03', 'the card’s parameter i says something that is not known')
  if (((i & s16) !== 0 ? 16 : 8) !== challengeLength)
    throw new AuthenticationError('SCP03', 'the card uses the other of the modes S8 and S16')
  if (!offered(i, level)) throw new AuthenticationError('SCP03', 'the card does not offer the protection of responses that is asked for')
}

function checkPolicy(card: InitializeUpdateResponse, { requires = 0, recognition }: Scp03Policy): void {
  const i = card.i ?? 0
  if ((i & requires) !== requires) throw new AuthenticationError('SCP03', 'the card offers less than the policy demands (parameter i)')
  if (recognition !== undefined && !recognition.protocols.some((protocol) => protocol.scp === 3 && protocol.i === i))
    throw new AuthenticationError('SCP03', 'the card offers another parameter i than its card recognition data name')
}

function checkCardChallenge(card: InitializeUpdateResponse, keys: Scp03Keys, aid: Uint8Array | undefined): void {
  if (aid === undefined || card.sequenceCounter === undefined || ((card.i ?? 0) & pseudoRandom) === 0) return
  const expected = scp03CardChallenge(keys.enc, card.sequenceCounter, aid, card.cardChallenge.length)
  if (!constantTimeEqual(expected, card.cardChallenge))
    throw new AuthenticationError('SCP03', 'the card’s challenge does not follow from its counter')
}

async function authenticateHost(channel: CardChannel, level: number, hostCryptogram: Uint8Array, mac: Uint8Array): Promise<void> {
  try {
    await send(channel, externalAuthenticateChannel(level, hostCryptogram, { mac }))
  } catch (error) {
    if (error instanceof StatusWordError) throw new AuthenticationError('SCP03', 'the card refused the terminal', { sw: error.sw })
    throw error
  }
}
