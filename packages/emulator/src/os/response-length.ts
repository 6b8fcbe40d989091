import type { ReceivedCommand, ResponseApdu } from '@kart/apdu/card'
import type { VolatileState } from './card-context.ts'
import { answer, SW } from './status.ts'

const getResponse = 0xc0

/** Whether this is GET RESPONSE (ISO/IEC 7816-4:2020, 11.8.1), which goes in plain even inside secure messaging: it asks for bytes already protected. */
export function isGetResponse(command: ReceivedCommand): boolean {
  return command.ins === getResponse && (command.cla & 0x7f) === 0 && command.p1 === 0 && command.p2 === 0 && command.data.length === 0
}

/** The next waiting bytes. */
export function moreOfResponse(session: VolatileState, command: ReceivedCommand): ResponseApdu {
  const waiting = session.waiting
  session.waiting = undefined
  if (waiting === undefined) return answer(undefined, SW.conditions)
  return split(session, { data: waiting.data, sw: waiting.sw }, command.ne)
}

/**
 * Fits the response to what was asked: a response longer than Ne keeps its rest for GET RESPONSE (61xx). GET DATA, which can simply be sent again,
 * answers 6Cxx instead when the right length is a short one. Protected responses without Le go out whole: their objects are the answer.
 */
export function limitToNe(
  session: VolatileState,
  received: ReceivedCommand,
  response: ResponseApdu,
  base?: number,
  repeatable = false,
): ResponseApdu {
  const { data } = response
  const ne = base === undefined && received.ne === 0 ? (received.extended ? 65536 : 256) : received.ne
  if (data.length <= ne) return response
  if (repeatable && ne > 0 && data.length <= 256) return answer(undefined, SW.wrongLe | (data.length & 0xff))
  return split(session, response, ne)
}

function split(session: VolatileState, response: ResponseApdu, ne: number): ResponseApdu {
  const { data, sw } = response
  if (data.length <= ne) return response
  const rest = data.slice(ne)
  session.waiting = { data: rest, sw }
  return answer(data.slice(0, ne), SW.moreData | (rest.length >= 256 ? 0 : rest.length))
}
