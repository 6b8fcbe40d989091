import { concatBytes, fromHex, InputError, toHex } from '@kart/codec'
import { aesCmac, kbkdfCmacCounter, keyCheckValue } from '@kart/crypto'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { cardCheckValues, deriveCardKeys, deriveKey, wipeKeys } from './derive-key.ts'
import { channelPurposes, type KeyPurpose, planDerivation, purposes, schemes, stepInput } from './diversification.ts'
import type { KeySet } from './key-description.ts'
import { KeyStoreError } from './key-store-error.ts'
import { storeOf } from './testing/memory-store.ts'
import { vectorGroups } from './testing/vector-file.ts'

const groups = vectorGroups('kdf/diversification.json')
const rows = (name: string) => groups.find((group) => group.name === name)!.tests
const purposeOf = (keyType: number): KeyPurpose => channelPurposes[keyType - 1]!
const serial = fromHex('00010203040506070809')
const master = fromHex('404142434445464748494a4b4c4d4e4f')
const set = (more: Partial<KeySet> = {}): KeySet => ({
  name: 'card-1',
  use: 'card',
  keyVersion: 0x31,
  scheme: 'sp800-108-cmac',
  keys: { enc: 'm', mac: 'm', dek: 'm' },
  keyLength: 16,
  ...more,
})

describe('outside vectors', () => {
  test('there are as many as the file says', () => {
    expect([rows('kdf3-aes').length, rows('emv-visa2-3des').length, rows('kcv').length]).toEqual([12, 6, 5])
  })

  it.each(rows('kdf3-aes'))('KDF3: $comment', async ({ input, expected }) => {
    const store = await storeOf('m', fromHex(input.master!))
    const key = await deriveKey(
      store,
      'm',
      planDerivation('kdf3', purposeOf(input.keyType!), fromHex(input.kdd!), input.master!.length / 2),
    )
    expect(toHex(key)).toBe(expected.key)
    expect(toHex(keyCheckValue(key))).toBe(expected.kcv)
  })

  it.each(rows('emv-visa2-3des'))('$comment', async ({ comment, input, expected }) => {
    const store = await storeOf('m', fromHex(input.master!), 'des-ede2')
    const scheme = comment.startsWith('EMV') ? 'emv' : 'visa2'
    const plan = planDerivation(scheme, purposeOf(input.keyType!), fromHex(input.kdd!), 16)
    expect(toHex(concatBytes(...plan.steps.map(stepInput)))).toBe(input.block)
    const key = await deriveKey(store, 'm', plan)
    expect(toHex(key)).toBe(expected.key)
    expect(toHex(keyCheckValue(key, 'desede'))).toBe(expected.kcv)
  })

  it.each(rows('kcv'))('key check value $id $comment', ({ input, expected }) => {
    const cipher = input.type === '3des' ? 'desede' : 'aes'
    const key = fromHex(input.key!)
    expect(toHex(cardCheckValues({ version: 1, enc: key, mac: key, dek: key }, cipher).dek)).toBe(expected.kcv)
  })
})

