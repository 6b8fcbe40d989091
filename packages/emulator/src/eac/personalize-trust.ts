import type { CardProfile } from '@kart/layout/profile'
import type { CardState } from '../memory/card-state.ts'
import { refuse, SW } from '../os/status.ts'
import type { GroupingUse } from '../security-domain/grouping-use.ts'
import { longestCertificate, readDate } from './cv-certificate.ts'
import { readOrRefuse } from './data-objects.ts'
import { keepTrust, later, openTrust, type TrustView, trustPointOf, withTrustPoint } from './terminal-trust.ts'

/**
 * Data groupings that begin terminal authentication (Doc 9303-11, 8th ed., 7.1.4.3.1; numbers: house rule): a trust point, DO'7F21' of a self-signed CVCA, or
 * the card's date, six digits. The two newest trust points stay, and the date moves forward only. Undefined for any other grouping and for a profile
 * without terminal authentication.
 */
export function trustGrouping(profile: CardProfile, dgi: number): GroupingUse | undefined {
  if (profile.terminalAuthentication === undefined) return undefined
  switch (dgi) {
    case profile.dgis.trustPoint:
      return { maxLength: longestCertificate, apply: (state, value) => withTrust(state, (view) => addTrustPoint(view, value)) }
    case profile.dgis.cardDate:
      return { maxLength: 6, apply: (state, value) => withTrust(state, (view) => moveDate(view, value)) }
    default:
      return undefined
  }
}

function withTrust(state: CardState, change: (view: TrustView) => TrustView): { state: CardState } {
  return { state: { ...state, trust: keepTrust(change(openTrust(state.trust))) } }
}

function addTrustPoint(view: TrustView, value: Uint8Array): TrustView {
  return withTrustPoint(view, readOrRefuse(() => trustPointOf(value)) ?? refuse(SW.wrongData))
}

function moveDate(view: TrustView, value: Uint8Array): TrustView {
  const date = readOrRefuse(() => readDate(value))
  return { ...view, date: later(view.date, date) }
}
