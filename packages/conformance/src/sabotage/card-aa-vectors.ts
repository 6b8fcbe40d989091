import { toHex } from '@kart/codec'
import { messageRepresentative } from '../../../emulator/src/card-crypto/rsa-key.ts'
import { groupNamed, hexOf, type Load, type Row, same, type Vector } from './vector-rows.ts'

function representative(row: Row): void {
  const { input, expected, comment } = row
  const m1 = hexOf(input.m1 ?? expected.m1)
  const random = (length: number): Uint8Array => {
    same(comment, `${length}`, `${m1.length}`)
    return m1
  }
  const hash = expected.hash === 'sha256' ? 'sha256' : 'sha1'
  same(comment, toHex(messageRepresentative(hexOf(expected.f).length, hash, hexOf(input.rndIfd), random)), expected.f)
}

/** Active authentication with RSA, the card alone: what it signs. */
export function cardAaVectors(load: Load): readonly Vector[] {
  const groups = load('aa/active-authentication.json')
  const rows = ['appendix-f', 'rsa-published', 'rsa-generated'].flatMap((name) => groupNamed(groups, name).tests)
  return rows
    .filter(({ expected, result }) => result === 'valid' && [undefined, 'sha1', 'sha256'].includes(expected.hash))
    .map((row): Vector => {
      const by = row.flags.includes('self') ? 'self' : 'outside'
      return { protocol: 'active', name: row.comment, by, run: () => representative(row) }
    })
}
