import { type CardChannel, getCardData, StatusWordError, send } from '@kart/apdu/host'
import { DecodeError, decodeTlvList, equalBytes, fromHex, requireTlv } from '@kart/codec'

/** A secure channel protocol that a security domain says it has. */
export interface AnnouncedProtocol {
  /** 1, 2 or 3. */
  readonly scp: number
  /** Its parameter i. */
  readonly i: number
}

/** What card recognition data say. Nothing vouches for them: they are good for finding a way in, and for noticing that the card then says something else. */
export interface CardRecognition {
  /** Version of the GlobalPlatform Card Specification (`2.3.1`); undefined when the card does not say. */
  readonly specification: string | undefined
  readonly protocols: readonly AnnouncedProtocol[]
}

// 1.2.840.114283: GlobalPlatform's arc; then 1 card recognition data, 2 the specification, 4 secure channel protocols.
const arc = fromHex('2A864886FC6B')

/**
 * Takes card recognition data apart: DO'66' { DO'73' } or DO'73' alone (GlobalPlatform Card Specification 2.3.1, H.2 and H.3). Objects that it does not
 * know are passed over. Throws DecodeError.
 */
export function decodeCardRecognition(data: Uint8Array): CardRecognition {
  const what = 'card recognition data'
  const [outer] = decodeTlvList(data)
  if (outer === undefined) throw new DecodeError(what, 'is empty')
  const { children } = outer.tag === 0x73 ? outer : requireTlv(outer.tag === 0x66 ? outer.children : [], 0x73, what)
  const marker = requireTlv(children, 0x06, what).value
  if (marker.length !== 7 || !equalBytes(marker.subarray(0, 6), arc) || marker[6] !== 1)
    throw new DecodeError(what, 'does not begin with the object identifier of card recognition data')
  let specification: string | undefined
  const protocols: AnnouncedProtocol[] = []
  for (const { tag, children: inside } of children ?? []) {
    if (tag !== 0x60 && tag !== 0x64) continue
    const oid = requireTlv(inside, 0x06, what).value
    if (!equalBytes(oid.subarray(0, 6), arc)) throw new DecodeError(what, 'has an object identifier that is not GlobalPlatform’s')
    const rest = oid.subarray(7)
    if (tag === 0x60 && oid[6] === 2) specification = [...rest].join('.')
    // An i above 7F takes two bytes, as in every object identifier.
    if (tag === 0x64 && oid[6] === 4 && rest.length >= 2)
      protocols.push({ scp: rest[0]!, i: rest.subarray(1).reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0) })
  }
  return { specification, protocols }
}

/** Reads the selected security domain's card recognition data, GET DATA 0066; undefined when it has none. Throws StatusWordError, DecodeError, TransportError. */
export async function readCardRecognition(channel: CardChannel): Promise<CardRecognition | undefined> {
  try {
    return decodeCardRecognition(await send(channel, getCardData(0x66)))
  } catch (error) {
    if (error instanceof StatusWordError && error.sw === 0x6a88) return undefined
    throw error
  }
}
