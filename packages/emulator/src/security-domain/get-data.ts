import type { ResponseApdu } from '@kart/apdu/card'
import { encodeTlv, fromHex, uintToBytes } from '@kart/codec'
import type { CardState } from '../memory/card-state.ts'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { answer, refuse, SW } from '../os/status.ts'

// GlobalPlatform Card Specification 2.3.1, H.2: object identifiers of card management 2.3.1 and of SCP03 with i = 70.
const recognition = encodeTlv(
  0x66,
  encodeTlv(0x73, fromHex('06072A864886FC6B01 600B06092A864886FC6B02020301 63090607 2A864886FC6B03 640B0609 2A864886FC6B040370')),
)
// H.4: SCP identifier 03, i = 70, AES-128, -192 and -256.
const capabilities = encodeTlv(0x67, encodeTlv(0xa0, fromHex('800103 810170 820107')))

const aesKeyType = 0x88

/** Key information template: one DO'C0' { identifier, version, type, length } a key (GlobalPlatform Card Specification 2.3.1, 11.3.3.1). */
function keyInformation(state: CardState): Uint8Array {
  const { keys } = state
  const entries = keys
    ? [1, 2, 3].map((identifier) => encodeTlv(0xc0, Uint8Array.of(identifier, keys.version, aesKeyType, keys.enc.length)))
    : []
  return encodeTlv(0xe0, entries)
}

function dataObject(state: CardState, tag: number): Uint8Array | undefined {
  switch (tag) {
    case 0x0042:
      return state.iin && encodeTlv(0x42, state.iin)
    case 0x0045:
      return state.cin && encodeTlv(0x45, state.cin)
    case 0x0066:
      return recognition
    case 0x0067:
      return capabilities
    case 0x00c1:
      return encodeTlv(0xc1, uintToBytes(state.sequenceCounter, 3))
    case 0x00e0:
      return keyInformation(state)
    case 0x9f7f:
      return encodeTlv(0x9f7f, state.cplc)
    default:
      return undefined
  }
}

/** GET DATA of the issuer security domain (GlobalPlatform Card Specification 2.3.1, 11.3); P1-P2 = the tag. Refuses 6A88 for an object that is not there. */
export function getData(card: CardContext, command: PlainCommand): ResponseApdu {
  if (command.data.length > 0) refuse(SW.wrongLength)
  return answer(dataObject(card.store.state, (command.p1 << 8) | command.p2) ?? refuse(SW.dataNotFound))
}
