import { concatBytes, encodeAscii, encodeUtf8, InputError, toHex } from '@kart/codec'
import { decodePublicKey, digest, keyFingerprint, type SeenKeys } from '@kart/crypto'
import type { CardImage } from '../card-image.ts'
import { PersonalizationError } from '../personalization-error.ts'
import type { HolderKeyPair } from './personalize-holder.ts'

// What the memory of keys holds beside the keys: digests, each for one key, of what became of it.

const markOf = (word: string, ...parts: readonly Uint8Array[]): string =>
  toHex(digest('sha256', concatBytes(encodeAscii(`${word}:`), ...parts)))

const keyOf = (publicKey: Uint8Array): Uint8Array => encodeAscii(keyFingerprint(decodePublicKey(publicKey)))

/** Which chip made the key, in a session that proved it. */
const madeOnChip = (publicKey: Uint8Array, { iccSerial }: CardImage): string =>
  markOf('made on chip', digest('sha256', publicKey), iccSerial)

/** Which document and holder its certificate is asked for. */
function askedFor(publicKey: Uint8Array, { iccSerial, access, holder }: CardImage): string {
  const { country, familyName, givenNames, serialNumber } = { ...holder?.name }
  const record = [access.documentNumber, access.dateOfBirth, access.dateOfExpiry, country, familyName, givenNames, serialNumber]
  return markOf('asked for', keyOf(publicKey), iccSerial, encodeUtf8(JSON.stringify(record)))
}

/** A card with this key may be finished: SET STATUS was about to leave. */
const finishing = (publicKey: Uint8Array): string => markOf('finishing', keyOf(publicKey))
/** A card with this key is finished. */
const finished = (publicKey: Uint8Array): string => markOf('finished', keyOf(publicKey))

/** Remembers, in a session that proved the chip, that it made this key, and for whom its certificate is asked. */
export async function rememberMade(seen: SeenKeys, image: CardImage, publicKey: Uint8Array): Promise<void> {
  // The chip's comes last: with it alone a key counts as one whose run went on.
  await seen.remember(askedFor(publicKey, image))
  await seen.remember(madeOnChip(publicKey, image))
}

/**
 * Refuses keys that the card holds already, before anything is written, unless the memory knows them: made on this chip, for this record, and on no card that is finished. `begun`:
 * whether the card holds files that only a run which had these keys certified can have written; a copy of one that waits has none. Gives whether such a run may have been cut off at its very end.
 * Throws PersonalizationError, InputError for another record.
 */
export async function checkHeldKeys(seen: SeenKeys, image: CardImage, held: readonly HolderKeyPair[], begun: boolean): Promise<boolean> {
  let cutOff = false
  for (const { row, publicKey } of held) {
    const refused = (why: string) => new PersonalizationError('open', `the card’s key ${row.label} ${why}`)
    if (await seen.has(finished(publicKey)))
      throw refused(
        'is on a card that is finished already: this is that card, to be delivered with the PINs and the number of the run that finished it, or it is a copy of it, to be destroyed. No second card gets this key',
      )
    const mayBeFinished = await seen.has(finishing(publicKey))
    if (mayBeFinished && !begun)
      throw refused(
        'may be on a card that is finished: a run with it was cut off at its very end, and this card is not the one of that run but a copy. Finish that one (--cert, --allow-unfinished), and destroy this one',
      )
    cutOff ||= mayBeFinished
    if (!(await seen.has(madeOnChip(publicKey, image))))
      throw refused(
        'was not made by a run that the memory of keys knows, or on another card: let the card make its keys anew (--csr, --allow-unfinished)',
      )
    if (!(await seen.has(askedFor(publicKey, image))))
      throw new InputError(
        'record',
        `is not the one that the certificate of the card’s key ${row.label} was asked for with: its holder, document number or a date differs. Take that record, or let the card make its keys anew (--csr, --allow-unfinished)`,
      )
  }
  return cutOff
}

/** Before SET STATUS leaves: from here on no other card gets these keys. `again`: a run before this one came as far. Throws PersonalizationError where another run was first. */
export async function rememberFinishing(seen: SeenKeys, keys: readonly HolderKeyPair[], again: boolean): Promise<void> {
  for (const { row, publicKey } of keys)
    if (!(await seen.remember(finishing(publicKey))) && !again)
      throw new PersonalizationError(
        'secure',
        `another run is finishing a card with the same key ${row.label}: one of the two is a copy, to be destroyed`,
      )
}

/** Once the card is proved to be SECURED. Throws PersonalizationError where that cannot be written; copies that wait are refused all the same. */
export async function rememberFinished(seen: SeenKeys, keys: readonly HolderKeyPair[]): Promise<void> {
  try {
    for (const { publicKey } of keys) await seen.remember(finished(publicKey))
  } catch (cause) {
    throw new PersonalizationError(
      'prove',
      'the card is finished, and is to be delivered with its PINs and its number; that it is could not be written into the memory of holders’ keys',
      { cause },
    )
  }
}
