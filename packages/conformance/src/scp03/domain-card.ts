import { type CardChannel, type CardTransport, getResponse, openChannel, selectApplication, send, wrongLength } from '@kart/apdu/host'
import { type CardMemory, createBlankCard, type EmulatedCard, inMemory, type KeySet } from '@kart/emulator'
import { type CardProfile, nationalId } from '@kart/layout/profile'
import {
  openScp03,
  type Scp03Keys,
  type Scp03Options,
  type Scp03SecurityLevel,
  type Scp03Session,
  secureMessagingLayer,
} from '@kart/secure-channel'

export const iccSerial = Uint8Array.from({ length: 10 }, (_, i) => i + 1)
export const { securityDomainAid } = nationalId

/** The reference profile with another parameter i. */
export function profileWith(i: number): CardProfile {
  return { ...nationalId, scp03: { i } }
}

/** A key set whose keys all differ; `seed` tells sets of one length apart. */
export function keySet(version: number, length: 16 | 24 | 32, seed = 0): KeySet {
  const key = (of: number) => Uint8Array.from({ length }, (_, i) => (of * 64 + seed * 11 + i * 7) & 0xff)
  return { version, enc: key(1), mac: key(2), dek: key(3) }
}

/** A blank card, its memory, and the terminal’s channel to it with the security domain selected. */
export async function domainCard(keys: KeySet, profile: CardProfile = nationalId, memory: CardMemory = inMemory()) {
  const card = createBlankCard({ memory, profile, transportKeys: keys, iccSerial })
  return { card, memory, channel: await domainChannel(card) }
}

/** The card in a reader again, powered anew, its security domain selected. */
export async function domainChannel(card: EmulatedCard): Promise<CardChannel> {
  return cardChannel(card.transport())
}

/** The same for any transport. */
export async function cardChannel(transport: CardTransport): Promise<CardChannel> {
  const channel = openChannel(transport, getResponse(), wrongLength())
  await send(channel, selectApplication(securityDomainAid))
  return channel
}

/** SCP03 on it, and the channel inside. */
export async function secured(
  channel: CardChannel,
  keys: Scp03Keys,
  securityLevel: Scp03SecurityLevel,
  options: Scp03Options = {},
): Promise<{ session: Scp03Session; inside: CardChannel }> {
  const { session } = await openScp03(channel, keys, { securityLevel, aid: securityDomainAid, ...options })
  return { session, inside: secureMessagingLayer(session)(channel) }
}
