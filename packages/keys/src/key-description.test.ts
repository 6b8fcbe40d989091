import { toHex } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeKeyDescription, parseKeyDescription } from './key-description.ts'
import { KeyStoreError } from './key-store-error.ts'

const document = () => ({
  schema: 'kart-keys-1',
  test: true,
  keys: [
    { id: 'a', algorithm: 'aes-128', checkValue: '0011223344' },
    { id: 'd', algorithm: 'des-ede2', checkValue: '001122' },
  ],
  sets: [
    {
      name: 's',
      use: 'card',
      keyVersion: 49,
      scheme: 'sp800-108-cmac',
      keys: { enc: 'a', mac: 'a', dek: 'a' },
      keyLength: 16,
      notBefore: '2026-01-01',
      notAfter: '2026-12-31',
    },
    { name: 't', use: 'transport', keyVersion: 1, scheme: 'visa2', keys: { enc: 'd', mac: 'd', dek: 'd' }, keyLength: 16 },
  ],
})
type Document = ReturnType<typeof document>

const parse = (change: (value: Document) => void) => {
  const value = document()
  change(value)
  return parseKeyDescription(JSON.stringify(value))
}

describe('key descriptions', () => {
  it('decode, encode, and round trip', () => {
    const description = parseKeyDescription(JSON.stringify(document()))
    expect(toHex(description.keys[0]!.checkValue)).toBe('0011223344')
    expect(description.sets[1]).toMatchObject({ name: 't', scheme: 'visa2' })
    expect(JSON.parse(encodeKeyDescription(description))).toEqual(document())
    expect(parseKeyDescription(encodeKeyDescription(description))).toEqual(description)
  })

  it.each<[string, (value: Document) => void, RegExp]>([
    ['another schema', (d) => Object.assign(d, { schema: 'kart-keys-2' }), /schema/],
    ['a field that there is not', (d) => Object.assign(d, { pin: '1234' }), /kart-keys-1/],
    ['a key in the description', (d) => Object.assign(d.keys[0]!, { key: '404142434445464748494a4b4c4d4e4f' }), /keys\[0\]/],
    ['an id that could be a path', (d) => Object.assign(d.keys[0]!, { id: '../a' }), /keys\[0\]\.id/],
    ['the same id twice', (d) => Object.assign(d.keys[1]!, { id: 'a' }), /same id twice/],
    ['the same set twice', (d) => Object.assign(d.sets[1]!, { name: 's' }), /same name twice/],
    ['two sets with one key version', (d) => Object.assign(d.sets[1]!, { keyVersion: 49 }), /same keyVersion twice/],
    ['a check value of the other cipher', (d) => Object.assign(d.keys[1]!, { checkValue: '0011223344' }), /3 for a triple-DES/],
    ['a check value of three bytes for AES', (d) => Object.assign(d.keys[0]!, { checkValue: '001122' }), /5 bytes/],
    ['a set without its key', (d) => Object.assign(d.sets[0]!.keys, { dek: 'b' }), /keys\.dek is no key/],
    ['a triple-DES scheme with an AES key', (d) => Object.assign(d.sets[1]!.keys, { mac: 'a' }), /not a key for scheme/],
    ['an AES scheme with a triple-DES key', (d) => Object.assign(d.sets[0]!.keys, { mac: 'd' }), /not a key for scheme/],
    ['a key longer than its master', (d) => Object.assign(d.sets[0]!, { keyLength: 32 }), /longer than the master/],
    ['triple-DES keys for issued cards', (d) => Object.assign(d.sets[1]!, { use: 'card' }), /no card is issued with/],
    ['key version 0', (d) => Object.assign(d.sets[0]!, { keyVersion: 0 }), /keyVersion/],
    ['key version 128', (d) => Object.assign(d.sets[0]!, { keyVersion: 128 }), /keyVersion/],
    ['a day that there is not', (d) => Object.assign(d.sets[0]!, { notAfter: '2026-02-30' }), /no day of the calendar/],
    ['an end before the beginning', (d) => Object.assign(d.sets[0]!, { notAfter: '2025-12-31' }), /before the first day/],
    ['no keys', (d) => Object.assign(d, { keys: [], sets: [] }), /keys/],
  ])('refuse %s', (_, change, words) => {
    expect(() => parse(change)).toThrow(words)
    expect(() => parse(change)).toThrow(KeyStoreError)
  })

  it('refuse a field twice, __proto__, and what is no JSON', () => {
    const text = JSON.stringify(document())
    expect(() => parseKeyDescription(text.replace('"test":true', '"test":true,"test":false'))).toThrow(KeyStoreError)
    expect(() => parseKeyDescription(text.replace('"test":true', '"test":true,"__proto__":{}'))).toThrow(KeyStoreError)
    expect(() => parseKeyDescription('keys')).toThrow(KeyStoreError)
  })

  it('throw KeyStoreError or nothing for any JSON, and never repeat what they were given', () => {
    fc.assert(
      fc.property(fc.json(), fc.stringMatching(/^[0-9a-f]{32}$/), (json, secret) => {
        for (const text of [
          json,
          JSON.stringify({ ...document(), extra: secret }),
          `{"schema":"${secret}"}`,
          `{"keys":[{"id":"${secret}"`,
        ]) {
          try {
            parseKeyDescription(text)
          } catch (error) {
            expect(error).toBeInstanceOf(KeyStoreError)
            expect(String((error as Error).message)).not.toContain(secret)
          }
        }
      }),
    )
  })
})
