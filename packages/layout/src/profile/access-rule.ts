/** A protocol that opens a secure channel between terminal and card. */
export type ChannelProtocol = 'bac' | 'pace' | 'chip-authentication' | 'terminal-authentication' | 'scp03'

/** Rights of an inspection system that open files (Doc 9303-11, 8th ed., 7.1; TR-03110-4 v2.21, 2.1.1). */
export type TerminalRight = 'read-dg3' | 'read-dg4'

/** Who may do something to a file: a value, composed of smaller ones. */
export type AccessRule =
  | { readonly kind: 'always' }
  | { readonly kind: 'never' }
  /** After the password with this reference (VERIFY P2) was verified. */
  | { readonly kind: 'password'; readonly reference: number }
  /** After the finger with this reference was verified. */
  | { readonly kind: 'biometric'; readonly reference: number }
  /** Inside a secure channel opened by this protocol, in the same application session. */
  | { readonly kind: 'channel'; readonly protocol: ChannelProtocol }
  /** After terminal authentication whose effective authorization has this right. */
  | { readonly kind: 'terminal-right'; readonly right: TerminalRight }
  | { readonly kind: 'all'; readonly of: readonly AccessRule[] }
  | { readonly kind: 'any'; readonly of: readonly AccessRule[] }

export const always: AccessRule = { kind: 'always' }
export const never: AccessRule = { kind: 'never' }
export const channel = (protocol: ChannelProtocol): AccessRule => ({ kind: 'channel', protocol })
export const terminalRight = (right: TerminalRight): AccessRule => ({ kind: 'terminal-right', right })
export const all = (...of: readonly AccessRule[]): AccessRule => ({ kind: 'all', of })
export const any = (...of: readonly AccessRule[]): AccessRule => ({ kind: 'any', of })

const protocolNames = {
  bac: 'BAC',
  pace: 'PACE',
  'chip-authentication': 'chip authentication',
  'terminal-authentication': 'terminal authentication',
  scp03: 'SCP03',
} as const satisfies Record<ChannelProtocol, string>

/** The rule in plain words (`BAC or PACE`, `SCP03`, `always`). */
export function describeAccessRule(rule: AccessRule): string {
  switch (rule.kind) {
    case 'always':
    case 'never':
      return rule.kind
    case 'password':
      return `PIN ${rule.reference}`
    case 'biometric':
      return `finger ${rule.reference.toString(16).toUpperCase()}`
    case 'channel':
      return protocolNames[rule.protocol]
    case 'terminal-right':
      return `terminal authentication with ${rule.right}`
    case 'all':
      return rule.of.map(describeAccessRule).join(' and ')
    case 'any':
      return rule.of.map(describeAccessRule).join(' or ')
  }
}
