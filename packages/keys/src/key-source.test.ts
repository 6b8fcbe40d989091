import { fromHex, toHex } from '@kart/codec'
import { describe, expect, it, test } from 'vitest'
import { deriveCardKeys } from './derive-key.ts'
import { explainDiversification } from './explain-diversification.ts'
import type { KeySet } from './key-description.ts'
import { chooseKeySet, currentCardSet, issuerKeysOf, keySourceOf } from './key-source.ts'
import { storeOf } from './testing/memory-store.ts'

const master = fromHex('404142434445464748494a4b4c4d4e4f')
const serial = fromHex('00010203040506070809')
const base: KeySet = {
  name: 'old',
  use: 'transport',
  keyVersion: 0x30,
  scheme: 'kdf3',
  keys: { enc: 'm', mac: 'm', dek: 'm' },
  keyLength: 16,
  notAfter: '2026-06-30',
}
const sets: readonly KeySet[] = [
  base,
  { name: 'new', use: 'transport', keyVersion: 0x32, scheme: 'sp800-108-cmac', keys: base.keys, keyLength: 16, notBefore: '2026-06-01' },
]
const card = (keyVersion: number) => ({
  keyDiversificationData: serial,
  keyVersion,
  scpId: 3,
  i: 0x70,
  cardChallenge: new Uint8Array(8),
  cardCryptogram: new Uint8Array(8),
  sequenceCounter: undefined,
})

/** What a source finds for a card that answers with this key version, on this day. */
async function found(keyVersion: number, day: string) {
  const source = keySourceOf(await storeOf('m', master), sets, { now: new Date(`${day}T12:00:00Z`) })
  if (!('find' in source)) throw new Error('not a source that looks at the card')
  return source.find(card(keyVersion))
}

describe('B11 two versions of a key in use at once', () => {
  it('each card gets the keys of its own version', async () => {
    const [old, fresh] = [await found(0x30, '2026-06-15'), await found(0x32, '2026-06-15')]
    expect(toHex(old.enc)).toBe('808bc985a1069ad2a9ac94e0fe7b8843') // kdf/diversification.json, kdf3-aes 1
    expect(toHex(fresh.enc)).not.toBe(toHex(old.enc))
    expect([old.version, fresh.version]).toEqual([0x30, 0x32])
  })

  it.each([
    [0x30, '2026-06-30', true],
    [0x30, '2026-07-01', false],
    [0x32, '2026-05-31', false],
    [0x32, '2026-06-01', true],
  ])('key version %i on %s: in use is %s', async (version, day, inUse) => {
    if (inUse) expect(await found(version, day)).toMatchObject({ version })
    else await expect(found(version, day)).rejects.toMatchObject({ code: 'key-store', problem: 'out-of-date' })
  })

  it('a version that nobody described is refused, and nothing is derived', async () => {
    const store = await storeOf('m', master)
    const source = keySourceOf(store, sets, { now: new Date('2026-06-15') })
    if (!('find' in source)) throw new Error('not a source that looks at the card')
    await expect((async () => source.find(card(0x31)))()).rejects.toMatchObject({ problem: 'missing' })
    expect(store.asked).toEqual([])
    expect(() => chooseKeySet([], 1, new Date())).toThrow(/there is none/)
  })

  it('the card chooses its set, also of one; the issuer’s is asked for by its version', async () => {
    const store = await storeOf('m', master)
    expect([keySourceOf(store, sets).version, keySourceOf(store, [base]).version]).toEqual([0, 0])
    expect(issuerKeysOf(store, base).version).toBe(0x30)
  })

  it('B17 test cards are taken beside test keys, as copies, and never beside real ones', async () => {
    const testKeys = { version: 0x20, enc: master, mac: master, dek: master }
    const store = await storeOf('m', master)
    const source = keySourceOf(store, sets, { now: new Date('2026-06-15'), testKeys })
    if (!('find' in source)) throw new Error('not a source that looks at the card')
    const keys = await source.find(card(0x20))
    source.release?.(keys)
    expect([toHex(keys.enc), toHex(testKeys.enc)]).toEqual(['00'.repeat(16), toHex(master)])
    await expect((async () => source.find(card(0x21)))()).rejects.toMatchObject({ problem: 'missing' })
    // A described set of that version comes first: the test keys are no way around its dates.
    const late = keySourceOf(store, sets, { now: new Date('2026-07-01'), testKeys: { ...testKeys, version: 0x30 } })
    if (!('find' in late)) throw new Error('not a source that looks at the card')
    await expect((async () => late.find(card(0x30)))()).rejects.toMatchObject({ problem: 'out-of-date' })
    expect(() => keySourceOf({ ...store, test: false }, sets, { testKeys })).toThrow(expect.objectContaining({ problem: 'unfit' }))
  })

  it('triple-DES keys open no SCP03', async () => {
    const store = await storeOf('m', master, 'des-ede2')
    const source = keySourceOf(store, [{ ...base, scheme: 'visa2', notAfter: '9999-12-31' }])
    if (!('find' in source)) throw new Error('not a source that looks at the card')
    await expect((async () => source.find(card(0x30)))()).rejects.toMatchObject({ problem: 'unfit' })
    expect(store.asked).toEqual([])
  })

  it('release wipes what was found', async () => {
    const source = keySourceOf(await storeOf('m', master), [{ ...base, notAfter: '9999-12-31' }])
    if (!('find' in source)) throw new Error('not a source that looks at the card')
    const keys = await source.find(card(0x30))
    source.release?.(keys)
    expect(toHex(keys.enc) + toHex(keys.mac) + toHex(keys.dek)).toBe('00'.repeat(48))
  })
})

