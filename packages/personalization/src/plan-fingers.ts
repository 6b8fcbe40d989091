import { installForPersonalization } from '@kart/apdu/host'
import { concatBytes, InputError } from '@kart/codec'
import { findApplication } from '@kart/layout'
import type { CardImage } from './card-image.ts'
import { blockSizeFor, type Grouping, type PlannedStep, type PlanOptions, storeGroupings } from './plan-commands.ts'

/**
 * The commands that enrol the fingers: INSTALL [for personalization] of the fingerprint application, then DO'7F61' and a data grouping a finger: reference, tries, minutiae. They come last, after
 * the signed files. Undefined where the profile has no comparison on the card. Throws InputError.
 */
export function planFingers(image: CardImage, options: PlanOptions = {}): PlannedStep | undefined {
  const { profile, fingers: enrolled } = image
  const spec = profile.fingerComparison
  if (spec === undefined || enrolled === undefined) return undefined
  const aid = findApplication(profile, 'fingerprint')?.aid
  if (aid === undefined) throw new InputError('profile', 'has no fingerprint application')
  const groupings: Grouping[] = [
    { dgi: profile.dgis.informationTemplates, value: enrolled.informationTemplates, label: 'biometric information templates' },
    ...enrolled.fingers.map(
      ({ reference, minutiae }): Grouping => ({
        dgi: profile.dgis.finger,
        value: concatBytes(Uint8Array.of(reference, spec.tries), minutiae),
        label: `finger ${reference.toString(16).toUpperCase()}`,
      }),
    ),
  ]
  const commands = storeGroupings(groupings, options.blockSize ?? blockSizeFor(profile))
  return {
    name: 'fingers',
    commands: [installForPersonalization(aid, { label: 'fingerprint comparison' }), ...commands],
    files: [],
    bytes: groupings.reduce((sum, { value }) => sum + value.length, 0),
  }
}
