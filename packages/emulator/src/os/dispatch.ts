import type { ReceivedCommand, ResponseApdu } from '@kart/apdu/card'
import { handleEmrtd } from '../emrtd/application.ts'
import { handleFingerprint } from '../fingerprint/application.ts'
import { handlePkcs15 } from '../pkcs15/application.ts'
import { handleSecurityDomain } from '../security-domain/application.ts'
import { closeChannel, externalAuthenticate, openChannelCommand } from '../security-domain/secure-channel.ts'
import { beginNextMessaging, type CardContext, endChannels, endPace, type PlainCommand, type VolatileState } from './card-context.ts'
import { type CommandClass, readClass } from './class-byte.ts'
import { type Link, takeLink } from './command-chain.ts'
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
  manageChannel: 0x70,
  generalAuthenticate: 0x86,
} as const

/** Answers one command: waiting response bytes first, then class byte, chaining, secure channel, and the command itself. */
export function answerCommand(card: CardContext, sent: ReceivedCommand): ResponseApdu {
  const { session } = card
  const received = asInterindustry(session, sent)
  card.delay = 0
  if (session.waiting && isGetResponse(received)) return moreOfResponse(session, received)
  session.waiting = undefined
  // The steps of PACE follow one another, or it is over.
  if (received.ins !== ins.generalAuthenticate) endPace(session)
  let kind: CommandClass
  try {
    kind = readClass(received.cla)
  } catch (error) {
    endChannels(session)
    session.chain = undefined
    throw error
  }
  if (kind.secure === 'messaging') return limitToNe(session, received, answerMessaging(card, received, kind))
  if (kind.secure === 'scp03') {
    session.chain = undefined
    return limitToNe(session, received, answerChannel(card, received))
  }
  endUnlessExpected(card, received)
  const response = handleLink(
    card,
    { ...received, cla: kind.base, more: kind.chained, protection: session.channel ? 'authenticated' : 'none' },
    received.ne,
  )
  beginNextMessaging(session)
  return limitToNe(session, received, response, kind.base, received.ins === ins.getData)
}

/** OpenSC's myeid driver deletes a file in class A0, the one of GSM 11.11; everything else comes interindustry. */
function asInterindustry({ application }: VolatileState, command: ReceivedCommand): ReceivedCommand {
  const isHolders = application.name === 'pkcs15' || application.name === 'mf'
  return isHolders && command.cla === 0xa0 && command.ins === 0xe4 ? { ...command, cla: 0x00 } : command
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

/** Handles the command whole at its last link; a link before it answers 9000. */
function handleLink(card: CardContext, link: Link, ne: number): ResponseApdu {
  const { session } = card
  const { chain } = session
  session.chain = undefined
  requireLife(card, link)
  const { next, whole } = takeLink(chain, link, card.profile.maxCommandLength)
  session.chain = next
  if (whole === undefined) return answer()
  const { cla, ins, p1, p2, more, protection } = link
  return handle(card, { cla, ins, p1, p2, data: whole, ne, protection, more })
}

function answerMessaging(card: CardContext, received: ReceivedCommand, kind: CommandClass): ResponseApdu {
  const { session } = card
  const { messaging } = session
  // Without a session no object can be right: the same answer as for a wrong one.
  if (messaging === undefined) {
    endChannels(session)
    session.chain = undefined
    return answer(undefined, SW.objectWrong)
  }
  try {
    const command = messaging.open(received)
    const link: Link = { ...command, more: kind.chained, protection: 'messaging' }
    const response = guarded(() => fitted(handleLink(card, link, command.ne), command.ne))
    const protectedResponse = messaging.protect(response, received.ins)
    beginNextMessaging(session)
    return protectedResponse
  } catch (error) {
    endChannels(session)
    session.chain = undefined
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

/** Refuses 6985 for what a terminated or locked card answers no more, a link of a chain like a whole command. */
function requireLife(card: CardContext, { cla, ins: instruction, p1 }: Pick<PlainCommand, 'cla' | 'ins' | 'p1'>): void {
  const { lifeCycle } = card.store.state
  // A terminated card answers GET DATA and nothing else (GlobalPlatform Card Specification 2.3.1, 5.1.1.5).
  if (lifeCycle === 'TERMINATED' && instruction !== ins.getData) refuse(SW.conditions)
  // A locked card has its security domain and nothing else (GlobalPlatform Card Specification 2.3.1, 5.1.1.4).
  const selects = cla === 0x00 && instruction === ins.select
  const inDomain = card.session.application.name === 'isd'
  if (lifeCycle === 'CARD_LOCKED' && (selects ? p1 !== 0x04 : !inDomain)) refuse(SW.conditions)
}

function handle(card: CardContext, command: PlainCommand): ResponseApdu {
  requireLife(card, command)
  const inDomain = card.session.application.name === 'isd'
  if (card.store.state.lifeCycle === 'TERMINATED') return handleSecurityDomain(card, command) ?? refuse(SW.conditions)
  if (command.cla === 0x00) {
    if (command.ins === ins.select) return select(card, command)
    const ofHolder = handlePkcs15(card, command)
    if (ofHolder) return ofHolder
    if (command.ins === ins.readBinary) return readBinary(card, command)
    if (command.ins === ins.readBinaryObject) return readBinaryObject(card, command)
  }
  const own = inDomain ? handleSecurityDomain(card, command) : (handleFingerprint(card, command) ?? handleEmrtd(card, command))
  if (own) return own
  // One logical channel, the basic one (ISO/IEC 7816-4:2020, 5.4.2).
  if (command.ins === ins.manageChannel) refuse(SW.noLogicalChannels)
  return refuse(command.cla === 0x80 && !inDomain ? SW.noClass : SW.noInstruction)
}
