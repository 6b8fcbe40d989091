import { type CardChannel, decodeKeyInformation, getData, type InitializeUpdateResponse, send } from '@kart/apdu/host'
import { InputError, toHex } from '@kart/codec'
import { keyCheckValue } from '@kart/crypto'
import { putKeySet, type Scp03KeySource, type Scp03Keys, type Scp03Session } from '@kart/secure-channel'
import { PersonalizationError } from './personalization-error.ts'
import type { KeySetReport } from './personalization-report.ts'

/** What PUT KEY needs: the session that the keys are put through, the channel inside it, and what the card said when it was opened. */
export interface KeyExchange {
  readonly session: Scp03Session
  readonly channel: CardChannel
  readonly card: InitializeUpdateResponse
}

/** Throws InputError for an issuer's key set that could not be told from the set it replaces, or has no version of its own. */
export function checkIssuerKeys(keys: Scp03KeySource, issuerKeys: Scp03KeySource): void {
  if (!Number.isInteger(issuerKeys.version) || issuerKeys.version < 1 || issuerKeys.version > 0x7f)
    throw new InputError('issuerKeys.version', 'not in 1..127')
  if (issuerKeys.version === keys.version)
    throw new InputError(
      'issuerKeys.version',
      'is that of the transport keys: after a power cut nobody could tell which of the two a card has',
    )
}

function reportOf(keys: Scp03Keys): KeySetReport {
  const [enc, mac, dek] = [keys.enc, keys.mac, keys.dek].map((key) => toHex(keyCheckValue(key))) as [string, string, string]
  return { version: keys.version, checkValues: { enc, mac, dek } }
}

/**
 * Puts the issuer's key set of this card in the place of the set that the session was opened with (GlobalPlatform Card Specification 2.3.1, 11.8), and gives
 * its check values, which the card has answered with. A card that an earlier run left with the issuer's keys keeps them: they were what opened the session.
 * Throws StatusWordError, AuthenticationError for other check values, InputError, and whatever the source throws.
 */
export async function putIssuerKeys({ session, channel, card }: KeyExchange, source: Scp03KeySource): Promise<KeySetReport> {
  const { version } = source
  const keys = 'find' in source ? await source.find({ ...card, keyVersion: version }) : source
  try {
    if (keys.version !== version) throw new InputError('issuerKeys', 'gave keys of another version than it names')
    if (card.keyVersion !== version)
      await send(channel, putKeySet(session, keys, { replaces: card.keyVersion, label: 'the issuer’s keys' }))
    return reportOf(keys)
  } finally {
    if ('find' in source) source.release?.(keys)
  }
}

/** Throws PersonalizationError unless the card lists the issuer's three keys and no others (DO'E0', GlobalPlatform Card Specification 2.3.1, 11.3.3.1). */
export async function proveOnlyKeySet(channel: CardChannel, version: number): Promise<void> {
  const listed = decodeKeyInformation(await send(channel, getData(0x00e0, { label: 'key information' })))
  if (listed.length === 3 && listed.every((key) => key.version === version)) return
  throw new PersonalizationError('prove', 'the card lists other keys than the issuer’s set alone: take the card out of circulation')
}
