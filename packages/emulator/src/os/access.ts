import type { AccessRule, ChannelProtocol } from '@kart/layout/profile'

/**
 * Whether the rule is met by the channels open in this session. This card has no passwords and no on-card finger comparison,
 * so rules that ask for one are never met.
 */
export function isAllowed(rule: AccessRule, channels: ReadonlySet<ChannelProtocol>): boolean {
  switch (rule.kind) {
    case 'always':
      return true
    case 'never':
    case 'password':
    case 'biometric':
    case 'terminal-right':
      return false
    case 'channel':
      return channels.has(rule.protocol)
    case 'all':
      return rule.of.every((part) => isAllowed(part, channels))
    case 'any':
      return rule.of.some((part) => isAllowed(part, channels))
  }
}
