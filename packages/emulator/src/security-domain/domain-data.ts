import { decodeTlvList } from '@kart/codec'
import type { ApplicationSpec } from '@kart/layout/profile'
import type { CardState } from '../memory/card-state.ts'
import type { CardContext } from '../os/card-context.ts'
import { Refusal, refuse, SW } from '../os/status.ts'

const berTlvFormat = 0x10
const mostBytes = 256

/** Replaces a field of the card production life cycle data: 8 bytes at the offset of H.6. */
const cplcField =
  (offset: number) =>
  (state: CardState, value: Uint8Array): CardState => {
    if (value.length !== 8) refuse(SW.wrongData)
    const cplc = state.cplc.slice()
    cplc.set(value, offset)
    return { ...state, cplc }
  }

const identifier =
  (field: 'iin' | 'cin') =>
  (state: CardState, value: Uint8Array): CardState =>
    value.length >= 1 && value.length <= 16 ? { ...state, [field]: value.slice() } : refuse(SW.wrongData)

/**
 * Data objects that the security domain keeps for itself (GlobalPlatform Card Specification 2.3.1, 11.11.2.3 and H): issuer and card image numbers,
 * and of the production data pre-personalizer with date and equipment, and personalizer with the same.
 */
const objects: ReadonlyMap<number, (state: CardState, value: Uint8Array) => CardState> = new Map([
  [0x42, identifier('iin')],
  [0x45, identifier('cin')],
  [0x9f67, cplcField(26)],
  [0x9f66, cplcField(34)],
])

/** Whether a STORE DATA sequence brings the domain's own objects: it says so, or it says nothing of its format and begins like one of them. */
export function isDomainData(card: CardContext, target: ApplicationSpec, format: number, bytes: Uint8Array): boolean {
  const isDomain = target.name === 'mf' && card.session.application.name === 'isd'
  if (format === berTlvFormat) return isDomain || refuse(SW.wrongParameters)
  if (format !== 0 || !isDomain) return false
  const [first = 0, second = 0] = bytes
  return objects.has(first) || objects.has((first << 8) | second)
}

/** Applies the objects once the last block is here; until then they wait. Refuses 6A80 for what is no BER-TLV, 6A88 for an object that the domain does not keep. */
export function takeDomainData(
  card: CardContext,
  bytes: Uint8Array,
  last: boolean,
): { state: CardState; response: Uint8Array; pending: Uint8Array } {
  const response = new Uint8Array(0)
  let { state } = card.store
  if (bytes.length > mostBytes) refuse(SW.fileFull)
  if (!last) return { state, response, pending: bytes }
  try {
    for (const { tag, value } of decodeTlvList(bytes, { constructed: false, nodes: 8 }))
      state = (objects.get(tag) ?? refuse(SW.dataNotFound))(state, value)
  } catch (error) {
    if (error instanceof Refusal) throw error
    refuse(SW.wrongData)
  }
  return { state, response, pending: response }
}
