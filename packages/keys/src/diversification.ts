import { concatBytes, encodeAscii, InputError, uintToBytes } from '@kart/codec'

/** A named run of bytes in the input of a derivation step. */
export interface InputPart {
  readonly name: string
  readonly bytes: Uint8Array
}

/** One operation with a master key; its input is the parts one after the other. */
export interface DerivationStep {
  readonly parts: readonly InputPart[]
}

/** How a card's key follows from a master key and the card's diversification data; holds nothing secret. */
export interface Derivation {
  readonly scheme: SchemeName
  readonly purpose: KeyPurpose
  /** The operation of every step: AES-CMAC, or triple DES without chaining. */
  readonly mechanism: 'aes-cmac' | 'des-ede2'
  readonly steps: readonly DerivationStep[]
  /** Bytes of the key: the outputs of the steps one after the other, cut to this length. */
  readonly length: number
}

/**
 * What keys are derived for, and the label that keeps each apart from all others (house rule; ASCII). The first three are the card's secure channel keys; the
 * PUK and the SO-PIN of a card can be derived for the office that unblocks it.
 */
export const purposes = {
  enc: { label: 'Kart SCP03 Key-ENC', keyType: 1, use: 'Key-ENC, secure channel encryption' },
  mac: { label: 'Kart SCP03 Key-MAC', keyType: 2, use: 'Key-MAC, secure channel MACs' },
  dek: { label: 'Kart SCP03 Key-DEK', keyType: 3, use: 'Key-DEK, encryption of keys that are put onto the card' },
  puk: { label: 'Kart PUK', keyType: undefined, use: 'seed of the card’s PUK' },
  'so-pin': { label: 'Kart SO-PIN', keyType: undefined, use: 'seed of the card’s SO-PIN' },
} as const satisfies Record<string, { label: string; keyType: number | undefined; use: string }>
export type KeyPurpose = keyof typeof purposes
/** The three keys of a key set, in their order on the card. */
export const channelPurposes = ['enc', 'mac', 'dek'] as const satisfies readonly KeyPurpose[]

/** Ways of diversification. `sp800-108-cmac` is the house's; the others are for the transport keys of bought chips. */
export const schemes = {
  'sp800-108-cmac': { mechanism: 'aes-cmac', plan: planCounterMode, clause: 'NIST SP 800-108 Rev. 1, 4.1, with AES-CMAC' },
  kdf3: { mechanism: 'aes-cmac', plan: planKdf3, clause: 'GlobalPlatform tools’ KDF3: NIST SP 800-108, counter mode, AES-CMAC' },
  emv: { mechanism: 'des-ede2', plan: planEmv, clause: 'EMV Card Personalization Specification 1.1, 4.1' },
  visa2: { mechanism: 'des-ede2', plan: planVisa2, clause: 'Visa Open Platform (VISA2)' },
} as const satisfies Record<string, SchemeRow>
export type SchemeName = keyof typeof schemes

interface SchemeRow {
  readonly mechanism: Derivation['mechanism']
  /** The steps for key diversification data of 10 bytes and a key of `length` bytes. */
  plan(purpose: KeyPurpose, diversificationData: Uint8Array, length: number): readonly DerivationStep[]
  readonly clause: string
}

/** Bytes that one AES-CMAC gives. */
const blockLength = 16

/**
 * SP 800-108 Rev. 1, 4.1, counter mode: [i] || label || 00 || context || [L], with i and L (the length in bits) in 32 bits (r = 32, as OpenSSL's KBKDF has it
 * too), label by purpose, and as context the card's 10 bytes of key diversification data (house rule; the fixed input of 4, step 4).
 */
function planCounterMode(purpose: KeyPurpose, context: Uint8Array, length: number): readonly DerivationStep[] {
  return counted(length, 4, (counter) => [
    counter,
    { name: 'label', bytes: encodeAscii(purposes[purpose].label) },
    { name: 'separator', bytes: Uint8Array.of(0) },
    { name: 'context', bytes: context },
    { name: 'length in bits', bytes: uintToBytes(length * 8, 4) },
  ])
}

/** KDF3: [i] in one byte || 00 00 00 || key type || 00 || key diversification data. */
function planKdf3(purpose: KeyPurpose, context: Uint8Array, length: number): readonly DerivationStep[] {
  const type = keyTypeOf(purpose, 'kdf3')
  return counted(length, 1, (counter) => [
    counter,
    { name: 'label', bytes: Uint8Array.of(0, 0, 0, type) },
    { name: 'separator', bytes: Uint8Array.of(0) },
    { name: 'context', bytes: context },
  ])
}

function planEmv(purpose: KeyPurpose, data: Uint8Array): readonly DerivationStep[] {
  return halves(keyTypeOf(purpose, 'emv'), [{ name: 'data bytes 5 to 10', bytes: data.slice(4) }])
}

function planVisa2(purpose: KeyPurpose, data: Uint8Array): readonly DerivationStep[] {
  return halves(keyTypeOf(purpose, 'visa2'), [
    { name: 'data bytes 1 and 2', bytes: data.slice(0, 2) },
    { name: 'data bytes 5 to 8', bytes: data.slice(4, 8) },
  ])
}

/** One step a block of output, numbered from 1. */
function counted(length: number, counterLength: number, partsOf: (counter: InputPart) => readonly InputPart[]): readonly DerivationStep[] {
  return Array.from({ length: Math.ceil(length / blockLength) }, (_, i) => ({
    parts: partsOf({ name: 'counter', bytes: uintToBytes(i + 1, counterLength) }),
  }))
}

/** The two blocks of a triple-DES key: six bytes of the card with F0 and the key type, the same six with 0F and the key type. */
function halves(type: number, card: readonly InputPart[]): readonly DerivationStep[] {
  return [0xf0, 0x0f].map((half) => ({
    parts: [
      ...card,
      { name: half === 0xf0 ? 'left half' : 'right half', bytes: Uint8Array.of(half) },
      { name: 'key type', bytes: Uint8Array.of(type) },
    ],
  }))
}

function keyTypeOf(purpose: KeyPurpose, scheme: string): number {
  const { keyType } = purposes[purpose]
  if (keyType === undefined) throw new InputError('purpose', `scheme ${scheme} derives the three secure channel keys only`)
  return keyType
}

/**
 * The steps that derive one key of one card. `diversificationData` is the 10 bytes of INITIALIZE UPDATE's answer, `length` the key's bytes: 16, 24 or 32, and
 * 16 for the triple-DES schemes. Throws InputError.
 */
export function planDerivation(scheme: SchemeName, purpose: KeyPurpose, diversificationData: Uint8Array, length: number): Derivation {
  if (diversificationData.length !== 10) throw new InputError('diversificationData', 'not 10 bytes')
  const row: SchemeRow = schemes[scheme]
  const lengths = row.mechanism === 'des-ede2' ? [16] : [16, 24, 32]
  if (!lengths.includes(length)) throw new InputError('length', `not ${lengths.join(', ')} bytes, which scheme ${scheme} gives`)
  return { scheme, purpose, mechanism: row.mechanism, steps: row.plan(purpose, diversificationData.slice(), length), length }
}

/** The whole input of a step. */
export function stepInput(step: DerivationStep): Uint8Array {
  return concatBytes(...step.parts.map(({ bytes }) => bytes))
}
