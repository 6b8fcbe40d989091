import { type CardChannel, StatusWordError, send } from '@kart/apdu/host'
import { CardError, DecodeError, InputError } from '@kart/codec'
import { type AgreementGroup, agreementGroup, constantTimeEqual, randomBytes, wipe } from '@kart/crypto'
import { AuthenticationError } from '../channel-error.ts'
import { compressedPublicKey } from '../compressed-public-key.ts'
import { drawEphemeralKey } from '../ephemeral-key.ts'
import { type EmrtdSession, type SessionKeys, start3desSession, startAesSession } from '../secure-messaging/emrtd-session.ts'
import { authenticationToken, paceSessionKeys } from './authentication-token.ts'
import { type ChipAuthenticationEvidence, decryptChipAuthenticationData } from './chip-authentication-mapping.ts'
import type { PaceSelection } from './choose-pace.ts'
import { decryptNonce, mapGeneric, mapIntegrated } from './nonce-mapping.ts'
import { paceCiphers } from './pace-cipher.ts'
import { type PaceStep, paceCommand, paceSteps, setPace } from './pace-commands.ts'
import type { PacePassword, PacePasswordKind } from './pace-password.ts'

/** Options of {@link performPace}. */
export interface PaceOptions {
  /** From {@link choosePace}. */
  readonly selection: PaceSelection
  readonly password: PacePassword
  /** Random bytes, called for the mapping key (the nonce with the integrated mapping), then for the key of the agreement; the system's generator unless told. */
  readonly random?: (length: number) => Uint8Array
  /** DO'7F4C, the whole certificate holder authorization template of a terminal that goes on to terminal authentication. */
  readonly authorization?: Uint8Array
  /**
   * Whether to go on when the card says that one try is left for the PIN, which is then suspended until the CAN is proved (TR-03110-2, 2.4.1); `refuse` unless told,
   * `take` once PACE with the CAN went before.
   */
  readonly lastTry?: 'refuse' | 'take'
}

/** What a run of PACE gives. */
export interface PaceResult {
  readonly session: EmrtdSession
  readonly selection: PaceSelection
  readonly password: PacePasswordKind
  /** Whether MSE:Set AT carried DO'84'. */
  readonly parametersReferenced: boolean
  /** Tries that the card said were left before this one. */
  readonly triesLeft: number | undefined
  /** The card's ephemeral public key of the agreement. */
  readonly chipPublicKey: Uint8Array
  /** ID_IC: that key compressed, for terminal authentication version 2. */
  readonly chipIdentifier: Uint8Array
  /** References of certification authorities, the newest first (DO'87', DO'88'). */
  readonly authorityReferences: readonly Uint8Array[]
  /** With chip authentication mapping: what `verifyChipAuthenticationMapping` holds against the static key of EF.CardSecurity. Until then the chip is not proved. */
  readonly chipAuthentication: ChipAuthenticationEvidence | undefined
}

/**
 * PACE as the terminal (Doc 9303-11, 8th ed., 4.4): MSE:Set AT, then GENERAL AUTHENTICATE four times, then secure messaging with fresh keys. The MF is current, no
 * application selected. Throws StatusWordError when the card does not take the protocol or gives no nonce, TransportError, InputError for a selection that does not
 * fit together; and from then on, for a wrong password, a wrong token and a key that is no key alike, one and the same AuthenticationError.
 */
export async function performPace(channel: CardChannel, options: PaceOptions): Promise<PaceResult> {
  const { selection, password } = options
  const group = agreementGroup(selection.group)
  if (group.kind !== selection.protocol.agreement) throw new InputError('selection.group', 'is of the other kind of key agreement')
  const { sw, parametersReferenced } = await setProtocol(channel, options)
  const triesLeft = (sw & 0xfff0) === 0x63c0 ? sw & 0x0f : undefined
  checkTries(sw, options)
  const run = new PaceRun(group, options)
  try {
    await run.perform(channel)
    return {
      ...run.result(),
      selection,
      password: password.kind,
      parametersReferenced,
      triesLeft,
    }
  } catch (error) {
    throw sameForAll(error)
  } finally {
    run.destroy()
  }
}

/** The card's answers to MSE:Set AT that ask for DO'84': wrong data, referenced data not found. */
const wantsReference = new Set([0x6a80, 0x6a88])

