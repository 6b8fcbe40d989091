import { InputError } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { keyKinds, keysOfKinds } from './key-kinds.ts'
import { holderKeys } from './tables.ts'

const algorithms = (text: string) => keysOfKinds(text).map(({ algorithm }) => `${algorithm.kind} ${algorithm.bits}`)

describe('kinds of the holder’s keys', () => {
  it('are given for all keys at once, or for each in its order', () => {
    expect(algorithms('rsa2048')).toEqual(['rsa 2048', 'rsa 2048'])
    expect(algorithms('p521,rsa4096')).toEqual(['ec 521', 'rsa 4096'])
    expect(algorithms(' P-256, RSA-3072 ')).toEqual(['ec 256', 'rsa 3072'])
    for (const kind of Object.keys(keyKinds)) expect(keysOfKinds(kind)).toHaveLength(holderKeys.length)
  })

  it('leave everything else of the reference card: labels, PINs, files; what an RSA key cannot do it is not for', () => {
    expect(keysOfKinds('p256,p384')).toEqual(holderKeys)
    const [authentication, signature] = keysOfKinds('rsa2048')
    expect(authentication).toEqual({ ...holderKeys[0], algorithm: { kind: 'rsa', bits: 2048 }, usage: ['sign'] })
    expect(signature).toEqual({ ...holderKeys[1], algorithm: { kind: 'rsa', bits: 2048 } })
  })

  it.each(['', 'rsa1024', 'p224', 'rsa2048,', 'p256,p256,p256', 'p256;p384', 'constructor'])('is not %s', (text) => {
    expect(() => keysOfKinds(text)).toThrow(InputError)
    expect(() => keysOfKinds(text)).toThrow(/p256, p384, p521, rsa2048, rsa3072, rsa4096/)
  })
})
