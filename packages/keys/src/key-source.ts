import type { Scp03KeySource, Scp03Keys } from '@kart/secure-channel'
import { deriveCardKeys, wipeKeys } from './derive-key.ts'
import { schemes } from './diversification.ts'
import type { KeySet } from './key-description.ts'
import type { KeyStore } from './key-store.ts'
import { KeyStoreError } from './key-store-error.ts'

/** Throws KeyStoreError before the first day of a key set and after its last (B11: after the cut-off an old key is refused). `now` is taken in UTC. */
export function requireInDate(set: KeySet, now: Date): void {
  const today = now.toISOString().slice(0, 10)
  if (set.notBefore !== undefined && today < set.notBefore)
    throw new KeyStoreError('out-of-date', `key set ${set.name} is not in use before ${set.notBefore}`)
  if (set.notAfter !== undefined && today > set.notAfter)
    throw new KeyStoreError(
      'out-of-date',
      `key set ${set.name} is not in use after ${set.notAfter}: cards that still carry it are not to be issued`,
    )
}

/**
 * The key set of a card that answers with this key version; of two versions in use at once (a rotation) each card gets its own.
 * Throws KeyStoreError for a version that no set has, and for a set out of its dates.
 */
export function chooseKeySet(sets: readonly KeySet[], keyVersion: number, now: Date): KeySet {
  const set = sets.find((candidate) => candidate.keyVersion === keyVersion)
  if (set === undefined) {
    const known =
      sets.length === 0
        ? 'there is none'
        : `there are ${sets.map((candidate) => `${candidate.name} (version ${candidate.keyVersion})`).join(', ')}`
    throw new KeyStoreError('missing', `no key set has the key version ${keyVersion} that the card answers with; ${known}`)
  }
  requireInDate(set, now)
  return set
}

/** The `card` set to write today: of those in their dates the one with the latest first day, and of those the last described. Throws KeyStoreError. */
export function currentCardSet(sets: readonly KeySet[], now: Date): KeySet {
  const today = now.toISOString().slice(0, 10)
  const usable = sets.filter(
    ({ use, notBefore = '', notAfter = '9999-12-31' }) => use === 'card' && notBefore <= today && today <= notAfter,
  )
  const latest = usable.reduce<KeySet | undefined>(
    (best, set) => (best === undefined || (set.notBefore ?? '') >= (best.notBefore ?? '') ? set : best),
    undefined,
  )
  if (latest === undefined) throw new KeyStoreError('missing', `no key set for issued cards is in use on ${today}`)
  return latest
}

/** What {@link keySourceOf} goes by beside the sets. */
export interface KeySourceOptions {
  /** Decides which sets may be used; the present moment unless told. */
  readonly now?: Date
  /** Known keys of test cards, for a card that answers with their version; refused beside a store of real keys (B17). */
  readonly testKeys?: Scp03Keys
}

/**
 * A source of secure channel keys for `openScp03` and personalization: the card is asked for its first set (version 0) and says its key version and
 * diversification data, the store derives, and the keys are wiped when the channel is open. Throws KeyStoreError, as does its `find`.
 */
export function keySourceOf(store: KeyStore, sets: readonly KeySet[], options: KeySourceOptions = {}): Scp03KeySource {
  const { testKeys } = options
  if (testKeys !== undefined && !store.test)
    throw new KeyStoreError('unfit', 'test keys are not taken beside real ones: cards with test keys are no blanks for them')
  return {
    version: 0,
    find: async (card) => {
      const isTestCard = card.keyVersion === testKeys?.version && !sets.some(({ keyVersion }) => keyVersion === card.keyVersion)
      if (isTestCard) return copyOf(testKeys)
      const set = chooseKeySet(sets, card.keyVersion, options.now ?? new Date())
      if (schemes[set.scheme].mechanism !== 'aes-cmac')
        throw new KeyStoreError('unfit', `key set ${set.name} has triple-DES keys, which are for SCP02 and not for SCP03`)
      return deriveCardKeys(store, set, card.keyDiversificationData)
    },
    release: wipeKeys,
  }
}

/** A source of the keys of one set, which the card is asked for by its version: what an issued card gets, and what opens it after. */
export function issuerKeysOf(store: KeyStore, set: KeySet, options: Pick<KeySourceOptions, 'now'> = {}): Scp03KeySource {
  return { ...keySourceOf(store, [set], options), version: set.keyVersion }
}

// What is found is wiped after use.
function copyOf({ version, enc, mac, dek }: Scp03Keys): Scp03Keys {
  return { version, enc: enc.slice(), mac: mac.slice(), dek: dek.slice() }
}