async function setProtocol(channel: CardChannel, options: PaceOptions): Promise<{ sw: number; parametersReferenced: boolean }> {
  const { protocol, parameterId, referenceParameters } = options.selection
  const authorization = options.authorization === undefined ? {} : { authorization: options.authorization }
  const attempt = async (reference: boolean) => {
    const named = reference && parameterId !== undefined ? { parameterId } : {}
    const sw = await send(channel, setPace(protocol, options.password, { ...authorization, ...named }))
    return { sw, parametersReferenced: reference && parameterId !== undefined }
  }
  try {
    return await attempt(referenceParameters)
  } catch (error) {
    // No password was tried yet: once more, with the parameters named, costs nothing.
    if (!(error instanceof StatusWordError) || !wantsReference.has(error.sw) || referenceParameters || parameterId === undefined)
      throw error
    return await attempt(true)
  }
}

function checkTries(sw: number, options: PaceOptions): void {
  const { kind } = options.password
  if (sw === 0x6283) throw new AuthenticationError('PACE', `the ${kind.toUpperCase()} is deactivated`, { sw })
  if (sw === 0x63c0) throw new AuthenticationError('PACE', `the ${kind.toUpperCase()} is blocked`, { sw })
  if (sw === 0x63c1 && kind === 'pin' && options.lastTry !== 'take')
    throw new AuthenticationError('PACE', 'one try is left for the PIN, which is suspended until the CAN is proved', { sw })
}

/**
 * One error for whatever fails behind the nonce: which step it was would tell who guesses at the password, or plays the card, how far he came. A status word is kept
 * only where it counts the tries left.
 */
function sameForAll(error: unknown): unknown {
  if (error instanceof NonceRefused) return error.reason
  if (!(error instanceof CardError) || !['decode', 'limit', 'crypto', 'status-word', 'authentication'].includes(error.code)) return error
  const sw = error instanceof StatusWordError && ((error.sw & 0xfff0) === 0x63c0 || error.sw === 0x6983) ? { sw: error.sw } : {}
  return new AuthenticationError('PACE', 'the password is not this card’s, or the card did not prove that it knows it', sw)
}

/** The card gave no nonce: nothing was said about the password yet, and its status word says why. */
class NonceRefused {
  readonly reason: StatusWordError

  constructor(reason: StatusWordError) {
    this.reason = reason
  }
}

type Objects = ReadonlyMap<number, Uint8Array>

/** The state of one run; every secret in it is erased by {@link PaceRun.destroy}. */
class PaceRun {
  readonly #group: AgreementGroup
  readonly #options: PaceOptions
  readonly #random: (length: number) => Uint8Array
  readonly #secrets: Uint8Array[] = []
  #session: EmrtdSession | undefined
  #chipPublicKey: Uint8Array | undefined
  #chipAuthentication: ChipAuthenticationEvidence | undefined
  #authorityReferences: Uint8Array[] = []

  constructor(group: AgreementGroup, options: PaceOptions) {
    this.#group = group
    this.#options = options
    this.#random = options.random ?? randomBytes
  }

  destroy(): void {
    wipe(...this.#secrets)
  }

  result(): Pick<PaceResult, 'session' | 'chipPublicKey' | 'chipIdentifier' | 'authorityReferences' | 'chipAuthentication'> {
    const chipPublicKey = this.#chipPublicKey!
    return {
      session: this.#session!,
      chipPublicKey,
      chipIdentifier: compressedPublicKey(this.#group.kind, chipPublicKey),
      authorityReferences: this.#authorityReferences,
      chipAuthentication: this.#chipAuthentication,
    }
  }

  async perform(channel: CardChannel): Promise<void> {
    const { protocol } = this.#options.selection
    const nonce = await this.#nonce(channel)
    const mapping = protocol.mapping === 'im' ? await this.#integrated(channel, nonce) : await this.#generic(channel, nonce)
    const { terminalPublicKey, chipPublicKey, keys } = await this.#agree(channel, mapping.generator)
    const step = protocol.mapping === 'cam' ? paceSteps.tokensWithChip : paceSteps.tokens
    const answer = await exchange(channel, step, authenticationToken(protocol, keys.ksMac, chipPublicKey))
    const expected = this.#secret(authenticationToken(protocol, keys.ksMac, terminalPublicKey))
    if (!constantTimeEqual(expected, answer.get(0x86)!)) throw new AuthenticationError('PACE', 'wrong token')
    const encrypted = answer.get(0x8a)
    if (encrypted !== undefined) this.#keepChipAuthentication(keys.ksEnc, encrypted, mapping.chipPublicKey!)
    this.#authorityReferences = [0x87, 0x88].flatMap((tag) => answer.get(tag) ?? [])
    this.#chipPublicKey = chipPublicKey
    this.#session = protocol.cipher === 'desede' ? start3desSession(keys) : startAesSession(keys)
  }

  #secret(bytes: Uint8Array): Uint8Array {
    this.#secrets.push(bytes)
    return bytes
  }

  async #nonce(channel: CardChannel): Promise<Uint8Array> {
    const { password, selection } = this.#options
    let answer: Objects
    try {
      answer = await exchange(channel, paceSteps.nonce)
    } catch (error) {
      if (error instanceof StatusWordError) throw new NonceRefused(error)
      throw error
    }
    const kPi = this.#secret(password.deriveKey(selection.protocol.cipher))
    const nonce = this.#secret(decryptNonce(selection.protocol.cipher, kPi, answer.get(0x80)!))
    const { mappedNonceLength } = paceCiphers[selection.protocol.cipher]
    if (selection.protocol.mapping === 'im' && nonce.length !== mappedNonceLength)
      throw new DecodeError('PACE nonce', `${nonce.length} bytes where the integrated mapping has ${mappedNonceLength}`)
    return nonce
  }

