import { decodeCommand } from '@kart/apdu/card'
import { concatBytes, toHex, uintToBytes } from '@kart/codec'
import { nationalId } from '@kart/layout/profile'
import { checkValue, readKeys } from '../../../emulator/src/security-domain/key-sets.ts'
import { PendingChannel, pseudoRandomChallenge, Scp03Session } from '../../../emulator/src/security-domain/scp03.ts'
import { scp03Offer } from '../../../emulator/src/security-domain/scp03-offer.ts'
import { scp03Vectors } from './both-sides.ts'
import { answer, cardIn } from './given-card.ts'
import { type Group, hexOf, type Load, putKeyField, same, type Vector } from './vector-rows.ts'

function scp03Session(group: Group): void {
  const vector = `SCP03 ${group.name}`
  const [update, authenticate] = group.tests
  const keys = { version: group.kvn, enc: hexOf(group.keyEnc), mac: hexOf(group.keyMac), dek: hexOf(group.keyDek) }
  const aid = hexOf(group.isdAid)
  const applications = nationalId.applications.map((application) => (application.name === 'isd' ? { ...application, aid } : application))
  const sequence = Number.parseInt(update?.expected.sequenceCounter ?? '', 16)
  const card = cardIn(
    (state) => ({ ...state, keySets: state.keySets.map((set) => ({ ...set, sequence })) }),
    { ...nationalId, applications, securityDomainAid: aid },
    keys,
  )
  same(vector, answer(card, '00a4040c00'), '9000')
  same(vector, answer(card, update?.expected.command), `${update?.expected.response}9000`)
  same(vector, answer(card, authenticate?.expected.command), '9000')
  // The card is one; its session's pure state then takes every command apart and protects the published response.
  const challenge = pseudoRandomChallenge(keys.enc, sequence, aid, 8)
  const session = new PendingChannel(keys, scp03Offer(nationalId), hexOf(update?.input.hostChallenge), challenge).open(
    Number.parseInt(authenticate?.input.securityLevel ?? '', 16),
  )
  session.checkMac(decodeCommand(hexOf(authenticate?.expected.command)))
  const commands = group.tests.slice(2).filter(({ input }) => input.plain !== undefined)
  const response = group.tests.slice(2).find(({ input, result }) => input.response !== undefined && result === 'valid')
  commands.forEach((row, i) => {
    same(vector, toHex(session.open(decodeCommand(hexOf(row.expected.command)))), toHex(decodeCommand(hexOf(row.input.plain)).data))
    if (i > 0 || response === undefined) return
    const sent = session.protect({ data: hexOf(response.expected.plainData), sw: 0x9000 })
    same(vector, toHex(concatBytes(sent.data, uintToBytes(sent.sw, 2))), response.input.response)
  })
}

function selfMadeSession(group: Group): void {
  const vector = `SCP03 self-made ${group.name}`
  const [update, authenticate] = group.tests
  const keys = { version: group.kvn, enc: hexOf(group.keyEnc), mac: hexOf(group.keyMac), dek: hexOf(group.keyDek) }
  const profile = { ...nationalId, scp03: { i: Number.parseInt(`${group.iParameter}`, 16) } }
  const sequence = Number.parseInt(update?.input.sequenceCounter ?? '', 16)
  const card = cardIn((state) => ({ ...state, keySets: state.keySets.map((set) => ({ ...set, sequence })) }), profile, keys)
  same(vector, answer(card, '00a4040c00'), '9000')
  same(vector, answer(card, update?.expected.command), update?.expected.response)
  same(vector, answer(card, authenticate?.expected.command), '9000')
  const session = new PendingChannel(
    keys,
    scp03Offer(profile),
    hexOf(update?.input.hostChallenge),
    hexOf(update?.expected.cardChallenge),
  ).open(Number.parseInt(authenticate?.input.securityLevel ?? '', 16))
  session.checkMac(decodeCommand(hexOf(authenticate?.expected.command)))
  for (const row of group.tests.filter(({ input }) => input.plain !== undefined))
    same(vector, toHex(session.open(decodeCommand(hexOf(row.expected.command)))), toHex(decodeCommand(hexOf(row.input.plain)).data))
  const response = group.tests.find(({ comment }) => comment.startsWith('response with data'))
  if (response === undefined) return
  const sent = session.protect({ data: hexOf(response.input.plainData), sw: 0x9000 })
  same(vector, toHex(concatBytes(sent.data, uintToBytes(sent.sw, 2))), response.expected.response)
}

/** The published session again, from a card that draws its challenge at random: i without bit 5, and no counter in the answer. */
function randomChallenge(group: Group): void {
  const vector = 'SCP03 random challenge'
  const [update, authenticate] = group.tests
  const keys = { version: group.kvn, enc: hexOf(group.keyEnc), mac: hexOf(group.keyMac), dek: hexOf(group.keyDek) }
  const card = cardIn(
    (state) => state,
    { ...nationalId, scp03: { i: 0x60 } },
    keys,
    () => hexOf(update?.expected.cardChallenge),
  )
  same(vector, answer(card, '00a4040c00'), '9000')
  same(vector, answer(card, update?.expected.command), `${update?.expected.response}9000`.replace(/^(.{24})70(.*).{6}9000$/, '$160$29000'))
  same(vector, answer(card, authenticate?.expected.command), '9000')
}

function checkValues(groups: readonly Group[]): void {
  for (const group of groups)
    for (const [name, value] of Object.entries(group.kcv as Record<string, string>))
      same('check value', toHex(checkValue(hexOf(group[`key${name[0]?.toUpperCase()}${name.slice(1)}`]))), value)
}

function putKeyRows(groups: readonly Group[]): void {
  const { dek, field, key } = putKeyField(groups)
  const none = new Uint8Array(16)
  const session = new Scp03Session({ sEnc: none, sMac: none, sRmac: none, dek }, 8, 0x01, 1)
  for (const read of readKeys(session, concatBytes(field, field, field))) same('PUT KEY', toHex(read), toHex(key))
}

/** SCP03 with the card alone. */
export const cardScp03Vectors = (load: Load): readonly Vector[] =>
  scp03Vectors(load, { scp03Session, randomChallenge, checkValues, selfMadeSession, putKeyRows })
