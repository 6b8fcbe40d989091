import type { ReceivedCommand } from '@kart/apdu/card'
import { concatBytes } from '@kart/codec'
import { refuse, SW } from './status.ts'

/** A chain of commands under way (ISO/IEC 7816-4:2020, 5.4.1). */
export interface CommandChain {
  readonly cla: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  readonly data: Uint8Array
}

const chainBit = 0x10

/**
 * Takes one plain interindustry command into the chain: undefined while more links follow, the whole command at its last link.
 * `next` is the chain to keep. Refuses 6883 when another command comes in between, 6700 when the whole grows past `maxLength` bytes.
 */
export function takeLink(
  chain: CommandChain | undefined,
  command: ReceivedCommand,
  maxLength: number,
): { next: CommandChain | undefined; whole: ReceivedCommand | undefined } {
  const cla = command.cla & ~chainBit
  const more = (command.cla & chainBit) !== 0
  if (chain && (chain.cla !== cla || chain.ins !== command.ins || chain.p1 !== command.p1 || chain.p2 !== command.p2))
    refuse(SW.chainBroken)
  const length = (chain?.data.length ?? 0) + command.data.length
  if (length > maxLength) refuse(SW.wrongLength)
  const data = chain ? concatBytes(chain.data, command.data) : command.data
  if (more) return { next: { cla, ins: command.ins, p1: command.p1, p2: command.p2, data }, whole: undefined }
  return { next: undefined, whole: chain ? { ...command, cla, data } : command }
}
