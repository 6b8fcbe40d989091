import { fromHex } from '@kart/codec'
import { testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout/profile'
import { answer, cardIn } from './given-card.ts'
import { type Group, groupNamed, hexOf, type Load, same, type Vector } from './vector-rows.ts'

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

/** BAC and secure messaging with triple DES, the card alone. */
export function cardBacVectors(load: Load): readonly Vector[] {
  const groups = load('bac-sm/bac-sm.json')
  return [{ protocol: 'bac', name: 'Doc 9303-11 appendix D', by: 'outside', run: () => appendixD(groups) }]
}
