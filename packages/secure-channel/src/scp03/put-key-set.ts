import { type CardCommand, type CommandLabel, type PutKeyAnswer, putKey, type WrappedKey } from '@kart/apdu/host'
import { concatBytes, equalBytes } from '@kart/codec'
import { keyCheckValue, randomBytes, wipe } from '@kart/crypto'
import { AuthenticationError } from '../channel-error.ts'
import { checkScp03Keys, type Scp03Keys } from './derivation.ts'
import type { Scp03Session } from './scp03-session.ts'

/** A key for PUT KEY: padded to whole blocks with random bytes, under the session's Key-DEK, with its check value. */
function wrapKey(session: Scp03Session, key: Uint8Array): WrappedKey {
  const padded = concatBytes(key, randomBytes((16 - (key.length % 16)) % 16))
  try {
    return { length: key.length, wrapped: session.encryptWithDek(padded), checkValue: keyCheckValue(key) }
  } finally {
    wipe(padded)
  }
}

/**
 * PUT KEY of a whole SCP03 key set, its keys under the Key-DEK of the session in which it will be sent (GlobalPlatform Card Specification Amendment D 1.2, 7.2
 * and 6.2.8): `keys.version` 1..127 is the version that the card will know the set by; `replaces` the version of the set that goes, 0 (unless told) adds it.
 * Its parse throws AuthenticationError for a card that answers with other check values than those of the keys sent, and DecodeError. Throws InputError
 * for keys that are not three AES keys of one length, SecureMessagingError when the session is over.
 */
export function putKeySet(
  session: Scp03Session,
  keys: Scp03Keys,
  options: CommandLabel & { readonly replaces?: number } = {},
): CardCommand<PutKeyAnswer> {
  checkScp03Keys(keys)
  const wrapped = [keys.enc, keys.mac, keys.dek].map((key) => wrapKey(session, key))
  const command = putKey(keys.version, wrapped, options)
  return {
    ...command,
    parse: (response) => {
      const answer = command.parse(response)
      if (answer.version !== keys.version || answer.checkValues.some((value, i) => !equalBytes(value, wrapped[i]!.checkValue)))
        throw new AuthenticationError('SCP03', 'the card answered PUT KEY with another version or other check values than were sent')
      return answer
    },
  }
}
