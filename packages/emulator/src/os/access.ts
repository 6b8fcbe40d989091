import type { AccessRule, ChannelProtocol, TerminalRight } from '@kart/layout/profile'

/** What a command may go by: where it stands and what was proved before it. */
export interface AccessRights {
  readonly channels: ReadonlySet<ChannelProtocol>
  /** Of the effective authorization of terminal authentication. */
  readonly terminalRights: ReadonlySet<TerminalRight>
  /** References of passwords that VERIFY found right. */
  readonly passwords: ReadonlySet<number>
  /** References of fingers that the card's own comparison found alike. */
  readonly fingers: ReadonlySet<number>
}

/** Whether the rule is met. */
export function isAllowed(rule: AccessRule, rights: AccessRights): boolean {
  switch (rule.kind) {
    case 'always':
      return true
    case 'never':
      return false
    case 'biometric':
      return rights.fingers.has(rule.reference)
    case 'password':
      return rights.passwords.has(rule.reference)
    case 'terminal-right':
      return rights.terminalRights.has(rule.right)
    case 'channel':
      return rights.channels.has(rule.protocol)
    case 'all':
      return rule.of.every((part) => isAllowed(part, rights))
    case 'any':
      return rule.of.some((part) => isAllowed(part, rights))
  }
}
