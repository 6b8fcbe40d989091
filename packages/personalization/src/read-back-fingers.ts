import { type CardChannel, getFingerTemplates, queryFinger, selectApplication, send } from '@kart/apdu/host'
import { equalBytes, toHex } from '@kart/codec'
import { findApplication } from '@kart/layout'
import type { CardImage } from './card-image.ts'
import { PersonalizationError } from './personalization-error.ts'

/**
 * Reads DO'7F61' back and compares it, and asks for the tries of every finger that the profile knows: all there for one that was enrolled, none for another one. The minutiae never come out: that they are
 * right is the card's word, under SCP03's MAC, and no print is shown to it, as the enrolled one itself is taken for a copy. Leaves the fingerprint application selected. Throws PersonalizationError and what sending throws.
 */
export async function readBackFingers(channel: CardChannel, image: CardImage): Promise<void> {
  const { profile, fingers: enrolled } = image
  const spec = profile.fingerComparison
  const aid = findApplication(profile, 'fingerprint')?.aid
  if (spec === undefined || enrolled === undefined || aid === undefined) return
  await send(channel, selectApplication(aid, { label: 'fingerprint comparison' }))
  const group = await send(channel, getFingerTemplates({ label: 'biometric information templates' }))
  if (!equalBytes(group, enrolled.informationTemplates))
    throw new PersonalizationError('read-back', 'the biometric information templates on the card are not what was written')
  for (const reference of spec.references) {
    const named = `finger ${toHex(Uint8Array.of(reference)).toUpperCase()}`
    const answer = await send(channel, queryFinger(reference, { label: named }))
    const wanted = enrolled.fingers.some((finger) => finger.reference === reference)
    if (!wanted && answer.state === 'refused') continue
    if (!wanted) throw new PersonalizationError('read-back', `${named} is enrolled on the card though the record has none for it`)
    if (answer.state !== 'no-match' || answer.triesLeft !== spec.tries)
      throw new PersonalizationError('read-back', `${named} is not enrolled on the card with its ${spec.tries} tries`)
  }
}
