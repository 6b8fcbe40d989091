import type { ReceivedCommand, ResponseApdu } from '@kart/apdu/card'
import { concatBytes, uintToBytes } from '@kart/codec'
import type { CardState, StoredKeySet } from '../memory/card-state.ts'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { answer, Refusal, refuse, SW } from '../os/status.ts'
import { PendingChannel, pseudoRandomChallenge } from './scp03.ts'
import { scp03Offer } from './scp03-offer.ts'

/** House rule: after this many wrong host cryptograms in a row a key set is blocked for good. */
export const authenticationTries = 10

const scpIdentifier = 0x03
const lastSequence = 0xffffff

/** The state with one key set's counters changed. */
function withCounters(state: CardState, version: number, change: (set: StoredKeySet) => Partial<StoredKeySet>): CardState {
  return { ...state, keySets: state.keySets.map((set) => (set.version === version ? { ...set, ...change(set) } : set)) }
}

/**
 * INITIALIZE UPDATE (Amendment D v1.2, 7.1.1): P1 = key version, 00 = the card's first; P2 = key identifier 00; host challenge in, 8 bytes or 16 in S16;
 * key diversification data (the chip serial), key version, 03 and parameter i, card challenge, card cryptogram and, where challenges are pseudo-random,
 * sequence counter out. Refuses 6A88 when there is no such key set (a secured card has its transport keys no more), 6983 when it is blocked.
 */
export function initializeUpdate(card: CardContext, command: PlainCommand): ResponseApdu {
  const { state } = card.store
  const offer = scp03Offer(card.profile)
  if (command.data.length !== offer.macLength) refuse(SW.wrongLength)
  if (command.p2 !== 0) refuse(SW.wrongParameters)
  const set = state.keySets.find(({ version }) => command.p1 === 0 || version === command.p1) ?? refuse(SW.dataNotFound)
  if (set.failures >= authenticationTries) refuse(SW.blocked)
  if (offer.pseudoRandom && set.sequence >= lastSequence) refuse(SW.conditions)
  const challenge = offer.pseudoRandom
    ? pseudoRandomChallenge(set.enc, set.sequence, card.profile.securityDomainAid, offer.macLength)
    : card.random(offer.macLength)
  const pending = new PendingChannel(set, offer, command.data, challenge)
  card.session.pendingChannel?.destroy()
  card.session.pendingChannel = pending
  return answer(
    concatBytes(
      state.iccSerial,
      Uint8Array.of(set.version, scpIdentifier, offer.i),
      challenge,
      pending.cardCryptogram,
      offer.pseudoRandom ? uintToBytes(set.sequence, 3) : new Uint8Array(0),
    ),
  )
}

/**
 * EXTERNAL AUTHENTICATE (Amendment D v1.2, 7.1.2): host cryptogram || C-MAC, each 8 bytes or 16 in S16. A wrong cryptogram answers 6300 and is counted,
 * a wrong MAC 6982. The outcome is on the card before the answer leaves: the key set's counter of failures, or its sequence counter stepped so that no
 * challenge comes twice. Security level 00 authenticates and leaves what follows unprotected.
 */
export function externalAuthenticate(card: CardContext, command: ReceivedCommand): ResponseApdu {
  const { session, store } = card
  const pending = session.pendingChannel ?? refuse(SW.conditions)
  session.pendingChannel = undefined
  try {
    const offer = scp03Offer(card.profile)
    if (command.cla !== 0x84) refuse(SW.noClass)
    if (command.p2 !== 0 || !offer.levels.includes(command.p1)) refuse(SW.wrongParameters)
    if (command.data.length !== 2 * offer.macLength) refuse(SW.wrongLength)
    const { state } = store
    const { version } = pending
    if (!pending.isHost(command.data.subarray(0, offer.macLength))) {
      store.commit(withCounters(state, version, ({ failures }) => ({ failures: Math.min(failures + 1, authenticationTries) })))
      refuse(SW.authenticationFailed)
    }
    const channel = pending.open(command.p1)
    try {
      channel.checkMac(command)
    } catch (error) {
      channel.destroy()
      throw error
    }
    const step = offer.pseudoRandom ? 1 : 0
    store.commit(withCounters(state, version, ({ sequence }) => ({ failures: 0, sequence: sequence + step })))
    session.channel = channel
    session.personalization = undefined
    return answer()
  } finally {
    pending.destroy()
  }
}

/** The command inside; a refusal has already ended the session. A session of level 00 has no protected commands (house rule). */
export function openChannelCommand(card: CardContext, command: ReceivedCommand): PlainCommand {
  const { session } = card
  const channel = session.channel ?? refuse(SW.securityStatus)
  try {
    if (channel.level === 0) refuse(SW.securityStatus)
    const data = channel.open(command)
    return { cla: command.cla & 0x80, ins: command.ins, p1: command.p1, p2: command.p2, data, ne: command.ne, protection: 'scp03' }
  } catch (error) {
    if (error instanceof Refusal) closeChannel(card)
    throw error
  }
}

/** Ends the session: keys erased, the unfinished part of a STORE DATA sequence forgotten. */
export function closeChannel(card: CardContext): void {
  card.session.channel?.destroy()
  card.session.channel = undefined
  card.session.personalization = undefined
}
