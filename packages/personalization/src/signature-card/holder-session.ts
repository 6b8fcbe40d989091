import { type CardChannel, type CardCommand, commandChaining, selectMf, send } from '@kart/apdu/host'
import { efCardAccessCodec } from '@kart/layout'
import { canPassword, choosePace, mrzPassword, paceSupport, secureMessagingLayer } from '@kart/secure-channel'
import { type CardImage, imageFile } from '../card-image.ts'
import type { PersonalizationStep } from '../personalization-report.ts'
import type { Run } from '../personalization-run.ts'
import { planPacePassword } from '../plan-commands.ts'
import { attemptPace } from '../prove-access.ts'

/** A way to the PKCS#15 application of a card that is being made. */
export interface HolderSession {
  readonly channel: CardChannel
  /** Whether it goes through PACE: in clear, whoever stands between reads the PINs. */
  readonly protected: boolean
  /** Erases the session keys, where there are some. */
  destroy(): void
}

/** What of the card is there by now. */
export interface HolderSessionOptions {
  /** Whether the chip has its key of chip authentication, without which its mapping cannot be taken. */
  readonly chipKey: boolean
}

/** The password that the bureau opens the card with: the card access number, else the MRZ; undefined where the profile takes neither. */
function bureauPassword({ profile, passwords }: CardImage): 'can' | 'mrz' | undefined {
  const taken = profile.pace?.passwords ?? []
  if (taken.includes('can') && passwords.can !== undefined) return 'can'
  return taken.includes('mrz') ? 'mrz' : undefined
}

/** The variant of PACE, by the image's own EF.CardAccess: any mapping rather than that of the chip's key, which proves nothing here. */
function paceOf(image: CardImage, { chipKey }: HolderSessionOptions) {
  const file = imageFile(image, 'EF.CardAccess')
  if (file === undefined) return undefined
  const { securityInfos } = efCardAccessCodec.decode(file.bytes)
  const { selection } = choosePace(securityInfos, { ...paceSupport, mappings: paceSupport.mappings.filter((one) => one !== 'cam') })
  return selection ?? (chipKey ? choosePace(securityInfos).selection : undefined)
}

/** What must be on the card before its session is opened, where nothing else is there yet: the password. Nothing where PINs go in clear. Throws InputError. */
export function planSessionPassword(image: CardImage): readonly CardCommand<unknown>[] {
  const kind = bureauPassword(image)
  return kind === undefined || paceOf(image, { chipKey: false }) === undefined ? [] : planPacePassword(image, kind)
}

/**
 * Opens a channel for commands that carry the holder's PINs: inside PACE with a password that the card was given before, in clear where its profile has no PACE. Data longer
 * than a short command holds goes as a chain. Throws PersonalizationError where the card does not let us in with what was written, StatusWordError, TransportError.
 */
export async function openHolderSession(
  { base, plain, image }: Pick<Run, 'base' | 'plain' | 'image'>,
  step: PersonalizationStep,
  options: HolderSessionOptions = { chipKey: true },
): Promise<HolderSession> {
  const [kind, selection] = [bureauPassword(image), paceOf(image, options)]
  if (kind === undefined || selection === undefined)
    return { channel: commandChaining()(plain(base)), protected: false, destroy: () => undefined }
  const password = kind === 'can' ? canPassword(image.passwords.can ?? '') : mrzPassword(image.access)
  try {
    await send(base, selectMf())
    const { session } = await attemptPace(base, selection, password, step)
    return { channel: commandChaining()(plain(secureMessagingLayer(session)(base))), protected: true, destroy: () => session.destroy() }
  } finally {
    password.destroy()
  }
}
