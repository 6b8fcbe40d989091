import {
  type CardChannel,
  cardLifeCycle,
  getStatus,
  type InitializeUpdateResponse,
  initializeUpdate,
  StatusWordError,
  selectApplication,
  selectFile,
  selectMf,
  send,
} from '@kart/apdu/host'
import { equalBytes } from '@kart/codec'
import { randomBytes } from '@kart/crypto'
import { type CardProfile, type FileSpec, findApplication } from '@kart/layout/profile'
import { type OpenedScp03, openScp03, type Scp03KeySource, secureMessagingLayer } from '@kart/secure-channel'
import { PersonalizationError } from './personalization-error.ts'

/** SW of "referenced data not found": the security domain has no key set of this version (any more). */
const noSuchKeys = 0x6a88
const fileNotFound = 0x6a82

/** Selects the issuer security domain of the profile. Throws PersonalizationError where the card refuses, DecodeError, TransportError. */
export async function selectDomain(channel: CardChannel, profile: CardProfile, step: string): Promise<void> {
  try {
    await send(channel, selectApplication(profile.securityDomainAid, { answer: 'fci', label: 'issuer security domain' }))
  } catch (cause) {
    if (!(cause instanceof StatusWordError)) throw cause
    throw new PersonalizationError(step, `the card has no issuer security domain as profile ${profile.name} names it`, { cause })
  }
}

/** A key set that is not there any more means a card that was personalized. */
async function withUsedCard<T>(step: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (cause) {
    if (!(cause instanceof StatusWordError) || cause.sw !== noSuchKeys) throw cause
    throw new PersonalizationError(
      step,
      'the card has no transport keys of this version: it was personalized already, or belongs to another batch. Where a run on it was cut off at its very end it is finished, and to be delivered with the PINs and the number that this run told or wrote; else take a blank card (an emulated one: the name of a file that is not there yet)',
      { cause },
    )
  }
}

/**
 * Serial number of the chip: the key diversification data that its security domain answers to INITIALIZE UPDATE, 10 bytes. Changes nothing on the card.
 * Throws PersonalizationError for a card without transport keys, StatusWordError, TransportError.
 */
export async function readChipSerial(channel: CardChannel, profile: CardProfile): Promise<Uint8Array> {
  await selectDomain(channel, profile, 'open')
  const answer = await withUsedCard('open', () => send(channel, initializeUpdate(randomBytes(8))))
  return answer.keyDiversificationData
}

/**
 * Whether the card still takes part in a session with its transport keys; an issued one has none, or those of the issuer alone, which `issuerVersion` tells.
 * Changes nothing on the card. Throws TransportError, DecodeError.
 */
export async function hasTransportKeys(channel: CardChannel, profile: CardProfile, issuerVersion?: number): Promise<boolean> {
  try {
    await selectDomain(channel, profile, 'open')
    const { keyVersion } = await withUsedCard('open', () => send(channel, initializeUpdate(randomBytes(8))))
    return keyVersion !== issuerVersion
  } catch (error) {
    if (error instanceof PersonalizationError || error instanceof StatusWordError) return false
    throw error
  }
}

/**
 * Selects the security domain and opens SCP03 with security level 33. The chip must be the one that the image was made for: another one is refused before the
 * terminal has authenticated itself. Throws PersonalizationError, AuthenticationError, StatusWordError, TransportError.
 */
export async function openSecurityDomain(
  channel: CardChannel,
  profile: CardProfile,
  keys: Scp03KeySource,
  iccSerial: Uint8Array,
  step: string,
): Promise<OpenedScp03> {
  await selectDomain(channel, profile, step)
  const source: Scp03KeySource = {
    version: keys.version,
    find: (card: InitializeUpdateResponse) => {
      if (!equalBytes(card.keyDiversificationData, iccSerial))
        throw new PersonalizationError(step, 'another card lies in the reader than the image was made for (chip serial number)')
      return 'find' in keys ? keys.find(card) : keys
    },
    ...('find' in keys && keys.release ? { release: keys.release } : {}),
  }
  return withUsedCard(step, () => openScp03(channel, source, { securityLevel: 0x33, aid: profile.securityDomainAid }))
}

/** Throws PersonalizationError unless the card says, inside SCP03, that it is INITIALIZED. */
export async function requireInitialized(channel: CardChannel, step: string): Promise<void> {
  const { entries } = await send(channel, getStatus('card'))
  const state = entries[0]?.lifeCycle
  if (state === cardLifeCycle.INITIALIZED) return
  const name = Object.entries(cardLifeCycle).find(([, value]) => value === state)?.[0] ?? 'in an unknown state'
  throw new PersonalizationError(step, `the card is ${name}; only a card that is INITIALIZED can be personalized`)
}

/**
 * Opens a session with the card and proves that it can still be personalized: that it is INITIALIZED. Changes nothing on the card but what a session does. Throws
 * PersonalizationError for a card that is finished, and as {@link openSecurityDomain}.
 */
export async function requireUnfinished(channel: CardChannel, profile: CardProfile, keys: Scp03KeySource): Promise<void> {
  const iccSerial = await readChipSerial(channel, profile)
  const { session } = await openSecurityDomain(channel, profile, keys, iccSerial, 'open')
  try {
    await requireInitialized(secureMessagingLayer(session)(channel), 'open')
  } finally {
    session.destroy()
  }
}

/** Whether the card already has one of the MF's files: left by a personalization that did not end, or by anybody who found the card. */
export const hasFiles = (channel: CardChannel, profile: CardProfile): Promise<boolean> => hasFileOf(channel, profile, () => true)

/**
 * Whether it has one that the issuer alone can have written, in SCP03: EF.DIR is none, which anybody makes before the creation phase of PKCS#15 is over.
 * Throws StatusWordError, TransportError.
 */
export const hasIssuerFiles = (channel: CardChannel, profile: CardProfile): Promise<boolean> =>
  hasFileOf(channel, profile, ({ name }) => name !== 'EF.DIR')

async function hasFileOf(channel: CardChannel, profile: CardProfile, counts: (file: FileSpec) => boolean): Promise<boolean> {
  await send(channel, selectMf())
  // A file that is not open to everybody may be refused whether it is there or not.
  for (const file of findApplication(profile, 'mf')?.files.filter((one) => one.read.kind === 'always' && counts(one)) ?? []) {
    const command = selectFile(file.fid, { label: file.name })
    const { sw } = await channel.transmit(command.apdu)
    if (sw === 0x9000) return true
    if (sw !== fileNotFound) throw new StatusWordError(command.name, sw)
  }
  return false
}
