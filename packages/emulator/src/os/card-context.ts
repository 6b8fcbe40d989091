import type { ApplicationSpec, CardProfile, FileSpec } from '@kart/layout/profile'
import { findApplication } from '@kart/layout/profile'
import type { PaceEnvironment } from '../emrtd/pace/set-pace.ts'
import type { SecureMessagingSession } from '../emrtd/secure-messaging.ts'
import type { CardStore } from '../memory/card-store.ts'
import type { KeyEnvironment } from '../pkcs15/keys/key-environment.ts'
import type { PersonalizationSession } from '../security-domain/personalization.ts'
import type { PendingChannel, Scp03Session } from '../security-domain/scp03.ts'
import type { AccessRights } from './access.ts'
import type { CommandChain } from './command-chain.ts'
import { type Grants, grantsWithin, noGrants } from './grants.ts'

/** How a command reached the card; `authenticated` = in plain, in an SCP03 session of security level 00. */
export type Protection = 'none' | 'messaging' | 'scp03' | 'authenticated'

/** How the card has its power: through its contacts, or from a field. */
export type CardInterface = 'contact' | 'contactless'

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
  /** Chaining bit of GENERAL AUTHENTICATE: more steps of the protocol follow. */
  readonly more?: boolean
}

/** What the card forgets without power. */
export interface VolatileState {
  application: ApplicationSpec
  file: FileSpec | undefined
  /** Identifier of the current file under DF 5015; undefined = none. */
  holderFile: number | undefined
  /** References of the holder's PINs that VERIFY found right, with the private-key operations left to each; Infinity = any number. */
  verified: Map<number, number>
  /** The holder's key that MANAGE SECURITY ENVIRONMENT chose. */
  keyEnvironment: KeyEnvironment | undefined
  /** References of the fingers that were found alike in the present application, each with how its command came: it counts for commands that come so. */
  verifiedFingers: ReadonlyMap<number, Protection>
  /** RND.ICC of the last GET CHALLENGE, good for one authentication. */
  challenge: Uint8Array | undefined
  messaging: SecureMessagingSession | undefined
  /** What was proved inside the present secure messaging. */
  grants: Grants
  /** Secure messaging that begins once the present response has left, under the keys of before (Doc 9303-11, 8th ed., 9.8.2). */
  next: { readonly messaging: SecureMessagingSession; readonly grants: Grants } | undefined
  /** PACE as MSE:Set AT chose it, and how far it has come. */
  pace: PaceEnvironment | undefined
  /** Whether the CAN was proved, so that the last try of the PIN may be used (TR-03110-2 v2.21, 2.2.3). */
  pinResumed: boolean
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
  /** Set at power-on. */
  interface: CardInterface
  /** Milliseconds by which the answer to the present command is to be late. */
  delay: number
}

/** The state after power-on or reset: the MF is current, nothing is authenticated. */
export function freshSession(profile: CardProfile): VolatileState {
  const application = findApplication(profile, 'mf')
  if (application === undefined) throw new Error('the profile has no MF')
  return {
    application,
    file: undefined,
    holderFile: undefined,
    verified: new Map(),
    keyEnvironment: undefined,
    verifiedFingers: new Map(),
    challenge: undefined,
    messaging: undefined,
    grants: noGrants,
    next: undefined,
    pace: undefined,
    pinResumed: false,
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
  // A PIN that was proved inside secure messaging is proved no longer than that lasts.
  if (session.messaging) session.verified.clear()
  session.messaging?.destroy()
  session.messaging = undefined
  session.grants = noGrants
  session.next?.messaging.destroy()
  session.next = undefined
  session.channel?.destroy()
  session.channel = undefined
  session.pendingChannel?.destroy()
  session.pendingChannel = undefined
  session.personalization = undefined
  session.registry = undefined
  session.verifiedFingers = new Map([...session.verifiedFingers].filter(([, protection]) => protection === 'none'))
}

/** Ends a run of PACE that has begun, or with `chosen` also one that was only chosen by MSE:Set AT. */
export function endPace(session: VolatileState, chosen = false): void {
  if (session.pace === undefined || (!chosen && session.pace.run.stage === 'nonce')) return
  session.pace.run.destroy()
  session.pace = undefined
}

/** Goes over to the secure messaging that the last command began; call when its response was protected. */
export function beginNextMessaging(session: VolatileState): void {
  if (session.next === undefined) return
  session.messaging?.destroy()
  session.messaging = session.next.messaging
  session.grants = session.next.grants
  session.next = undefined
}

/** What the present command may go by in an application, the current one unless told. */
export function rightsOf(session: VolatileState, protection: Protection, application: ApplicationSpec = session.application): AccessRights {
  // What was proved counts only for commands that come inside the secure messaging in which it was.
  const { channels, terminal, pace } = protection === 'messaging' ? grantsWithin(session.grants, application.name) : noGrants
  const open = new Set(channels.map(({ protocol }) => protocol))
  // The PUK unblocks the PIN and opens no file (TR-03110-2 v2.21, 2.4.1).
  if (pace?.password === 'puk') open.delete('pace')
  if (protection === 'scp03' && session.channel) open.add('scp03')
  // A finger is proved to one application; in a secure channel it counts there, in the open there.
  const fingers = new Set(application === session.application ? fingersUnder(session, protection) : [])
  return { channels: open, terminalRights: terminal?.rights ?? new Set(), passwords: new Set(session.verified.keys()), fingers }
}

/** References of the fingers that were found alike and count for a command that comes so. */
export function fingersUnder(session: VolatileState, protection: Protection): number[] {
  return [...session.verifiedFingers].filter(([, under]) => under === protection).map(([reference]) => reference)
}
