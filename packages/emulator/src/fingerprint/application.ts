import type { ResponseApdu } from '@kart/apdu/card'
import type { AccessRule, ApplicationSpec, FingerComparisonSpec } from '@kart/layout/profile'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { getFingerData, getFingerDataByTagList, isFingerTag } from './get-finger-data.ts'
import { verifyFinger } from './verify-finger.ts'

/**
 * The commands of fingerprint comparison (ISO/IEC 7816-11:2022; ISO/IEC 24787:2018); undefined = not one of them here. They are answered in the application
 * `fingerprint` and in every other one that has a file whose rule asks for an enrolled finger: its reference is proved in the application in which it counts.
 */
export function handleFingerprint(card: CardContext, command: PlainCommand): ResponseApdu | undefined {
  const spec = card.profile.fingerComparison
  const { application } = card.session
  if (spec === undefined || command.cla !== 0x00 || !offersFingers(application, spec)) return undefined
  const own = application.name === 'fingerprint'
  switch (command.ins) {
    case 0x20:
    case 0x21:
      // Passwords and other data objects are the other applications' own business.
      return own || spec.references.includes(command.p2) ? verifyFinger(card, command, spec) : undefined
    case 0xca:
      return own || isFingerTag(command) ? getFingerData(card, command) : undefined
    case 0xcb:
      return own ? getFingerDataByTagList(card, command) : undefined
    default:
      return undefined
  }
}

function offersFingers(application: ApplicationSpec, { references }: FingerComparisonSpec): boolean {
  const asks = (rule: AccessRule): boolean => {
    if (rule.kind === 'all' || rule.kind === 'any') return rule.of.some(asks)
    return rule.kind === 'biometric' && references.includes(rule.reference)
  }
  return application.name === 'fingerprint' || application.files.some(({ read, update }) => asks(read) || asks(update))
}
