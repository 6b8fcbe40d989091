import type { ReceivedCommand, ResponseApdu } from '@kart/apdu/card'
import { concatBytes, uintToBytes } from '@kart/codec'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { answer, Refusal, refuse, SW } from '../os/status.ts'
import { offeredLevels, PendingChannel } from './scp03.ts'

/** House rule: after this many wrong host cryptograms in a row the key set is blocked for good. */
export const authenticationTries = 10

const scpIdentifier = 0x03
const scpOption = 0x70
const lastSequence = 0xffffff

/**
 * INITIALIZE UPDATE (Amendment D v1.2, 7.1.1): host challenge in; key diversification data (the chip serial), key version, 03 70, card challenge,
 * card cryptogram and sequence counter out. Refuses 6A88 when there is no such key set (after SECURED there is none), 6983 when it is blocked.
 */
export function initializeUpdate(card: CardContext, command: PlainCommand): ResponseApdu {
  const { state } = card.store
  if (command.data.length !== 8) refuse(SW.wrongLength)
  if (command.p2 !== 0) refuse(SW.wrongParameters)
  const { keys } = state
  if (keys === undefined || (command.p1 !== 0 && command.p1 !== keys.version)) refuse(SW.dataNotFound)
  if (state.failedAuthentications >= authenticationTries) refuse(SW.blocked)
  if (state.sequenceCounter >= lastSequence) refuse(SW.conditions)
  const pending = new PendingChannel(keys, command.data, state.sequenceCounter, card.profile.securityDomainAid)
  card.session.pendingChannel = pending
  return answer(
    concatBytes(
      state.iccSerial,
      Uint8Array.of(keys.version, scpIdentifier, scpOption),
      pending.cardChallenge,
      pending.cardCryptogram,
      uintToBytes(state.sequenceCounter, 3),
    ),
  )
}

/**
 * EXTERNAL AUTHENTICATE (Amendment D v1.2, 7.1.2): host cryptogram (8) || C-MAC (8). A wrong cryptogram answers 6300 and is counted, a wrong MAC 6982.
 * The outcome is on the card before the answer leaves: the counter of failures, or the sequence counter stepped so that no challenge comes twice.
 */
export function externalAuthenticate(card: CardContext, command: ReceivedCommand): ResponseApdu {
  const { session, store } = card
  const pending = session.pendingChannel ?? refuse(SW.conditions)
  session.pendingChannel = undefined
  try {
    if (command.cla !== 0x84) refuse(SW.noClass)
    if (command.p2 !== 0 || !offeredLevels.includes(command.p1)) refuse(SW.wrongParameters)
    if (command.data.length !== 16) refuse(SW.wrongLength)
    const { state } = store
    if (!pending.isHost(command.data.subarray(0, 8))) {
      store.commit({ ...state, failedAuthentications: Math.min(state.failedAuthentications + 1, authenticationTries) })
      refuse(SW.authenticationFailed)
    }
    const channel = pending.open(command.p1)
    try {
      channel.checkMac(command)
    } catch (error) {
      channel.destroy()
      throw error
    }
    store.commit({ ...state, failedAuthentications: 0, sequenceCounter: state.sequenceCounter + 1 })
    session.channel = channel
    session.personalization = undefined
    return answer()
  } finally {
    pending.destroy()
  }
}

/** The command inside; a refusal has already ended the session. */
export function openChannelCommand(card: CardContext, command: ReceivedCommand): PlainCommand {
  const { session } = card
  const channel = session.channel ?? refuse(SW.securityStatus)
  try {
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