describe('the house’s scheme', () => {
  it('is SP 800-108 counter mode, byte for byte: [1] label 00 context [128]', () => {
    const plan = planDerivation('sp800-108-cmac', 'enc', serial, 16)
    expect(plan.steps.map((step) => toHex(stepInput(step)))).toEqual([
      `00000001${Buffer.from('Kart SCP03 Key-ENC').toString('hex')}0000010203040506070809${'00000080'}`,
    ])
  })

  it('takes one more block for a longer key, and says the length in each', () => {
    for (const [length, bits] of [
      [24, '000000c0'],
      [32, '00000100'],
    ] as const) {
      const inputs = planDerivation('sp800-108-cmac', 'mac', serial, length).steps.map((step) => toHex(stepInput(step)))
      expect(inputs.map((input) => input.slice(0, 8))).toEqual(['00000001', '00000002'])
      expect(inputs.every((input) => input.endsWith(bits))).toBe(true)
    }
  })

  // The KDF of @kart/crypto is held to NIST's vectors; here it is an independent way to the same key.
  test('gives what the KDF held to NIST’s vectors gives, for every AES size of master and key', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(16, 24, 32).chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
        fc.uint8Array({ minLength: 10, maxLength: 10 }),
        fc.constantFrom(16, 24, 32),
        fc.constantFrom(...(Object.keys(purposes) as KeyPurpose[])),
        async (key, context, length, purpose) => {
          const derived = await deriveKey(await storeOf('m', key), 'm', planDerivation('sp800-108-cmac', purpose, context, length))
          const after = concatBytes(
            Buffer.from(purposes[purpose].label),
            Uint8Array.of(0),
            context,
            Uint8Array.of(0, 0, (length * 8) >> 8, (length * 8) & 255),
          )
          expect(toHex(derived)).toBe(toHex(kbkdfCmacCounter({ key, before: new Uint8Array(0), after, bits: length * 8, counterBits: 32 })))
        },
      ),
    )
  })

  test('NIST’s 48 vectors hold with the operation that a key store has', async () => {
    let count = 0
    for (const group of vectorGroups('kdf/nist-kbkdf-cmac.json'))
      for (const { input, expected } of group.tests) {
        const store = await storeOf('m', fromHex(input.ki!))
        const blocks: Uint8Array[] = []
        for (let i = 1; i <= Math.ceil(input.bits! / 128); i++)
          blocks.push(await store.cmac('m', concatBytes(fromHex(input.dataBefore!), Uint8Array.of(i), fromHex(input.dataAfter!))))
        expect(toHex(concatBytes(...blocks)).slice(0, input.bits! / 4)).toBe(expected.ko)
        count++
      }
    expect(count).toBe(48)
  })

  test('every purpose, card, key size and scheme gives its own key', async () => {
    const store = await storeOf('m', master)
    const keys = new Set<string>()
    let count = 0
    for (const scheme of ['sp800-108-cmac', 'kdf3'] as const)
      for (const purpose of channelPurposes)
        for (const card of [serial, fromHex('0001020304050607080a')]) {
          keys.add(toHex(await deriveKey(store, 'm', planDerivation(scheme, purpose, card, 16))))
          count++
        }
    const long = await deriveKey(await storeOf('m', concatBytes(master, master)), 'm', planDerivation('sp800-108-cmac', 'enc', serial, 32))
    const short = await deriveKey(await storeOf('m', concatBytes(master, master)), 'm', planDerivation('sp800-108-cmac', 'enc', serial, 16))
    expect(toHex(long).startsWith(toHex(short))).toBe(false)
    expect(keys.size).toBe(count)
  })

  test('labels are apart, and none is the beginning of another', () => {
    const labels = Object.values(purposes).map(({ label }) => label)
    for (const a of labels) for (const b of labels) expect(a !== b && a.startsWith(b)).toBe(false)
    expect(new Set(labels).size).toBe(labels.length)
  })
})

describe('refusals', () => {
  it('takes 10 bytes of diversification data, key sizes that there are, and purposes that the scheme has', () => {
    expect(() => planDerivation('sp800-108-cmac', 'enc', new Uint8Array(9), 16)).toThrow(InputError)
    expect(() => planDerivation('sp800-108-cmac', 'enc', serial, 20)).toThrow(InputError)
    for (const scheme of ['emv', 'visa2'] as const) expect(() => planDerivation(scheme, 'enc', serial, 24)).toThrow(InputError)
    for (const scheme of ['kdf3', 'emv', 'visa2'] as const) expect(() => planDerivation(scheme, 'puk', serial, 16)).toThrow(InputError)
    expect(Object.keys(schemes)).toHaveLength(4)
  })

  it('a store that answers with another length is refused', async () => {
    const store = { ...(await storeOf('m', master)), cmac: async () => new Uint8Array(15) }
    await expect(deriveCardKeys(store, set(), serial)).rejects.toThrow(KeyStoreError)
  })

  it('what is derived before a failure is wiped', async () => {
    const given: Uint8Array[] = []
    const store = {
      ...(await storeOf('m', master)),
      cmac: async (_: string, data: Uint8Array) => {
        if (given.length === 2) throw new KeyStoreError('lost', 'gone')
        const block = aesCmac(master, data)
        given.push(block)
        return block
      },
    }
    await expect(deriveCardKeys(store, set(), serial)).rejects.toMatchObject({ code: 'hsm', problem: 'lost' })
    expect(given.map((block) => toHex(block))).toEqual(['00'.repeat(16), '00'.repeat(16)])
  })
})

test('the keys of a set come with its key version, and are wiped when asked', async () => {
  const keys = await deriveCardKeys(await storeOf('m', master), set({ scheme: 'kdf3' }), serial)
  expect(keys.version).toBe(0x31)
  expect([keys.enc, keys.mac, keys.dek].map(toHex)).toEqual(
    rows('kdf3-aes')
      .slice(0, 3)
      .map(({ expected }) => expected.key),
  )
  wipeKeys(keys)
  expect([keys.enc, keys.mac, keys.dek].every((key) => key.every((byte) => byte === 0))).toBe(true)
})
