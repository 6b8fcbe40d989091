import { type CardChannel, giveTriesBack, queryFinger, StatusWordError, selectApplication, send } from '@kart/apdu/host'
import { InputError } from '@kart/codec'
import { findApplication, nationalId } from '@kart/layout'
import { type HolderApplication, type HolderPin, selectHolderApplication } from './holder-application.ts'
import { PinError } from './pin-error.ts'
import { verifyHolderPin } from './pins.ts'

/** An enrolled finger: tries left, or none. */
export interface FingerStatus {
  /** P2 of VERIFY. */
  readonly reference: number
  /** 0 = blocked; undefined where the finger was verified and so needs none. */
  readonly triesLeft: number | undefined
}

const label = (reference: number): string => `finger ${reference.toString(16).toUpperCase()}`

/**
 * Asks for the tries of every finger that the card compares, which takes none; none on a card without. Ends what was proved, and leaves the PKCS#15 application selected.
 * Throws StatusWordError, TransportError.
 */
export async function readFingers(channel: CardChannel): Promise<readonly FingerStatus[]> {
  const aid = findApplication(nationalId, 'fingerprint')?.aid
  const references = nationalId.fingerComparison?.references ?? []
  if (aid === undefined) return []
  const found: FingerStatus[] = []
  try {
    await send(channel, selectApplication(aid, { label: 'fingerprint comparison' }))
    for (const reference of references) {
      const answer = await send(channel, queryFinger(reference, { label: label(reference) }))
      if (answer.state === 'refused') continue
      found.push({ reference, triesLeft: answer.state === 'no-match' ? answer.triesLeft : answer.state === 'blocked' ? 0 : undefined })
    }
  } catch (error) {
    if (!(error instanceof StatusWordError)) throw error
  }
  await selectHolderApplication(channel)
  return found
}

/** The PIN that unblocks fingers: the SO-PIN. Throws InputError for a card without. */
export function officerPin({ pins }: HolderApplication): HolderPin {
  const pin = pins.find(({ role }) => role === 'security-officer')
  if (pin === undefined) throw new InputError('card', 'lists no SO-PIN, which alone unblocks a finger')
  return pin
}

/**
 * Gives fingers their tries back: VERIFY of the SO-PIN, once, then RESET RETRY COUNTER for each (house rule of the card: inside PACE, ten times a finger in its life). The
 * PKCS#15 application must be selected. Throws PinError, InputError, StatusWordError, TransportError.
 */
export async function unblockFingers(
  channel: CardChannel,
  application: HolderApplication,
  references: readonly number[],
  officer: string,
): Promise<void> {
  await verifyHolderPin(channel, officerPin(application), officer)
  for (const reference of references) {
    const answer = await send(channel, giveTriesBack(reference, { label: label(reference) }))
    if (answer.state === 'taken') continue
    const sw = answer.state === 'refused' ? answer.sw : 0
    const why =
      answer.state === 'blocked'
        ? 'was unblocked as often as the card allows, and stays blocked: the holder needs a new card, or goes on with the PIN'
        : sw === 0x6982
          ? 'the card unblocks a finger only inside PACE: give the card access number (--can)'
          : `the card does not unblock it (${sw.toString(16).toUpperCase().padStart(4, '0')})`
    throw new PinError(label(reference), answer.state === 'blocked' ? 'blocked' : 'refused', why)
  }
}
