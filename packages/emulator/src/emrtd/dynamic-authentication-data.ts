import { CardError, decodeTlv, decodeTlvList, encodeTlv, joinBytes } from '@kart/codec'
import { refuse, SW } from '../os/status.ts'

/** One data object of DO'7C' (TR-03110-3 v2.21, B.14.2). */
export interface AuthenticationObject {
  readonly tag: number
  readonly value: Uint8Array
}

const template = 0x7c
const mostObjects = 4

/** The objects inside the command's DO'7C'. Refuses 6A80 for anything that is not one. */
export function readAuthenticationData(data: Uint8Array): readonly AuthenticationObject[] {
  try {
    const { value } = decodeTlv(data, template, { constructed: false })
    return decodeTlvList(value, { constructed: false, nodes: mostObjects })
  } catch (error) {
    if (error instanceof CardError) refuse(SW.wrongData)
    throw error
  }
}

/** The value of the one object that the step asks for; refuses 6A80 for another, for more, and for none. */
export function onlyObject(objects: readonly AuthenticationObject[], tag: number): Uint8Array {
  const [first, second] = objects
  if (first?.tag !== tag || second !== undefined) refuse(SW.wrongData)
  return first.value
}

/** DO'7C' with these objects. */
export function encodeAuthenticationData(objects: readonly AuthenticationObject[]): Uint8Array {
  return encodeTlv(template, joinBytes(objects.map(({ tag, value }) => encodeTlv(tag, value))))
}
