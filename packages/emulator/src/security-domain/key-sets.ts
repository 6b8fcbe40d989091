import type { ResponseApdu } from '@kart/apdu/card'
import { concatBytes, decodeTlvList } from '@kart/codec'
import { encryptAesBlock } from '../card-crypto/aes.ts'
import { equalSecrets } from '../card-crypto/constant-time.ts'
import type { StoredKeySet } from '../memory/card-state.ts'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { answer, Refusal, refuse, SW } from '../os/status.ts'
import type { Scp03Session } from './scp03.ts'

const aesKeyType = 0x88
const checkValueLength = 3
// One command, several keys, the first with identifier 1 (GlobalPlatform Card Specification 2.3.1, 11.8.2.2).
const threeKeysFromOne = 0x81
const mostSets = 8

/** Keys change only inside SCP03 with C-MAC (6982) and never again once the card is secured (6985; house rule). */
function requireKeyManagement(card: CardContext, command: PlainCommand): Scp03Session {
  const { lifeCycle } = card.store.state
  if (lifeCycle !== 'OP_READY' && lifeCycle !== 'INITIALIZED') refuse(SW.conditions)
  if (command.protection !== 'scp03') refuse(SW.securityStatus)
  return card.session.channel ?? refuse(SW.securityStatus)
}

/** Key check value: the first 3 bytes of AES over sixteen bytes 01 (GlobalPlatform Card Specification 2.3.1, B.6). */
export function checkValue(key: Uint8Array): Uint8Array {
  return encryptAesBlock(key, new Uint8Array(16).fill(1)).slice(0, checkValueLength)
}

/**
 * PUT KEY (GlobalPlatform Card Specification 2.3.1, 11.8; Amendment D v1.2, 7.2): P1 = 00 a new set, or the version of the set that it replaces;
 * P2 = 81; the new version, then three AES keys (ENC, MAC, DEK) under the Key-DEK of the present session, each with its check value. The set is taken
 * whole or not at all; the answer is the version and the check values. Refuses 9484 for keys that are not AES, 9485 for a wrong check value,
 * 6A88 for a set to replace that is not there, 6A84 when the card is full. House rules: always three keys, and no key without a check value.
 */
export function putKey(card: CardContext, command: PlainCommand): ResponseApdu {
  const channel = requireKeyManagement(card, command)
  const { p1: replaced, p2, data } = command
  if (p2 !== threeKeysFromOne || replaced > 0x7f) refuse(SW.wrongParameters)
  const version = data[0] ?? refuse(SW.wrongData)
  if (version < 0x01 || version > 0x7f) refuse(SW.wrongData)
  const { state } = card.store
  const { keySets } = state
  if (replaced !== 0 && !keySets.some((set) => set.version === replaced)) refuse(SW.dataNotFound)
  if (version !== replaced && keySets.some((set) => set.version === version)) refuse(SW.wrongData)
  if (replaced === 0 && keySets.length >= mostSets) refuse(SW.fileFull)
  const [enc, mac, dek] = readKeys(channel, data.subarray(1))
  const set: StoredKeySet = { version, enc, mac, dek, transport: false, sequence: 0, failures: 0 }
  card.store.commit({
    ...state,
    keySets: replaced === 0 ? [...keySets, set] : keySets.map((old) => (old.version === replaced ? set : old)),
  })
  return answer(concatBytes(Uint8Array.of(version), ...[enc, mac, dek].map(checkValue)))
}

/** Three key data fields, all of one length, and nothing behind them. */
export function readKeys(channel: Scp03Session, data: Uint8Array): readonly [Uint8Array, Uint8Array, Uint8Array] {
  let rest = data
  const next = (): Uint8Array => {
    const [type, blockLength, keyLength] = rest
    if (type === undefined || blockLength === undefined || keyLength === undefined) refuse(SW.wrongData)
    if (type !== aesKeyType) refuse(SW.algorithmNotSupported)
    // The key is padded to whole blocks; what pads it is not looked at (Amendment D v1.2, 7.2).
    const wrappedLength = Math.ceil(keyLength / 16) * 16
    const end = 3 + wrappedLength
    const whole = rest.length >= end + 1 + checkValueLength
    if (![16, 24, 32].includes(keyLength) || blockLength !== 1 + wrappedLength || !whole || rest[end] !== checkValueLength)
      refuse(SW.wrongData)
    const key = channel.decryptKey(rest.subarray(3, end)).slice(0, keyLength)
    if (!equalSecrets(checkValue(key), rest.subarray(end + 1, end + 1 + checkValueLength))) refuse(SW.checkValueWrong)
    rest = rest.subarray(end + 1 + checkValueLength)
    return key
  }
  const keys = [next(), next(), next()] as const
  if (rest.length > 0 || keys.some((key) => key.length !== keys[0].length)) refuse(SW.wrongData)
  return keys
}

/**
 * DELETE [key] (GlobalPlatform Card Specification 2.3.1, 11.2.2.3.2): DO'D2' the version of the set, deleted whole (house rule: DO'D0', one key of a set,
 * is refused 6A80). The set that the session was opened with stays (6985; house rule), so that a card can never be left without keys.
 */
export function deleteKey(card: CardContext, command: PlainCommand): ResponseApdu {
  const channel = requireKeyManagement(card, command)
  if (command.p1 !== 0 || command.p2 !== 0) refuse(SW.wrongParameters)
  const version = versionToDelete(command.data)
  const { state } = card.store
  if (!state.keySets.some((set) => set.version === version)) refuse(SW.dataNotFound)
  if (version === channel.version) refuse(SW.conditions)
  card.store.commit({ ...state, keySets: state.keySets.filter((set) => set.version !== version) })
  return command.ne === 0 ? answer() : answer(Uint8Array.of(0))
}

function versionToDelete(data: Uint8Array): number {
  try {
    const objects = decodeTlvList(data, { constructed: false, nodes: 4 })
    const [object] = objects
    // An application (DO'4F') cannot be deleted: the card's applications are fixed.
    if (object?.tag === 0x4f) refuse(SW.dataNotFound)
    if (objects.length === 1 && object?.tag === 0xd2 && object.value.length === 1) return object.value[0]!
  } catch (error) {
    if (error instanceof Refusal) throw error
  }
  return refuse(SW.wrongData)
}
