import { CardError, decodeTlv } from '@kart/codec'
import type { FingerComparisonSpec } from '@kart/layout/profile'
import type { CardState } from '../memory/card-state.ts'
import type { CardContext } from '../os/card-context.ts'
import { refuse, SW } from '../os/status.ts'
import { type GroupingUse, requireEncryption } from '../security-domain/grouping-use.ts'
import { readMinutiae } from './read-probe.ts'

/** Room for DO'7F61', bytes: what one short answer carries. */
const longestGroup = 256

/** The use of a data grouping of the application `fingerprint`; undefined = it is none of these. Refuses 6982 for minutiae in a channel that does not encrypt. */
export function fingerGrouping(card: CardContext, dgi: number): GroupingUse | undefined {
  const { dgis, fingerComparison: spec } = card.profile
  if (spec === undefined) return undefined
  if (dgi === dgis.informationTemplates) return { maxLength: longestGroup, apply: (state, value) => ({ state: withGroup(state, value) }) }
  if (dgi !== dgis.finger) return undefined
  requireEncryption(card)
  return { maxLength: 2 + 3 * spec.maxMinutiae, apply: (state, value) => ({ state: withFinger(state, value, spec) }) }
}

function withGroup(state: CardState, value: Uint8Array): CardState {
  try {
    decodeTlv(value, 0x7f61)
  } catch (error) {
    if (error instanceof CardError) refuse(SW.wrongData)
    throw error
  }
  return { ...state, fingers: { ...state.fingers, informationTemplates: value } }
}

/** Reference (1) || tries (1) || minutiae; an earlier finger of this reference is replaced. */
function withFinger(state: CardState, value: Uint8Array, spec: FingerComparisonSpec): CardState {
  const [reference = 0, tries = 0] = value
  if (!spec.references.includes(reference) || tries < 1 || tries > 15) refuse(SW.wrongData)
  const { bytes } = readMinutiae(value.subarray(2), spec)
  const finger = { minutiae: bytes, tries: { left: tries, most: tries } }
  return { ...state, fingers: { ...state.fingers, fingers: new Map(state.fingers.fingers).set(reference, finger) } }
}
