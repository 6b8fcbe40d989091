import { DecodeError } from '@kart/codec'
import type { CommandApdu, ResponseApdu } from '../apdu.ts'
import type { CardCommand } from '../card-command.ts'
import { describeCommand } from '../describe-command.ts'

/** Said of every command factory: what the command is for, which stands behind the command's name in errors and traces (`EF.COM`). */
export interface CommandLabel {
  readonly label?: string
}

export const noData = new Uint8Array(0)

interface CommandParts<T> {
  readonly cla?: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  readonly data?: Uint8Array
  readonly ne?: number
  readonly parse: (response: ResponseApdu, name: string) => T
  readonly accepts?: readonly number[]
  /** The standard's name, where the header alone does not tell. */
  readonly name?: string
  readonly label?: string | undefined
}

/** Builds a command; name and clause come from the table of commands. */
export function makeCommand<T>(parts: CommandParts<T>): CardCommand<T> {
  const apdu: CommandApdu = {
    cla: parts.cla ?? 0,
    ins: parts.ins,
    p1: parts.p1,
    p2: parts.p2,
    data: parts.data ?? noData,
    ne: parts.ne ?? 0,
  }
  const described = describeCommand(apdu.cla, apdu.ins, apdu.p1, apdu.p2)
  const standardName = parts.name ?? described.name
  const name = parts.label === undefined ? standardName : `${standardName.split(',')[0]}, ${parts.label}`
  return {
    name,
    clause: described.clause,
    apdu,
    parse: (response) => parts.parse(response, name),
    ...(parts.accepts === undefined ? {} : { accepts: parts.accepts }),
  }
}

/** A parse for commands whose response carries no data: any data is a DecodeError. */
export function nothing(response: ResponseApdu, name: string): void {
  if (response.data.length > 0) throw new DecodeError(`${name} response`, `${response.data.length} bytes where none are expected`)
}

/** A parse for commands whose response data are wanted as they are; more than was asked for is a DecodeError. */
export function atMost(limit: number): (response: ResponseApdu, name: string) => Uint8Array {
  return (response, name) => {
    if (response.data.length > limit)
      throw new DecodeError(`${name} response`, `${response.data.length} bytes where at most ${limit} were asked for`)
    return response.data
  }
}

/** A parse for commands whose response has one length. */
export function exactly(length: number): (response: ResponseApdu, name: string) => Uint8Array {
  return (response, name) => {
    if (response.data.length !== length)
      throw new DecodeError(`${name} response`, `${response.data.length} bytes where ${length} are expected`)
    return response.data
  }
}
