import { toHex } from '@kart/codec'
import { verifyIso9796 } from '@kart/crypto'
import { groupNamed, hexOf, type Load, type Row, same, type Vector } from './vector-rows.ts'

function opened({ input, expected, result }: Row): void {
  const key = { modulus: hexOf(input.modulus), exponent: BigInt(`${input.exponent}`) }
  const found = verifyIso9796(key, hexOf(input.rndIfd), hexOf(input.signature), { minRsaBits: 1024 })
  same('verdict', `${found.valid}`, `${result === 'valid'}`)
  if (!found.valid) return
  const { representative, hash, trailer } = found.recovery
  same('representative', `${toHex(representative)} ${hash} ${trailer}`, `${expected.f} ${expected.hash} ${expected.trailer}`)
}

/** Active authentication with RSA, the terminal alone. */
export function terminalAaVectors(load: Load): readonly Vector[] {
  const groups = load('aa/active-authentication.json')
  const vector = (row: Row): Vector => {
    const by = row.flags.includes('self') ? 'self' : 'outside'
    return { protocol: 'active', name: row.comment, by, run: () => opened(row) }
  }
  return [...groupNamed(groups, 'rsa-published').tests, ...groupNamed(groups, 'rsa-generated').tests].map(vector)
}
