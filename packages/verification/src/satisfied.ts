import type { AccessRule, ChannelProtocol } from '@kart/layout'
import type { Evidence } from './evidence.ts'

/** What a terminal has opened so far: protocols of secure channels, and rights of terminal authentication. */
export interface Opened {
  readonly protocols: readonly ChannelProtocol[]
  readonly rights: readonly string[]
}

/** Nothing yet. */
export const nothingOpened: Opened = { protocols: [], rights: [] }

/** Whether a rule is satisfied by this, with no PIN and no finger given. */
export function satisfied(rule: AccessRule, opened: Opened): boolean {
  switch (rule.kind) {
    case 'always':
      return true
    case 'channel':
      return opened.protocols.includes(rule.protocol)
    case 'terminal-right':
      return opened.rights.includes(rule.right)
    case 'all':
      return rule.of.every((one) => satisfied(one, opened))
    case 'any':
      return rule.of.some((one) => satisfied(one, opened))
    case 'never':
    case 'password':
    case 'biometric':
      return false
  }
}

/** What the reading that gave this evidence had opened at its end. */
export function openedIn({ access, chipAuthentication, terminalAuthentication }: Evidence): Opened {
  if (access.outcome !== 'opened') return nothingOpened
  const terminal = terminalAuthentication?.outcome === 'authenticated'
  return {
    protocols: [
      access.protocol,
      ...(chipAuthentication?.outcome === 'proved' ? (['chip-authentication'] as const) : []),
      ...(terminal ? (['terminal-authentication'] as const) : []),
    ],
    rights: terminal ? terminalAuthentication.rights : [],
  }
}