test('the set for new cards is the latest of those in use', () => {
  const cards: KeySet[] = [
    { ...base, use: 'card', name: 'a', notAfter: '2026-12-31' },
    { ...base, use: 'card', name: 'b', notBefore: '2026-06-01', notAfter: '2027-12-31' },
    { ...base, use: 'card', name: 'c', notBefore: '2028-01-01', notAfter: '2028-12-31' },
    { ...base, name: 'transport', notBefore: '2026-07-01', notAfter: '2028-12-31' },
  ]
  const on = (day: string) => currentCardSet(cards, new Date(`${day}T00:00:00Z`)).name
  expect([on('2026-05-31'), on('2026-06-01'), on('2027-12-31'), on('2028-01-01')]).toEqual(['a', 'b', 'b', 'c'])
  expect(() => on('2029-01-01')).toThrow(expect.objectContaining({ problem: 'missing' }))
})

describe('the explanation', () => {
  it('tells inputs, labels, and check values, and no byte of a key', async () => {
    const store = await storeOf('m', fromHex('8c72c72cf908411653018807950d82fbad947562f0828a0b10b8b9606abf3bcd'))
    const set: KeySet = { ...base, scheme: 'sp800-108-cmac', keyLength: 32, use: 'card' }
    const told = await explainDiversification(store, set, serial)
    expect(told.keys.map(({ label }) => label)).toEqual(['Kart SCP03 Key-ENC', 'Kart SCP03 Key-MAC', 'Kart SCP03 Key-DEK'])
    expect(told.keys[0]!.steps.map(({ gives }) => gives)).toEqual(['1 to 16', '17 to 32'])
    for (const { steps } of told.keys) for (const { parts, input } of steps) expect(parts.map(({ hex }) => hex).join('')).toBe(input)
    const keys = await deriveCardKeys(store, set, serial)
    const shown = JSON.stringify(told)
    for (const key of [keys.enc, keys.mac, keys.dek])
      for (let at = 0; at + 4 <= key.length; at += 4) expect(shown).not.toContain(toHex(key.subarray(at, at + 4)))
  })

  it('says the published check values of KDF3 and the triple-DES schemes', async () => {
    const aes = await explainDiversification(await storeOf('m', master), base, serial)
    expect(aes.keys.map(({ checkValue }) => checkValue)).toEqual(['e79c05', 'd1bd77', '3fde8c'])
    const des = await explainDiversification(await storeOf('m', master, 'des-ede2'), { ...base, scheme: 'emv' }, serial)
    expect(des.keys.map(({ checkValue }) => checkValue)).toEqual(['c33013', '6f4ca6', 'bb8179'])
    expect(des.keys[0]!.masterCheckValue).toBe('8baf47')
  })

  it('derives other purposes from the master of Key-DEK', async () => {
    const told = await explainDiversification(await storeOf('m', master), { ...base, scheme: 'sp800-108-cmac' }, serial, ['puk', 'so-pin'])
    expect(told.keys.map(({ label }) => label)).toEqual(['Kart PUK', 'Kart SO-PIN'])
  })
})
