import type { ApplicationSpec, CardProfile, ChannelProtocol, FileSpec } from '@kart/layout/profile'
import { findApplication } from '@kart/layout/profile'
import type { SecureMessagingSession } from '../emrtd/secure-messaging.ts'
import type { CardStore } from '../memory/card-store.ts'
import type { PersonalizationSession } from '../security-domain/personalization.ts'
import type { PendingChannel, Scp03Session } from '../security-domain/scp03.ts'
import type { CommandChain } from './command-chain.ts'

/** How a command reached the card; `authenticated` = in plain, in an SCP03 session of security level 00. */
export type Protection = 'none' | 'messaging' | 'scp03' | 'authenticated'

/** A command after length coding, chaining and secure channel are taken away. */
export interface PlainCommand {
  /** 00 (interindustry) or 80 (GlobalPlatform). */
  readonly cla: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  readonly data: Uint8Array
  readonly ne: number
  readonly protection: Protection
}

/** What the card forgets without power. */
export interface VolatileState {
  application: ApplicationSpec
  file: FileSpec | undefined
  /** RND.ICC of the last GET CHALLENGE, good for one authentication. */
  challenge: Uint8Array | undefined
  messaging: SecureMessagingSession | undefined
  /** After INITIALIZE UPDATE, before EXTERNAL AUTHENTICATE. */
  pendingChannel: PendingChannel | undefined
  channel: Scp03Session | undefined
  personalization: PersonalizationSession | undefined
  /** Where GET STATUS stopped with 6310, and at which question. */
  registry: { readonly asked: string; readonly next: number } | undefined
  chain: CommandChain | undefined
  /** Response bytes that wait for GET RESPONSE, and the status word that ends them. */
  waiting: { readonly data: Uint8Array; readonly sw: number } | undefined
}

/** All that a command may see and change. */
export interface CardContext {
  readonly profile: CardProfile
  readonly store: CardStore
  readonly random: (length: number) => Uint8Array
  session: VolatileState
}

/** The state after power-on or reset: the MF is current, nothing is authenticated. */
export function freshSession(profile: CardProfile): VolatileState {
  const application = findApplication(profile, 'mf')
  if (application === undefined) throw new Error('the profile has no MF')
  return {
    application,
    file: undefined,
    challenge: undefined,
    messaging: undefined,
    pendingChannel: undefined,
    channel: undefined,
    personalization: undefined,
    registry: undefined,
    chain: undefined,
    waiting: undefined,
  }
}

/** Ends every secure channel and what was gained by it. */
export function endChannels(session: VolatileState): void {
  session.messaging?.destroy()
  session.messaging = undefined
  session.channel?.destroy()
  session.channel = undefined
  session.pendingChannel?.destroy()
  session.pendingChannel = undefined
  session.personalization = undefined
  session.registry = undefined
}

/** The channel protocols whose rights the present command enjoys. */
export function openChannels(session: VolatileState, protection: Protection): ReadonlySet<ChannelProtocol> {
  const open = new Set<ChannelProtocol>()
  if (protection === 'messaging' && session.messaging?.grantedIn === session.application.name) open.add('bac')
  if (protection === 'scp03' && session.channel) open.add('scp03')
  return open
}
