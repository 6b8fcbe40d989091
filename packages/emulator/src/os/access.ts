import type { AccessRule, ChannelProtocol, TerminalRight } from '@kart/layout/profile'

/** What a command may go by: where it stands and what was proved before it. */
export interface AccessRights {
  readonly channels: ReadonlySet<ChannelProtocol>
  /** Of the effective authorization of terminal authentication. */
  readonly terminalRights: ReadonlySet<TerminalRight>
  /** References of passwords that VERIFY found right. */
  readonly passwords: ReadonlySet<number>
}

/** Whether the rule is met. This card has no on-card finger comparison, so a rule that asks for one is never met. */
export function isAllowed(rule: AccessRule, rights: AccessRights): boolean {
  switch (rule.kind) {
    case 'always':
      return true
    case 'never':
    case 'biometric':
      return false
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
