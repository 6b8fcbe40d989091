import { type CardProfile, findApplication } from '@kart/layout'
import {
  type BiometricInformation,
  bitGroupCodec,
  cardTemplate,
  compactCardCodec,
  decodeTemplate,
  fingerSubtype,
  inspectTemplate,
  limitMinutiae,
  type MinutiaeTemplate,
  minutiaOrderOf,
} from '@kart/minutiae'
import type { RecordFinger } from './record/enrollment-record.ts'

/** One finger as the card compares it. */
export interface CardFinger {
  /** Of VERIFY. */
  readonly reference: number
  /** ISO/IEC 19794-2:2005, table 2. */
  readonly position: number
  /** Compact size card format (ISO/IEC 19794-2:2005, 8.3), three bytes each; biometric data. */
  readonly minutiae: Uint8Array
}

/** What goes into the card's fingerprint application. */
export interface CardFingers {
  /** DO'7F61', the biometric information templates, whole: which fingers there are and how the card wants a live one coded. */
  readonly informationTemplates: Uint8Array
  /** The best of the record, the best first; as many as the profile has references at most. */
  readonly fingers: readonly CardFinger[]
}

/** Owner and type of the compact size card format: ISO/IEC JTC 1/SC 37, finger minutiae card format (ISO/IEC 19794-2:2005, table 1). */
const compactFormat = { formatOwner: 0x0101, formatType: 0x0005 } as const
const fingerprint = 0x08
/** What a minutia without a reported quality counts for when fingers are ranked (house rule). */
const unknownQuality = 60

interface Usable {
  readonly position: number
  readonly minutiae: Uint8Array
  readonly worth: number
}

/**
 * Chooses and codes the fingers that the card will compare (house rule): of each its best minutiae within the card's limits, and of all fingers those whose minutiae have the highest
 * quality in sum. A finger with too few minutiae, or with such as no finger has, is left out: it stays in EF.DG3. Undefined where the profile has no comparison on the card.
 */
export function chooseFingers(captured: readonly RecordFinger[], profile: CardProfile): CardFingers | undefined {
  const spec = profile.fingerComparison
  if (spec === undefined || findApplication(profile, 'fingerprint')?.aid === undefined) return undefined
  const order = minutiaOrderOf(spec.order)
  const usable = captured.flatMap(({ position, template }): Usable[] => {
    const print = decodeTemplate(template)
    const made = cardTemplate(print, { most: spec.maxMinutiae, ...order })
    if (made.count < spec.minMinutiae || inspectTemplate(made).some((concern) => concern.unusable)) return []
    return [{ position, minutiae: compactCardCodec.encode(made), worth: worthOf(limitMinutiae(print, spec.maxMinutiae)) }]
  })
  const best = usable.sort((a, b) => b.worth - a.worth).slice(0, spec.references.length)
  const fingers = best.map(({ position, minutiae }, i): CardFinger => ({ reference: spec.references[i]!, position, minutiae }))
  const templates = fingers.map(({ reference, position }): BiometricInformation => {
    const subtype = fingerSubtype(position)
    const { minMinutiae, maxMinutiae } = spec
    const parameters = { minMinutiae, maxMinutiae, order: spec.order, features: 0 }
    return { reference, biometricType: fingerprint, ...(subtype === undefined ? {} : { subtype }), ...compactFormat, parameters }
  })
  return { informationTemplates: bitGroupCodec.encode(templates), fingers }
}

const worthOf = ({ quality }: MinutiaeTemplate): number => quality.reduce((sum, one) => sum + (one || unknownQuality), 0)
