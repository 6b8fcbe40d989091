import type { ResponseApdu } from '@kart/apdu/card'
import { concatBytes, decodeTlvList, encodeTlv, equalBytes } from '@kart/codec'
import { lifeCycles } from '../memory/card-state.ts'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { answer, refuse, SW } from '../os/status.ts'

const selectable = 0x07
const domainPrivileges = Uint8Array.of(0x9e, 0xfe, 0x80)
const noPrivileges = Uint8Array.of(0x00, 0x00, 0x00)

/**
 * GET STATUS (GlobalPlatform Card Specification 2.3.1, 11.4): P1 = 80 the security domain with the card's life cycle, 40 the applications;
 * P2 = 02, answers in DO'E3'. The data field is DO'4F' with the start of an AID. Only inside SCP03. Refuses 6A88 when nothing matches.
 */
export function getStatus(card: CardContext, command: PlainCommand): ResponseApdu {
  if (command.protection !== 'scp03') refuse(SW.securityStatus)
  if (command.p2 !== 0x02) refuse(SW.wrongParameters)
  if (![0x80, 0x40, 0x20, 0x10].includes(command.p1)) refuse(SW.wrongParameters)
  const wanted = criterion(command.data)
  const { applications, securityDomainAid } = card.profile
  const entries: Uint8Array[] = []
  for (const { aid } of applications) {
    if (aid === undefined || !equalBytes(aid.subarray(0, wanted.length), wanted)) continue
    const isDomain = equalBytes(aid, securityDomainAid)
    if (command.p1 !== (isDomain ? 0x80 : 0x40)) continue
    const state = isDomain ? lifeCycles[card.store.state.lifeCycle] : selectable
    entries.push(
      encodeTlv(0xe3, [
        encodeTlv(0x4f, aid),
        encodeTlv(0x9f70, Uint8Array.of(state)),
        encodeTlv(0xc5, isDomain ? domainPrivileges : noPrivileges),
      ]),
    )
  }
  return entries.length > 0 ? answer(concatBytes(...entries)) : refuse(SW.dataNotFound)
}

function criterion(data: Uint8Array): Uint8Array {
  let wanted: Uint8Array | undefined
  try {
    wanted = decodeTlvList(data, { constructed: false, nodes: 4 }).find(({ tag }) => tag === 0x4f)?.value
  } catch {
    refuse(SW.wrongData)
  }
  return wanted ?? refuse(SW.wrongData)
}
