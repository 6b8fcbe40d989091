import type { ResponseApdu } from '@kart/apdu/card'
import { concatBytes, encodeTlv, fromHex, uintToBytes } from '@kart/codec'
import type { CardProfile } from '@kart/layout/profile'
import type { CardState } from '../memory/card-state.ts'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { answer, refuse, SW } from '../os/status.ts'
import { scp03Offer } from './scp03-offer.ts'

// 1.2.840.114283, the arc under which all object identifiers of GlobalPlatform lie.
const globalPlatform = fromHex('2A864886FC6B')

/** Card recognition data: object identifiers of card management 2.3.1, of the identification scheme, and of SCP03 with its i (GlobalPlatform Card Specification 2.3.1, H.2). */
function recognition(profile: CardProfile): Uint8Array {
  const identifier = (...arcs: number[]): Uint8Array => encodeTlv(0x06, [globalPlatform, Uint8Array.from(arcs)])
  return encodeTlv(
    0x66,
    encodeTlv(0x73, [
      identifier(1),
      encodeTlv(0x60, identifier(2, 2, 3, 1)),
      encodeTlv(0x63, identifier(3)),
      encodeTlv(0x64, identifier(4, 3, scp03Offer(profile).i)),
    ]),
  )
}

/** Card capability information: SCP identifier 03, its i, AES-128, -192 and -256 (GlobalPlatform Card Specification 2.3.1, H.4). */
function capabilities(profile: CardProfile): Uint8Array {
  return encodeTlv(0x67, encodeTlv(0xa0, [fromHex('800103 8101'), Uint8Array.of(scp03Offer(profile).i), fromHex('820107')]))
}

const aesKeyType = 0x88

/** Key information template: one DO'C0' { identifier, version, type, length } a key (GlobalPlatform Card Specification 2.3.1, 11.3.3.1). */
function keyInformation(state: CardState): Uint8Array {
  return encodeTlv(
    0xe0,
    state.keySets.flatMap(({ version, enc }) =>
      [1, 2, 3].map((identifier) => encodeTlv(0xc0, Uint8Array.of(identifier, version, aesKeyType, enc.length))),
    ),
  )
}

function dataObject({ store: { state }, profile }: CardContext, tag: number): Uint8Array | undefined {
  const [first] = state.keySets
  switch (tag) {
    case 0x0042:
      return state.iin && encodeTlv(0x42, state.iin)
    case 0x0045:
      return state.cin && encodeTlv(0x45, state.cin)
    case 0x0066:
      return recognition(profile)
    case 0x0067:
      return capabilities(profile)
    case 0x00c1:
      return first && scp03Offer(profile).pseudoRandom ? encodeTlv(0xc1, uintToBytes(first.sequence, 3)) : undefined
    case 0x00cf:
      return encodeTlv(0xcf, state.iccSerial)
    case 0x00e0:
      return keyInformation(state)
    case 0x9f7f:
      return encodeTlv(0x9f7f, state.cplc)
    case 0x2f00:
      return concatBytes(...profile.applications.flatMap(({ aid }) => (aid ? [encodeTlv(0x61, encodeTlv(0x4f, aid))] : [])))
    default:
      return undefined
  }
}

/** GET DATA of the issuer security domain (GlobalPlatform Card Specification 2.3.1, 11.3); P1-P2 = the tag. Refuses 6A88 for an object that is not there. */
export function getData(card: CardContext, command: PlainCommand): ResponseApdu {
  if (command.data.length > 0) refuse(SW.wrongLength)
  return answer(dataObject(card, (command.p1 << 8) | command.p2) ?? refuse(SW.dataNotFound))
}
