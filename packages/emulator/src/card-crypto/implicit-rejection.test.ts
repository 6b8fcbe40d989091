import { fromHex, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { loadGroups } from '../testing/vectors.ts'
import { applyRsaKey } from './checked-private-key.ts'
import { contentOf } from './implicit-rejection.ts'

describe('RSAES-PKCS1-v1_5 with implicit rejection gives what OpenSSL gives', () => {
  const groups = loadGroups('rsa/implicit-rejection.json')
  const rows = groups.flatMap(({ privateKeyPkcs8 = '', tests }) =>
    tests.map((test) => [test.id, test.comment, privateKeyPkcs8, test] as const),
  )

  it('there are genuine and synthetic messages of three lengths of key', () => {
    expect(groups).toHaveLength(3)
    for (const { tests } of groups) expect(new Set(tests.flatMap(({ flags }) => flags))).toEqual(new Set(['Genuine', 'Synthetic']))
  })

  it.each(rows)('%i: %s', (_, __, key, { input, expected }) => {
    const [pkcs8, cryptogram] = [fromHex(key), fromHex(input.cryptogram!)]
    expect(toHex(contentOf(pkcs8, cryptogram, applyRsaKey(pkcs8, cryptogram)!))).toBe(expected.message)
  })
})
