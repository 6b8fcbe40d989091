import { CardError } from '@kart/codec'
import type { CommandApdu, ResponseApdu } from './apdu.ts'
import type { CardChannel } from './channel.ts'
import { labelCommand } from './command-label.ts'
import { describeStatusWord } from './status-word.ts'

/** One command of a standard as a pure object. */
export interface CardCommand<T> {
  /** The standard's name, upper case (`READ BINARY`), with what it is for after a comma where that helps (`SELECT, EF.COM`). */
  readonly name: string
  /** Standard, edition and clause. */
  readonly clause: string
  readonly apdu: CommandApdu
  /** Takes the response apart; called only for status words that the command accepts. Throws DecodeError. */
  parse(response: ResponseApdu): T
  /** Status words that `parse` is called for besides 9000. */
  readonly accepts?: readonly number[]
}

/** The card answered with a status word that the command does not accept. */
export class StatusWordError extends CardError {
  readonly code = 'status-word'
  /** SW1-SW2, 6000..9FFF. */
  readonly sw: number
  /** Name of the command. */
  readonly command: string

  constructor(command: string, sw: number) {
    super(`${command}: the card answered ${sw.toString(16).toUpperCase().padStart(4, '0')} (${describeStatusWord(sw)})`)
    this.sw = sw
    this.command = command
  }
}

/** Sends one command and parses its response; throws StatusWordError for a status word that the command does not accept. */
export async function send<T>(channel: CardChannel, command: CardCommand<T>): Promise<T> {
  labelCommand(command.apdu, command.name)
  const response = await channel.transmit(command.apdu)
  if (response.sw !== 0x9000 && !command.accepts?.includes(response.sw)) throw new StatusWordError(command.name, response.sw)
  return command.parse(response)
}
