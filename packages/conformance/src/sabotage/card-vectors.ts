import { decodeCommand } from '@kart/apdu/card'
import { concatBytes, fromHex, toHex, uintToBytes } from '@kart/codec'
import { createBlankCard, EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import { type CardProfile, nationalId } from '@kart/layout/profile'
import { decodeImage, encodeImage } from '../../../emulator/src/memory/card-image.ts'
import type { CardState } from '../../../emulator/src/memory/card-state.ts'
import { checkValue, readKeys } from '../../../emulator/src/security-domain/key-sets.ts'
import { PendingChannel, pseudoRandomChallenge, Scp03Session } from '../../../emulator/src/security-domain/scp03.ts'
import { scp03Offer } from '../../../emulator/src/security-domain/scp03-offer.ts'
import { type Group, groupNamed, hexOf, type OutsideVectors, putKeyField, same } from './vector-rows.ts'

/** A card in a given state, made without any protocol: the vectors alone are to judge those. */
function cardIn(
  change: (state: CardState) => CardState,
  profile: CardProfile,
  keys = testTransportKeys,
  random?: (length: number) => Uint8Array,
): EmulatedCard {
  const memory = inMemory()
  createBlankCard({ memory, profile, transportKeys: keys, iccSerial: new Uint8Array(10) })
  const image = memory.load()
  if (image === undefined) throw new Error('no image')
  memory.store(encodeImage(change(decodeImage(image))))
  return new EmulatedCard({ memory, profile, ...(random ? { random } : {}) })
}

const answer = (card: EmulatedCard, command: unknown): string => toHex(card.process(hexOf(command)))

function appendixD(groups: readonly Group[]): void {
  const vector = 'Doc 9303-11 D.3, D.4'
  const example = groupNamed(groups, 'mutual-authentication').tests[0]
  const rows = groupNamed(groups, 'secure-messaging').tests
  if (!example) throw new Error('no example')
  const { input, expected } = example
  const given = [hexOf(input.rndIcc), hexOf(input.kIcc)]
  const content = fromHex(`${rows[3]?.expected.plain?.slice(0, -4)}${rows[5]?.expected.plain?.slice(0, -4)}`)
  const card = cardIn(
    (state) => ({
      ...state,
      bacKeys: { enc: hexOf(input.kenc), mac: hexOf(input.kmac) },
      files: new Map([['emrtd', new Map([[0x011e, content]])]]),
    }),
    nationalId,
    testTransportKeys,
    () => given.shift() ?? new Uint8Array(0),
  )
  same(vector, answer(card, '00a4040c07a0000002471001'), '9000')
  same(vector, answer(card, expected.getChallengeCommand), expected.getChallengeResponse)
  same(vector, answer(card, expected.externalAuthenticateCommand), expected.externalAuthenticateResponse)
  for (const i of [0, 2, 4]) same(vector, answer(card, rows[i]?.expected.protected), rows[i + 1]?.input.protected)
}

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

function putKeyRows(vectors: OutsideVectors): void {
  for (const group of vectors.scp03)
    for (const [name, value] of Object.entries(group.kcv as Record<string, string>))
      same('check value', toHex(checkValue(hexOf(group[`key${name[0]?.toUpperCase()}${name.slice(1)}`]))), value)
  const { dek, field, key } = putKeyField(vectors.scp03Self)
  const none = new Uint8Array(16)
  const session = new Scp03Session({ sEnc: none, sMac: none, sRmac: none, dek }, 8, 0x01, 1)
  for (const read of readKeys(session, concatBytes(field, field, field))) same('PUT KEY', toHex(read), toHex(key))
}

/** Drives the card alone by the outside vectors; gives the names of those that fail. */
export async function failingVectors(vectors: OutsideVectors): Promise<string[]> {
  const failed: string[] = []
  const attempt = (name: string, run: () => void): void => {
    try {
      run()
    } catch {
      failed.push(name)
    }
  }
  attempt('Doc 9303-11 appendix D', () => appendixD(vectors.bac))
  for (const group of vectors.scp03) attempt(`SCP03 ${group.name}`, () => scp03Session(group))
  for (const group of vectors.scp03Self) attempt(`SCP03 self-made ${group.name}`, () => selfMadeSession(group))
  attempt('SCP03 random challenge', () => randomChallenge(groupNamed(vectors.scp03, 'AES128 level 33')))
  attempt('PUT KEY', () => putKeyRows(vectors))
  return failed
}
