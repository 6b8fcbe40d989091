// Pure data: both sides of the wall read these tables, neither finds behaviour here.
export {
  type AccessRule,
  all,
  always,
  any,
  type ChannelProtocol,
  channel,
  describeAccessRule,
  never,
  type TerminalRight,
  terminalRight,
} from './profile/access-rule.ts'
export {
  type AaCurve,
  type ActiveAuthenticationSpec,
  type ApplicationSpec,
  aaCurves,
  aaModuli,
  type CardProfile,
  type ChipAuthenticationKeySpec,
  type FileFormat,
  type FileSpec,
  type FingerComparisonSpec,
  findApplication,
  findFile,
  type MessagingCipher,
  type PaceOfferSpec,
  type PacePasswordName,
  type PersonalizationDgis,
  pacePasswords,
} from './profile/card-profile.ts'
export { nationalId } from './profile/national-id.ts'
export { holderPinPolicy, type PinPolicy } from './profile/pin-policy.ts'

import type { CardProfile } from './profile/card-profile.ts'
import { nationalId } from './profile/national-id.ts'

/** Every profile that ships, by name. */
export const profiles: Readonly<Record<string, CardProfile>> = { [nationalId.name]: nationalId }
