import { CardError, concatBytes, readTlvHeader } from '@kart/codec'
import type { Protection } from './card-context.ts'
import { refuse, SW } from './status.ts'

/** A command as far as chaining goes: class byte without chaining bit, and whether that was set. */
export interface Link {
  readonly cla: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  readonly data: Uint8Array
  /** Chaining bit: more follows. */
  readonly more: boolean
  /** Links in and outside secure messaging make no chain together. */
  readonly protection: Exclude<Protection, 'scp03'>
}

/** A chain of commands under way (ISO/IEC 7816-4:2020, 5.4.1). */
export type CommandChain = Link

/** GENERAL AUTHENTICATE, whose chaining bit links the steps of a protocol (Doc 9303-11, 8th ed., 4.4.4.2). */
const generalAuthenticate = 0x86

/**
 * Takes one interindustry command into the chain: `whole` is undefined while more links follow, and has all the data at the last link.
 * `next` is the chain to keep. A step of GENERAL AUTHENTICATE is whole when its template is, chaining bit or not.
 * Refuses 6883 when another command comes in between, 6700 when the whole grows past `maxLength` bytes.
 */
export function takeLink(
  chain: CommandChain | undefined,
  link: Link,
  maxLength: number,
): { next: CommandChain | undefined; whole: Uint8Array | undefined } {
  if (chain && !continues(chain, link)) refuse(SW.chainBroken)
  const length = (chain?.data.length ?? 0) + link.data.length
  if (length > maxLength) refuse(SW.wrongLength)
  const data = chain ? concatBytes(chain.data, link.data) : link.data
  const last = !link.more || (link.ins === generalAuthenticate && !isCutTemplate(data))
  return last ? { next: undefined, whole: data } : { next: { ...link, data }, whole: undefined }
}

function continues(chain: CommandChain, link: Link): boolean {
  return (
    chain.cla === link.cla && chain.ins === link.ins && chain.p1 === link.p1 && chain.p2 === link.p2 && chain.protection === link.protection
  )
}

/** Whether the bytes begin a data object that is longer than they are. */
function isCutTemplate(data: Uint8Array): boolean {
  try {
    const header = readTlvHeader(data)
    return header !== undefined && header.headerLength + header.valueLength > data.length
  } catch (error) {
    if (error instanceof CardError) return false
    throw error
  }
}
