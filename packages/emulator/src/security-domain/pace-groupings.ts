import { encodeTlv } from '@kart/codec'
import type { PacePasswordName } from '@kart/layout/profile'
import { freshPassword, isPasswordSecret, longestSecret } from '../emrtd/pace/password-secret.ts'
import { chipPublicKey, generateChipKey } from '../key-agreement/chip-key.ts'
import type { CardState, ChipKey } from '../memory/card-state.ts'
import type { CardContext } from '../os/card-context.ts'
import { refuse, SW } from '../os/status.ts'
import { type GroupingUse, requireEncryption } from './grouping-use.ts'

/** The use of a data grouping that brings a PACE password or makes a key of chip authentication; undefined = it is neither. Refuses 6982 in a channel that does not encrypt. */
export function paceGrouping(card: CardContext, dgi: number): GroupingUse | undefined {
  const { profile } = card
  const { dgis } = profile
  const names: Readonly<Record<PacePasswordName, number>> = { mrz: dgis.paceMrz, can: dgis.paceCan, pin: dgis.pacePin, puk: dgis.pacePuk }
  const name = profile.pace?.passwords.find((candidate) => names[candidate] === dgi)
  if (name) {
    requireEncryption(card)
    return { maxLength: longestSecret, apply: (state, value) => ({ state: withPassword(state, name, value) }) }
  }
  if (profile.chipAuthentication && dgi === dgis.generateCaKey)
    return { maxLength: 2, apply: (state, value) => makeChipKey(card, state, value) }
  return undefined
}

function withPassword(state: CardState, name: PacePasswordName, secret: Uint8Array): CardState {
  if (!isPasswordSecret(name, secret)) refuse(SW.wrongData)
  return { ...state, pacePasswords: new Map(state.pacePasswords).set(name, freshPassword(name, secret)) }
}

/** The pair is made on the card and replaces an earlier one of its number; the answer is DO'7F49' { DO'86' point or DO'84' integer }. */
function makeChipKey(card: CardContext, state: CardState, value: Uint8Array): { state: CardState; response: Uint8Array } {
  const [keyId, parameterId] = value
  const row = card.profile.chipAuthentication?.keys.find((candidate) => candidate.keyId === keyId && candidate.parameterId === parameterId)
  if (row === undefined || value.length !== 2) refuse(SW.wrongData)
  const key = generateChipKey(row.keyId, row.parameterId, card.random) ?? refuse(SW.wrongData)
  return { state: { ...state, chipKeys: [...others(state, key), key] }, response: publicKeyObject(key) }
}

const others = (state: CardState, key: ChipKey): ChipKey[] => state.chipKeys.filter(({ keyId }) => keyId !== key.keyId)

function publicKeyObject(key: ChipKey): Uint8Array {
  const { group, element } = chipPublicKey(key)
  return encodeTlv(0x7f49, encodeTlv(group.kind === 'ECDH' ? 0x86 : 0x84, element))
}
