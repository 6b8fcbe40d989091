import { decodeCommand } from '@kart/apdu/card'
import { decodeResponse, encodeCommand, openChannel } from '@kart/apdu/host'
import { concatBytes, fromHex, toHex } from '@kart/codec'
import { aesCmac } from '@kart/crypto'
import { BacKeys, deriveBacKeys, openScp03, performBac, type Scp03Session, secureMessagingLayer } from '@kart/secure-channel'
import { type Group, groupNamed, hexOf, type OutsideVectors, same } from './vector-rows.ts'

/** A card that insists on exactly these commands and gives these responses. */
function script(vector: string, rows: readonly (readonly [unknown, unknown])[]) {
  const left = [...rows]
  return openChannel({
    atr: fromHex('3b00'),
    async transceive(bytes) {
      const row = left.shift()
      same(vector, toHex(bytes), row?.[0] as string | undefined)
      return hexOf(row?.[1])
    },
    async close() {},
  })
}

async function accessKeys(groups: readonly Group[]): Promise<void> {
  for (const { input, expected, comment } of groupNamed(groups, 'key-from-mrz').tests) {
    const keys = deriveBacKeys({
      documentNumber: input.documentNumber ?? '',
      dateOfBirth: input.dateOfBirth ?? '',
      dateOfExpiry: input.dateOfExpiry ?? '',
    })
    same(`key-from-mrz ${comment}`, toHex(concatBytes(keys.kEnc, keys.kMac)), `${expected.kenc}${expected.kmac}`)
  }
}

async function appendixD(groups: readonly Group[]): Promise<void> {
  const example = groupNamed(groups, 'mutual-authentication').tests[0]
  const rows = groupNamed(groups, 'secure-messaging').tests
  if (!example) throw new Error('no example')
  const { input, expected } = example
  const vector = 'Doc 9303-11 D.3, D.4'
  const channel = script(vector, [
    [expected.getChallengeCommand, expected.getChallengeResponse],
    [expected.externalAuthenticateCommand, expected.externalAuthenticateResponse],
    ...[0, 2, 4].map((i) => [rows[i]?.expected.protected, rows[i + 1]?.input.protected] as const),
  ])
  const given = [hexOf(input.rndIfd), hexOf(input.kIfd)]
  const session = await performBac(channel, new BacKeys(hexOf(input.kenc), hexOf(input.kmac)), {
    random: () => given.shift() ?? new Uint8Array(0),
  })
  const secured = secureMessagingLayer(session)(channel)
  for (const i of [0, 2, 4]) {
    const response = await secured.transmit(decodeCommand(hexOf(rows[i]?.input.plain)))
    same(vector, toHex(response.data) + response.sw.toString(16), rows[i + 1]?.expected.plain)
  }
}

/** The file publishes one response a session; the others are empty ones, made from the published session key. */
function emptyAnswer(session: Scp03Session, group: Group, chainingValue: unknown) {
  if ((session.securityLevel & 0x10) === 0) return { data: new Uint8Array(0), sw: 0x9000 }
  return {
    data: aesCmac(hexOf(group.tests[0]?.expected.sRmac), concatBytes(hexOf(chainingValue), fromHex('9000'))).slice(0, 8),
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

/** Drives the terminal alone by the outside vectors; gives the names of those that fail. */
export async function failingVectors(vectors: OutsideVectors): Promise<string[]> {
  const failed: string[] = []
  const attempt = async (name: string, run: () => Promise<void>): Promise<void> => {
    try {
      await run()
    } catch {
      failed.push(name)
    }
  }
  await attempt('key-from-mrz', () => accessKeys(vectors.bac))
  await attempt('Doc 9303-11 appendix D', () => appendixD(vectors.bac))
  for (const group of vectors.scp03) await attempt(`SCP03 ${group.name}`, () => scp03Session(group))
  return failed
}
