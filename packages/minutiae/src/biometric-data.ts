import { DecodeError, decodeTlv, encodeTlv, findTlv } from '@kart/codec'
import { compactCardCodec, normalCardCodec } from './card-formats.ts'
import type { MinutiaeTemplate } from './template.ts'

/** Which of the two card codings the minutiae of a biometric data template are in; the template itself does not say. */
export type CardCoding = 'compact' | 'normal'

/** The extended features that a biometric data template can carry beside the minutiae, each raw (ISO/IEC 19794-2:2005, 8.5.3). */
export interface CardFeatures {
  readonly ridgeCounts?: Uint8Array
  readonly cores?: Uint8Array
  readonly deltas?: Uint8Array
  readonly cellQuality?: Uint8Array
}

/** A decoded biometric data template. */
export interface BiometricData {
  /** The minutiae bytes as they stood. */
  readonly minutiae: Uint8Array
  readonly features: CardFeatures
}

const tags = {
  template: 0x7f2e,
  data: 0x81,
  constructed: 0xa1,
  minutiae: 0x90,
  ridgeCounts: 0x91,
  cores: 0x92,
  deltas: 0x93,
  cellQuality: 0x94,
}
const featureNames = ['ridgeCounts', 'cores', 'deltas', 'cellQuality'] as const

/**
 * Wraps coded minutiae as the data field of VERIFY (INS 21) wants them: 7F2E holding 81, or, with extended features, A1 holding 90 and the features'
 * own objects (ISO/IEC 7816-11; ISO/IEC 19794-2:2005, 8.5). The third form in which a card takes minutiae, after the two bare ones.
 */
export function encodeBiometricData(minutiae: Uint8Array, features: CardFeatures = {}): Uint8Array {
  const extra = featureNames.flatMap((name) => (features[name] === undefined ? [] : [encodeTlv(tags[name], features[name])]))
  if (extra.length === 0) return encodeTlv(tags.template, encodeTlv(tags.data, minutiae))
  return encodeTlv(tags.template, encodeTlv(tags.constructed, [encodeTlv(tags.minutiae, minutiae), ...extra]))
}

/** Opens what {@link encodeBiometricData} makes; throws DecodeError for anything else in it. */
export function decodeBiometricData(bytes: Uint8Array): BiometricData {
  const what = 'biometric data template'
  const inside = decodeTlv(bytes, tags.template, { depth: 2, nodes: 8 }).children!
  const only = inside[0]
  if (only === undefined || inside.length > 1) throw new DecodeError(what, `${inside.length} data objects where one is expected`)
  if (only.tag === tags.data) return { minutiae: only.value, features: {} }
  if (only.tag !== tags.constructed) throw new DecodeError(what, 'holds neither 81 nor A1')
  const known = [tags.minutiae, ...featureNames.map((name) => tags[name])]
  const seen = new Set<number>()
  for (const { tag } of only.children!) {
    if (!known.includes(tag)) throw new DecodeError(what, 'an unknown data object in A1')
    if (seen.has(tag)) throw new DecodeError(what, 'a data object twice in A1')
    seen.add(tag)
  }
  const minutiae = findTlv(only.children, tags.minutiae)
  if (minutiae === undefined) throw new DecodeError(what, 'no minutiae (90) in A1')
  const features: { -readonly [K in keyof CardFeatures]: CardFeatures[K] } = {}
  for (const name of featureNames) {
    const found = findTlv(only.children, tags[name])
    if (found !== undefined) features[name] = found.value
  }
  return { minutiae: minutiae.value, features }
}

/** The data field of VERIFY for a live finger; the coding must be the one that the card's biometric information template asks for. */
export function encodeVerifyData(template: MinutiaeTemplate, coding: CardCoding = 'compact'): Uint8Array {
  return encodeBiometricData((coding === 'compact' ? compactCardCodec : normalCardCodec).encode(template))
}

/** The minutiae in the data field of VERIFY. */
export function decodeVerifyData(bytes: Uint8Array, coding: CardCoding = 'compact'): MinutiaeTemplate {
  return (coding === 'compact' ? compactCardCodec : normalCardCodec).decode(decodeBiometricData(bytes).minutiae)
}
