import { decodeCommand } from '@kart/apdu/card'
import { decodeResponse, encodeCommand } from '@kart/apdu/host'
import { concatBytes, fromHex, toHex } from '@kart/codec'
import { aesCmac, keyCheckValue } from '@kart/crypto'
import { openScp03, putKeySet, Scp03Session } from '@kart/secure-channel'
import { scp03Vectors } from './both-sides.ts'
import { script } from './script.ts'
import { type Group, hexOf, type Load, putKeyField, same, type Vector } from './vector-rows.ts'

/** The file publishes one response a session; the others are empty ones, made from the published session key. */
function emptyAnswer(session: Scp03Session, group: Group, chainingValue: unknown, macLength = 8) {
  if ((session.securityLevel & 0x10) === 0) return { data: new Uint8Array(0), sw: 0x9000 }
  return {
    data: aesCmac(hexOf(group.tests[0]?.expected.sRmac), concatBytes(hexOf(chainingValue), fromHex('9000'))).slice(0, macLength),
    sw: 0x9000,
  }
}

async function scp03Session(group: Group): Promise<void> {
  const vector = `SCP03 ${group.name}`
  const [update, authenticate] = group.tests
  const channel = script(vector, [
    [update?.expected.command, `${update?.expected.response}9000`],
    [authenticate?.expected.command, '9000'],
  ])
  const keys = { version: group.kvn, enc: hexOf(group.keyEnc), mac: hexOf(group.keyMac), dek: hexOf(group.keyDek) }
  const securityLevel = Number.parseInt(group.name.slice(-2), 16) as 0x33
  const { session } = await openScp03(channel, keys, {
    securityLevel,
    hostChallenge: hexOf(update?.input.hostChallenge),
    aid: hexOf(group.isdAid),
  })
  const commands = group.tests.slice(2).filter(({ input }) => input.plain !== undefined)
  const answer = group.tests.slice(2).find(({ input, result }) => input.response !== undefined && result === 'valid')
  commands.forEach((row, i) => {
    same(vector, toHex(encodeCommand(session.protect(decodeCommand(hexOf(row.input.plain))))), row.expected.command)
    if (i === 0 && answer !== undefined)
      same(vector, toHex(session.open(decodeResponse(hexOf(answer.input.response))).data), answer.expected.plainData)
    else session.open(emptyAnswer(session, group, row.expected.cMacFull))
  })
}

async function selfMadeSession(group: Group): Promise<void> {
  const vector = `SCP03 self-made ${group.name}`
  const [update, authenticate] = group.tests
  const channel = script(vector, [
    [update?.expected.command, update?.expected.response],
    [authenticate?.expected.command, '9000'],
  ])
  const keys = { version: group.kvn, enc: hexOf(group.keyEnc), mac: hexOf(group.keyMac), dek: hexOf(group.keyDek) }
  const { session } = await openScp03(channel, keys, {
    securityLevel: Number.parseInt(authenticate?.input.securityLevel ?? '', 16) as 0x33,
    hostChallenge: hexOf(update?.input.hostChallenge),
    aid: hexOf(update?.input.isdAid),
  })
  const commands = group.tests.filter(({ input }) => input.plain !== undefined)
  const answer = group.tests.find(({ comment }) => comment.startsWith('response with data'))
  for (const [i, row] of commands.entries()) {
    same(vector, toHex(encodeCommand(session.protect(decodeCommand(hexOf(row.input.plain))))), row.expected.command)
    if (i === commands.length - 1 && answer !== undefined)
      same(vector, toHex(session.open(decodeResponse(hexOf(answer.expected.response))).data), answer.input.plainData)
    else {
      const { data, sw } = emptyAnswer(session, group, row.expected.cMacFull, session.macLength)
      session.open({ data, sw })
    }
  }
}

/** The published session again, from a card that draws its challenge at random: i without bit 5, and no counter in the answer. */
async function randomChallenge(group: Group): Promise<void> {
  const vector = 'SCP03 random challenge'
  const [update, authenticate] = group.tests
  const answer = `${update?.expected.response}`.replace(/^(.{24})70(.*).{6}$/, '$160$2')
  const channel = script(vector, [
    [update?.expected.command, `${answer}9000`],
    [authenticate?.expected.command, '9000'],
  ])
  const keys = { version: group.kvn, enc: hexOf(group.keyEnc), mac: hexOf(group.keyMac), dek: hexOf(group.keyDek) }
  const opened = await openScp03(channel, keys, { hostChallenge: hexOf(update?.input.hostChallenge), aid: hexOf(group.isdAid) })
  same(vector, `${opened.card.i} ${opened.card.sequenceCounter}`, '96 undefined')
}

function checkValues(groups: readonly Group[]): void {
  for (const group of groups)
    for (const [name, value] of Object.entries(group.kcv as Record<string, string>))
      same('check value', toHex(keyCheckValue(hexOf(group[`key${name[0]?.toUpperCase()}${name.slice(1)}`]))), value)
}

function putKeyRows(groups: readonly Group[]): void {
  const { dek, field, key } = putKeyField(groups)
  const none = new Uint8Array(16)
  const keys = { sEnc: none, sMac: none, sRmac: none }
  const session = new Scp03Session({ keys, dek, securityLevel: 0x01, chainingValue: none, macLength: 8 })
  const { apdu } = putKeySet(session, { version: 1, enc: key, mac: key, dek: key })
  same('PUT KEY', toHex(apdu.data), toHex(concatBytes(Uint8Array.of(1), field, field, field)))
}

/** SCP03 with the terminal alone. */
export const terminalScp03Vectors = (load: Load): readonly Vector[] =>
  scp03Vectors(load, { scp03Session, randomChallenge, checkValues, selfMadeSession, putKeyRows })
