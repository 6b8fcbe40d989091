import { toHex } from '@kart/codec'
import { keyCheckValue, wipe } from '@kart/crypto'
import { deriveKey } from './derive-key.ts'
import {
  channelPurposes,
  type Derivation,
  type KeyPurpose,
  planDerivation,
  purposes,
  type SchemeName,
  schemes,
  stepInput,
} from './diversification.ts'
import type { KeySet } from './key-description.ts'
import { type KeyStore, type MasterAlgorithm, type MasterKey, masterAlgorithms } from './key-store.ts'
import { KeyStoreError } from './key-store-error.ts'

/** One operation with the master key: what goes in, by parts; what comes out is key and is not told. */
export interface ExplainedStep {
  readonly parts: readonly { readonly name: string; readonly hex: string; readonly text?: string }[]
  /** The whole input, hex. */
  readonly input: string
  /** Which bytes of the key the output is, such as `1 to 16`. */
  readonly gives: string
}

/** How one key of a card came to be, and its check value. */
export interface ExplainedKey {
  readonly purpose: KeyPurpose
  readonly use: string
  /** The label that keeps this purpose apart, where the scheme has one. */
  readonly label: string | undefined
  readonly masterKey: string
  readonly masterAlgorithm: MasterAlgorithm
  /** Check values, hex. */
  readonly masterCheckValue: string
  readonly mechanism: string
  readonly length: number
  readonly steps: readonly ExplainedStep[]
  readonly checkValue: string
}

/** The derivation of a card's keys, step by step; no key and no part of one. */
export interface Explanation {
  readonly set: string
  readonly use: KeySet['use']
  readonly keyVersion: number
  readonly scheme: SchemeName
  readonly clause: string
  /** Key diversification data of the card, hex. */
  readonly diversificationData: string
  readonly keys: readonly ExplainedKey[]
}

const mechanisms = { 'aes-cmac': 'AES-CMAC', 'des-ede2': 'triple DES of one block' } as const
const printable = /^[\x20-\x7e]+$/

function explainSteps(derivation: Derivation): ExplainedStep[] {
  const block = derivation.mechanism === 'aes-cmac' ? 16 : 8
  return derivation.steps.map((step, i) => ({
    parts: step.parts.map(({ name, bytes }) => {
      const text = name === 'label' ? String.fromCharCode(...bytes) : ''
      return { name, hex: toHex(bytes), ...(printable.test(text) ? { text } : {}) }
    }),
    input: toHex(stepInput(step)),
    gives: `${i * block + 1} to ${Math.min((i + 1) * block, derivation.length)}`,
  }))
}

function masterOf(keys: readonly MasterKey[], id: string): MasterKey {
  const found = keys.find((key) => key.id === id)
  if (found === undefined) throw new KeyStoreError('missing', `there is no key ${id} in the key store`)
  return found
}

/**
 * Derives a card's keys of a set and tells how, and their check values; each key is wiped before the next. `serial` is the 10 bytes of key diversification
 * data; `wanted` the purposes, the three secure channel keys unless told. Throws KeyStoreError, InputError.
 */
export async function explainDiversification(
  store: KeyStore,
  set: KeySet,
  serial: Uint8Array,
  wanted: readonly KeyPurpose[] = channelPurposes,
): Promise<Explanation> {
  const masters = await store.list()
  const keys: ExplainedKey[] = []
  for (const purpose of wanted) {
    // What is not one of the three channel keys comes from the master of Key-DEK (house rule): the key that protects other secrets.
    const id = purpose === 'enc' || purpose === 'mac' ? set.keys[purpose] : set.keys.dek
    const master = masterOf(masters, id)
    const derivation = planDerivation(set.scheme, purpose, serial, set.keyLength)
    const key = await deriveKey(store, id, derivation)
    const checkValue = keyCheckValue(key, derivation.mechanism === 'aes-cmac' ? 'aes' : 'desede')
    wipe(key)
    keys.push({
      purpose,
      use: purposes[purpose].use,
      label: set.scheme === 'sp800-108-cmac' ? purposes[purpose].label : undefined,
      masterKey: id,
      masterAlgorithm: master.algorithm,
      masterCheckValue: toHex(master.checkValue),
      mechanism: `${mechanisms[derivation.mechanism]} with the master key (${masterAlgorithms[master.algorithm] * 8} bits)`,
      length: derivation.length,
      steps: explainSteps(derivation),
      checkValue: toHex(checkValue),
    })
  }
  const { name, use, keyVersion, scheme } = set
  return { set: name, use, keyVersion, scheme, clause: schemes[scheme].clause, diversificationData: toHex(serial), keys }
}
