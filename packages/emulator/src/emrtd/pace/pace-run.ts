import { equalBytes } from '@kart/codec'
import { equalSecrets } from '../../card-crypto/constant-time.ts'
import { type AgreementGroup, drawScalar, type RandomSource } from '../../key-agreement/agreement-group.ts'
import { chipAuthenticationData } from '../../key-agreement/chip-key.ts'
import { deriveKey } from '../key-derivation.ts'
import { authenticationToken, encryptChipAuthenticationData } from './authentication-token.ts'
import { mapGenerically, mapIntegratedly } from './nonce-mapping.ts'
import { paceCiphers } from './pace-cipher.ts'
import type { PaceProtocol } from './pace-protocol.ts'

/** What one run of PACE goes by. */
export interface PaceSetup {
  readonly protocol: PaceProtocol
  readonly group: AgreementGroup
  /** f(password) (Doc 9303-11, 8th ed., 9.7.3). */
  readonly secret: Uint8Array
  /** Static private key for chip authentication mapping. */
  readonly chipKey: Uint8Array | undefined
  readonly random: RandomSource
}

/** What the card gains and sends when the terminal's token was right. The keys are the receiver's to erase. */
export interface PaceConfirmation {
  readonly token: Uint8Array
  /** A_IC; with chip authentication mapping only. */
  readonly chipAuthenticationData: Uint8Array | undefined
  readonly encryptionKey: Uint8Array
  readonly macKey: Uint8Array
  /** The card's ephemeral public key of the agreement, and the terminal's. */
  readonly publicKey: Uint8Array
  readonly terminalKey: Uint8Array
}

export type PaceStage = 'nonce' | 'mapping' | 'agreement' | 'token' | 'over'

/**
 * The card's side of PACE (Doc 9303-11, 8th ed., 4.4.1), step by step: bytes in, bytes out, no state of the card. A step that fails gives undefined and
 * ends the run; one that gets an element that is none does the work of a good one all the same, so that its time tells nothing.
 */
export class PaceRun {
  #stage: PaceStage = 'nonce'
  readonly #setup: PaceSetup
  #nonce: Uint8Array = new Uint8Array(0)
  #mappingKey: Uint8Array = new Uint8Array(0)
  #generator: Uint8Array = new Uint8Array(0)
  #publicKey: Uint8Array = new Uint8Array(0)
  #encryptionKey: Uint8Array = new Uint8Array(0)
  #macKey: Uint8Array = new Uint8Array(0)
  #terminalKey: Uint8Array = new Uint8Array(0)

  /** Takes a copy of the secret. */
  constructor(setup: PaceSetup) {
    this.#setup = { ...setup, secret: setup.secret.slice() }
  }

  get stage(): PaceStage {
    return this.#stage
  }

  /** Step 1: z = E(K_pi, s). */
  encryptNonce(): Uint8Array {
    const { protocol, secret, random } = this.#setup
    const cipher = paceCiphers[protocol.cipher]
    this.#nonce = random(protocol.mapping === 'IM' ? cipher.integratedNonceLength : 16)
    const passwordKey = deriveKey(protocol.cipher, secret, 3)
    const encrypted = cipher.encrypt(passwordKey, this.#nonce)
    passwordKey.fill(0)
    this.#stage = 'mapping'
    return encrypted
  }

  /** Step 2: the terminal's mapping data in, the card's out (none in the integrated mapping). */
  mapNonce(received: Uint8Array): Uint8Array | undefined {
    return this.#setup.protocol.mapping === 'IM' ? this.#mapIntegratedly(received) : this.#mapGenerically(received)
  }

  #mapGenerically(received: Uint8Array): Uint8Array | undefined {
    const { group, random } = this.#setup
    const taken = group.take(received)
    this.#mappingKey = drawScalar(group, random)
    const products = group.multiplier(this.#mappingKey)
    const publicKey = products.generator()
    const shared = products.element(taken ?? group.generator)
    const generator = mapGenerically(group, this.#nonce, shared)
    shared.fill(0)
    if (taken === undefined || generator === undefined) return this.#fail()
    return this.#mapped(generator, publicKey)
  }

  #mapIntegratedly(received: Uint8Array): Uint8Array | undefined {
    const { group, protocol } = this.#setup
    if (received.length !== paceCiphers[protocol.cipher].keyLength) return this.#fail()
    const generator = mapIntegratedly(group, protocol.cipher, this.#nonce, received)
    return generator ? this.#mapped(generator, new Uint8Array(0)) : this.#fail()
  }

  #mapped(generator: Uint8Array, answer: Uint8Array): Uint8Array {
    this.#nonce.fill(0)
    this.#generator = generator
    this.#stage = 'agreement'
    return answer
  }

  /** Step 3: the terminal's ephemeral public key in, the card's out; refuses its own (4.4.1, step 3 d). */
  agree(received: Uint8Array): Uint8Array | undefined {
    const { group, protocol, random } = this.#setup
    const taken = group.take(received)
    const privateKey = drawScalar(group, random)
    const products = group.multiplier(privateKey)
    const sharedSecret = products.secret(taken ?? this.#generator)
    this.#publicKey = products.element(this.#generator)
    this.#encryptionKey = deriveKey(protocol.cipher, sharedSecret, 1)
    this.#macKey = deriveKey(protocol.cipher, sharedSecret, 2)
    privateKey.fill(0)
    sharedSecret.fill(0)
    if (taken === undefined || equalBytes(taken, this.#publicKey)) return this.#fail()
    // As it was sent: the terminal's own token input has no other bytes.
    this.#terminalKey = received.slice()
    this.#stage = 'token'
    return this.#publicKey.slice()
  }

  /** Step 4: the terminal's token in; the card's token, chip authentication data and session keys out. Ends the run. */
  confirm(received: Uint8Array): PaceConfirmation | undefined {
    const { protocol, group, chipKey } = this.#setup
    const expected = authenticationToken(protocol, this.#macKey, this.#publicKey)
    const token = authenticationToken(protocol, this.#macKey, this.#terminalKey)
    const proof = chipKey && chipAuthenticationData(group, chipKey, this.#mappingKey)
    const confirmation: PaceConfirmation = {
      token,
      chipAuthenticationData: proof && encryptChipAuthenticationData(this.#encryptionKey, proof),
      encryptionKey: this.#encryptionKey.slice(),
      macKey: this.#macKey.slice(),
      publicKey: this.#publicKey.slice(),
      terminalKey: this.#terminalKey.slice(),
    }
    proof?.fill(0)
    const right = equalSecrets(expected, received)
    expected.fill(0)
    this.destroy()
    if (right) return confirmation
    confirmation.encryptionKey.fill(0)
    confirmation.macKey.fill(0)
    return undefined
  }

  #fail(): undefined {
    this.destroy()
    return undefined
  }

  /** Erases what is secret and ends the run. */
  destroy(): void {
    this.#stage = 'over'
    for (const secret of [this.#setup.secret, this.#nonce, this.#mappingKey, this.#generator, this.#encryptionKey, this.#macKey])
      secret.fill(0)
  }
}
