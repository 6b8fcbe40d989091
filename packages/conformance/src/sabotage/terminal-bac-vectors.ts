import { decodeCommand } from '@kart/apdu/card'
import { concatBytes, toHex } from '@kart/codec'
import { BacKeys, deriveBacKeys, performBac, secureMessagingLayer } from '@kart/secure-channel'
import { script } from './script.ts'
import { type Group, groupNamed, hexOf, type Load, same, type Vector } from './vector-rows.ts'

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

/** BAC and secure messaging with triple DES, the terminal alone. */
export function terminalBacVectors(load: Load): readonly Vector[] {
  const groups = load('bac-sm/bac-sm.json')
  return [
    { protocol: 'bac', name: 'key-from-mrz', by: 'outside', run: () => accessKeys(groups) },
    { protocol: 'bac', name: 'Doc 9303-11 appendix D', by: 'outside', run: () => appendixD(groups) },
  ]
}
