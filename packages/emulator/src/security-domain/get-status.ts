import type { ResponseApdu } from '@kart/apdu/card'
import { concatBytes, decodeTlvList, encodeTlv, equalBytes } from '@kart/codec'
import type { ApplicationSpec } from '@kart/layout/profile'
import { lifeCycles } from '../memory/card-state.ts'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { answer, refuse, SW } from '../os/status.ts'

const selectable = 0x07
const domainPrivileges = Uint8Array.of(0x9e, 0xfe, 0x80)
const noPrivileges = Uint8Array.of(0x00, 0x00, 0x00)
const defaultRoom = 256

/**
 * GET STATUS (GlobalPlatform Card Specification 2.3.1, 11.4): P1 = 80 the security domain with the card's life cycle, 40 the applications, 20 and 10 load
 * files, of which there are none; P2 bit 2 = answers in DO'E3', else the older form; bit 1 = go on after 6310. The data field is DO'4F' with the start of an
 * AID. Only for whoever has authenticated. Refuses 6A88 when nothing matches.
 */
export function getStatus(card: CardContext, command: PlainCommand): ResponseApdu {
  const { session } = card
  if (command.protection !== 'scp03' && command.protection !== 'authenticated') refuse(SW.securityStatus)
  if ((command.p2 & ~0x03) !== 0) refuse(SW.wrongParameters)
  if (![0x80, 0x40, 0x20, 0x10].includes(command.p1)) refuse(SW.wrongParameters)
  const asked = `${command.p1} ${command.p2 & 0x02} ${command.data}`
  const goesOn = (command.p2 & 0x01) !== 0
  const before = session.registry
  session.registry = undefined
  if (goesOn && before?.asked !== asked) refuse(SW.conditions)
  const entries = registryEntries(card, command.p1, (command.p2 & 0x02) !== 0, criterion(command.data))
  if (entries.length === 0) refuse(SW.dataNotFound)
  const start = goesOn && before ? before.next : 0
  // A page is what fits a short answer once it is protected: nothing waits for GET RESPONSE inside a secure channel.
  const room = command.ne > 256 ? command.ne : (session.channel?.shortAnswer ?? defaultRoom)
  let next = start
  for (let size = 0; next < entries.length; next++) {
    size += entries[next]!.length
    if (size > room && next > start) break
  }
  const page = concatBytes(...entries.slice(start, next))
  if (next === entries.length) return answer(page)
  session.registry = { asked, next }
  return answer(page, SW.moreEntries)
}

function registryEntries(card: CardContext, scope: number, tagged: boolean, wanted: Uint8Array): Uint8Array[] {
  const { applications, securityDomainAid } = card.profile
  const entry = ({ aid }: ApplicationSpec): Uint8Array[] => {
    if (aid === undefined || !equalBytes(aid.subarray(0, wanted.length), wanted)) return []
    const isDomain = equalBytes(aid, securityDomainAid)
    if (scope !== (isDomain ? 0x80 : 0x40)) return []
    const state = Uint8Array.of(isDomain ? lifeCycles[card.store.state.lifeCycle] : selectable)
    const privileges = isDomain ? domainPrivileges : noPrivileges
    return [
      tagged
        ? encodeTlv(0xe3, [encodeTlv(0x4f, aid), encodeTlv(0x9f70, state), encodeTlv(0xc5, privileges)])
        : concatBytes(Uint8Array.of(aid.length), aid, state, privileges.subarray(0, 1)),
    ]
  }
  return applications.flatMap(entry)
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
