import { fromHex, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { deriveTripleDesKey } from '../emrtd/key-derivation.ts'
import { loadGroups } from '../testing/vectors.ts'
import { aesCmac } from './aes.ts'
import { pad, unpad } from './padding.ts'
import { retailMac, retailMacOfBlocks } from './triple-des.ts'

describe('the card’s own primitives against outside vectors', () => {
  const retail = loadGroups('kdf/retail-mac.json').find(({ name }) => name === 'mac')
  it.each(retail?.tests ?? [])('retail MAC $id $comment', ({ input, expected }) => {
    const key = fromHex(input.key!)
    const message = fromHex(input.message!)
    const mac = input.padding === 'none' ? retailMacOfBlocks(key, message) : retailMac(key, message)
    expect(toHex(mac)).toBe(expected.mac)
  })

  // Rows without a message are about subkeys, which the card does not show.
  const cmac = loadGroups('kdf/cmac.json').flatMap(({ tests }) => tests.filter(({ input }) => input.message !== undefined))
  it.each(cmac)('AES-CMAC $id $comment', ({ input, expected }) => {
    expect(toHex(aesCmac(fromHex(input.key!), fromHex(input.message!)))).toBe(expected.mac)
  })

  const kdf = loadGroups('bac-sm/bac-sm.json').find(({ name }) => name === 'kdf')
  it.each((kdf?.tests ?? []).filter(({ input }) => input.keyAlgorithm === '3des'))('BAC key derivation $id', ({ input, expected }) => {
    expect(toHex(deriveTripleDesKey(fromHex(input.secret!), Number(input.counter) as 1 | 2))).toBe(expected.key)
  })

  it('pads and unpads by method 2, and finds padding that is none', () => {
    expect(toHex(pad(fromHex('0102'), 4))).toBe('01028000')
    expect(toHex(pad(fromHex('01020304'), 4))).toBe('0102030480000000')
    expect(unpad(fromHex('01028000'))).toEqual(fromHex('0102'))
    expect(unpad(fromHex('8000'))).toEqual(new Uint8Array(0))
    for (const bad of ['', '00000000', '01020000', '010281']) expect(unpad(fromHex(bad))).toBeUndefined()
  })
})
