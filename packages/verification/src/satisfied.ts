import type { AccessRule, ChannelProtocol } from '@kart/layout'

/** Whether a rule is satisfied inside channels opened by these protocols, with no PIN and no finger given. */
export function satisfied(rule: AccessRule, open: readonly ChannelProtocol[]): boolean {
  switch (rule.kind) {
    case 'always':
      return true
    case 'channel':
      return open.includes(rule.protocol)
    case 'all':
      return rule.of.every((one) => satisfied(one, open))
    case 'any':
      return rule.of.some((one) => satisfied(one, open))
    case 'never':
    case 'password':
    case 'biometric':
    case 'terminal-right':
      return false
  }
}
