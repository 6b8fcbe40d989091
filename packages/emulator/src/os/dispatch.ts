import type { ReceivedCommand, ResponseApdu } from '@kart/apdu/card'
import { handleEmrtd } from '../emrtd/application.ts'
import { handleSecurityDomain } from '../security-domain/application.ts'
import { closeChannel, externalAuthenticate, openChannelCommand } from '../security-domain/secure-channel.ts'
import { type CardContext, endChannels, type PlainCommand } from './card-context.ts'
import { type CommandClass, readClass } from './class-byte.ts'
import { takeLink } from './command-chain.ts'
import { readBinary, readBinaryObject } from './read-binary.ts'
import { isGetResponse, limitToNe, moreOfResponse } from './response-length.ts'
import { select } from './select.ts'
import { answer, Refusal, refuse, SW } from './status.ts'

const ins = {
  initializeUpdate: 0x50,
  externalAuthenticate: 0x82,
  select: 0xa4,
  readBinary: 0xb0,
  readBinaryObject: 0xb1,
  getData: 0xca,
} as const

/** Answers one command: waiting response bytes first, then class byte, chaining, secure channel, and the command itself. */
export function answerCommand(card: CardContext, received: ReceivedCommand): ResponseApdu {
  const { session } = card
  if (session.waiting && isGetResponse(received)) return moreOfResponse(session, received)
  session.waiting = undefined
  let kind: CommandClass
  try {
    kind = readClass(received.cla)
  } catch (error) {
    endChannels(session)
    session.chain = undefined
    throw error
  }
  if (kind.secure !== 'none') {
    session.chain = undefined
    const response = kind.secure === 'messaging' ? answerMessaging(card, received) : answerChannel(card, received)
    return limitToNe(session, received, response)
  }
  endUnlessExpected(card, received)
  const command = chained(card, received)
  if (command === undefined) return answer()
  const plain: PlainCommand = {
    cla: kind.base,
    ins: command.ins,
    p1: command.p1,
    p2: command.p2,
    data: command.data,
    ne: command.ne,
    protection: session.channel ? 'authenticated' : 'none',
  }
  return limitToNe(session, received, handle(card, plain), kind.base, command.ins === ins.getData)
}

/**
 * A plain command ends secure messaging (Doc 9303-11, 8th ed., 9.8.4) and an SCP03 session; in the latter only a new start may come plain, unless the session
 * is of security level 00, which protects no command.
 */
function endUnlessExpected(card: CardContext, received: ReceivedCommand): void {
  const { session } = card
  const { channel } = session
  const startsAnew = received.ins === ins.select || received.ins === ins.initializeUpdate
  if (channel?.level === 0 && !startsAnew) return
  endChannels(session)
  if (channel !== undefined && !startsAnew) refuse(SW.securityStatus)
}

function chained(card: CardContext, received: ReceivedCommand): ReceivedCommand | undefined {
  const { session } = card
  try {
    const { next, whole } = takeLink(session.chain, received, card.profile.maxCommandLength)
    session.chain = next
    return whole
  } catch (error) {
    session.chain = undefined
    throw error
  }
}

function answerMessaging(card: CardContext, received: ReceivedCommand): ResponseApdu {
  const { session } = card
  const { messaging } = session
  // Without a session no object can be right: the same answer as for a wrong one.
  if (messaging === undefined) {
    endChannels(session)
    return answer(undefined, SW.objectWrong)
  }
  try {
    const command = messaging.open(received)
    const response = guarded(() => fitted(handle(card, { ...command, protection: 'messaging' }), command.ne))
    return messaging.protect(response, received.ins)
  } catch (error) {
    endChannels(session)
    throw error
  }
}

function answerChannel(card: CardContext, received: ReceivedCommand): ResponseApdu {
  const { session } = card
  // A command outside secure messaging ends it, whatever else protects it.
  if (session.messaging) endChannels(session)
  if (received.ins === ins.externalAuthenticate && session.channel === undefined) return externalAuthenticate(card, received)
  if (session.channel === undefined) {
    endChannels(session)
    return answer(undefined, SW.securityStatus)
  }
  const { channel } = session
  const command = openChannelCommand(card, received)
  const response = channel.protect(guarded(() => handle(card, command)))
  // Selecting an application ends the session with the security domain (GlobalPlatform Card Specification 2.3.1, 10.2.3).
  if (command.ins === ins.select) closeChannel(card)
  return response
}

/** Inside secure messaging nothing can wait for GET RESPONSE: a response longer than the protected Le says what Le should be. */
function fitted(response: ResponseApdu, ne: number): ResponseApdu {
  const { length } = response.data
  if (length <= ne) return response
  return answer(undefined, length <= 256 ? SW.wrongLe | (length & 0xff) : SW.wrongLength)
}

/** A refusal as a response, so that it can be protected. */
function guarded(run: () => ResponseApdu): ResponseApdu {
  try {
    return run()
  } catch (error) {
    if (error instanceof Refusal) return answer(undefined, error.sw)
    throw error
  }
}

function handle(card: CardContext, command: PlainCommand): ResponseApdu {
  const { lifeCycle } = card.store.state
  const inDomain = card.session.application.name === 'isd'
  // A terminated card answers GET DATA and nothing else (GlobalPlatform Card Specification 2.3.1, 5.1.1.5).
  if (lifeCycle === 'TERMINATED')
    return command.ins === ins.getData ? (handleSecurityDomain(card, command) ?? refuse(SW.conditions)) : refuse(SW.conditions)
  // A locked card has its security domain and nothing else (GlobalPlatform Card Specification 2.3.1, 5.1.1.4).
  if (lifeCycle === 'CARD_LOCKED' && !inDomain && !(command.ins === ins.select && command.p1 === 0x04)) refuse(SW.conditions)
  if (command.cla === 0x00) {
    if (command.ins === ins.select) return select(card, command)
    if (command.ins === ins.readBinary) return readBinary(card, command)
    if (command.ins === ins.readBinaryObject) return readBinaryObject(card, command)
  }
  const own = inDomain
    ? handleSecurityDomain(card, command)
    : card.session.application.name === 'emrtd'
      ? handleEmrtd(card, command)
      : undefined
  if (own) return own
  return refuse(command.cla === 0x80 && !inDomain ? SW.noClass : SW.noInstruction)
}