  async #generic(channel: CardChannel, nonce: Uint8Array): Promise<{ generator: Uint8Array; chipPublicKey: Uint8Array | undefined }> {
    const { privateKey, publicKey } = this.#keyPair(this.#group.generator)
    const answer = await exchange(channel, paceSteps.mapping, publicKey)
    const chipPublicKey = answer.get(0x82)!
    this.#differ(chipPublicKey, publicKey)
    const { sharedSecretH, mappedGenerator } = mapGeneric(this.#group, nonce, privateKey, chipPublicKey)
    this.#secret(sharedSecretH)
    return { generator: this.#secret(mappedGenerator), chipPublicKey }
  }

  async #integrated(channel: CardChannel, nonce: Uint8Array): Promise<{ generator: Uint8Array; chipPublicKey: undefined }> {
    const { cipher } = this.#options.selection.protocol
    const additionalNonce = this.#random(paceCiphers[cipher].keyLength)
    const answer = await exchange(channel, paceSteps.integratedMapping, additionalNonce)
    if ((answer.get(0x82)?.length ?? 0) > 0) throw new DecodeError('dynamic authentication data', 'data object 82 is not empty')
    const { pseudoRandom, reduced, mappedGenerator } = mapIntegrated(this.#group, cipher, nonce, additionalNonce)
    this.#secret(pseudoRandom)
    this.#secret(reduced)
    return { generator: this.#secret(mappedGenerator), chipPublicKey: undefined }
  }

  async #agree(
    channel: CardChannel,
    generator: Uint8Array,
  ): Promise<{ terminalPublicKey: Uint8Array; chipPublicKey: Uint8Array; keys: SessionKeys }> {
    const { privateKey, publicKey } = this.#keyPair(generator)
    const answer = await exchange(channel, paceSteps.agreement, publicKey)
    const chipPublicKey = answer.get(0x84)!
    this.#differ(chipPublicKey, publicKey)
    const shared = this.#secret(this.#group.sharedSecret(privateKey, this.#group.check(chipPublicKey)))
    const keys = paceSessionKeys(this.#options.selection.protocol.cipher, shared)
    this.#secrets.push(keys.ksEnc, keys.ksMac)
    return { terminalPublicKey: publicKey, chipPublicKey, keys }
  }

  #keyPair(generator: Uint8Array): { privateKey: Uint8Array; publicKey: Uint8Array } {
    const { privateKey, publicKey } = drawEphemeralKey(this.#group, generator, this.#random)
    return { privateKey: this.#secret(privateKey), publicKey }
  }

  /** A card that sends the terminal's own key back would let the terminal agree with itself (Doc 9303-11, 8th ed., 4.4.1). */
  #differ(chipPublicKey: Uint8Array, terminalPublicKey: Uint8Array): void {
    if (constantTimeEqual(chipPublicKey, terminalPublicKey)) throw new AuthenticationError('PACE', 'the card’s key is the terminal’s own')
  }

  #keepChipAuthentication(ksEnc: Uint8Array, encrypted: Uint8Array, mappingPublicKey: Uint8Array): void {
    const { group, parameterId } = this.#options.selection
    this.#chipAuthentication = {
      group,
      keyId: parameterId,
      chipAuthenticationData: decryptChipAuthenticationData(this.#group, ksEnc, encrypted),
      mappingPublicKey,
    }
  }
}

function exchange(channel: CardChannel, step: PaceStep, value?: Uint8Array): Promise<Objects> {
  return send(channel, paceCommand(step, value))
}
