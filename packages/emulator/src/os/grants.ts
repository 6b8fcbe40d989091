import type { ChannelProtocol, PacePasswordName, TerminalRight } from '@kart/layout/profile'
import { type EacProgress, noProgress } from '../eac/eac-progress.ts'

/** One protocol that was carried out with success inside the present secure messaging, or opened it. */
export interface ChannelGrant {
  readonly protocol: ChannelProtocol
  /** The application that it opened; undefined = it holds in every one. */
  readonly within: string | undefined
}

/** What PACE leaves for the protocols after it. */
export interface PaceGrant {
  readonly password: PacePasswordName
  /** The card's ephemeral public key, compressed: ID_IC of terminal authentication version 2 (TR-03110-3 v2.21, A.2.2.3). */
  readonly chipIdentifier: Uint8Array
  /** DO'7F4C' of MSE:Set AT, whole: the most that terminal authentication may give; undefined = none was sent. */
  readonly authorization: Uint8Array | undefined
  /** Comp(PK) of the terminal's ephemeral key where the mapping proved the chip (PACE-CAM), so that terminal authentication version 1 may follow at once. */
  readonly terminalKey?: Uint8Array
}

/** Effective authorization of the terminal after terminal authentication. */
export interface TerminalGrant {
  readonly rights: ReadonlySet<TerminalRight>
  readonly within: string | undefined
}

/** All that the present secure messaging has gained; gone with it. Never changed in place. */
export interface Grants {
  readonly channels: readonly ChannelGrant[]
  readonly pace: PaceGrant | undefined
  readonly terminal: TerminalGrant | undefined
  /** How far chip and terminal authentication have come. */
  readonly eac: EacProgress
}

export const noGrants: Grants = { channels: [], pace: undefined, terminal: undefined, eac: noProgress }

/** The grants with one more protocol. */
export function withGrant(grants: Grants, protocol: ChannelProtocol, within?: string): Grants {
  return { ...grants, channels: [...grants.channels, { protocol, within }] }
}

/** The grants without one protocol. */
export function withoutGrant(grants: Grants, dropped: ChannelProtocol): Grants {
  return { ...grants, channels: grants.channels.filter(({ protocol }) => protocol !== dropped) }
}

/** This protocol alone. */
export function grantOf(protocol: ChannelProtocol, within?: string): Grants {
  return withGrant(noGrants, protocol, within)
}

/** What is left when this application becomes the current one. */
export function grantsWithin(grants: Grants, application: string): Grants {
  const holds = ({ within }: { readonly within: string | undefined }): boolean => within === undefined || within === application
  return {
    ...grants,
    channels: grants.channels.filter(holds),
    terminal: grants.terminal && holds(grants.terminal) ? grants.terminal : undefined,
  }
}
