import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto'
import { concatBytes, decodeTlv, fromHex, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { loadPrivateKey } from '../../card-crypto/private-key.ts'
import { inMemory } from '../../memory/card-memory.ts'
import { KeyBench, type KeyBenchOptions, keyFile } from '../../testing/key-bench.ts'

const [rsaFid, p256Fid, p384Fid, p521Fid] = [0x4b01, 0x4b02, 0x4b03, 0x4b04]
const message = new Uint8Array(randomBytes(80))
const digest = (hash: string) => new Uint8Array(createHash(hash).update(message).digest())
const sha256Info = fromHex('3031300d060960864801650304020105000420')

describe('GENERATE', () => {
  const empty = { privateKey: undefined } as const
  const open = (more: Partial<KeyBenchOptions> = {}) =>
    new KeyBench({
      lifeCycle: 'INITIALIZED',
      activated: false,
      files: [
        [rsaFid, keyFile('rsa', 2048, empty)],
        ...[256, 384, 521].map((bits, i) => [p256Fid + i, keyFile('ec', bits, empty)] as const),
      ],
      ...more,
    })
  const exponent = fromHex('30058103010001')

  it('makes the pair that the file was created for, and signs with it at once', () => {
    const card = open()
    for (const [i, fid] of [rsaFid, p256Fid, p384Fid, p521Fid].entries()) {
      const before = card.state.signature.changes
      expect(card.select(fid).status('00460000', fid === rsaFid ? exponent : undefined, 0)).toBe('9000')
      expect(card.state.signature.changes).toBe(before + 1)
      const { privateKey } = card.state.signature.files.get(fid)!
      card.choose('b6', fid === rsaFid ? 0x02 : 0x04, fid)
      const signed = fid === rsaFid ? concatBytes(sha256Info, digest('sha256')) : digest('sha256')
      const { data } = card.send('002a9e9a', signed)!
      expect([i, verify('sha256', message, createPublicKey(loadPrivateKey(privateKey!).privateKey), data)]).toEqual([i, true])
    }
  })

  it('gives the public key where Le asks for it', () => {
    const card = open().select(p256Fid)
    const { data } = card.send('00460000')!
    expect(toHex(decodeTlv(data, 0x7f49).children![0]!.value)).toBe(toHex(card.send('00ca0186')!.data.slice(2)))
  })

  it('puts a new pair in place of an old one', () => {
    const card = open().select(p256Fid)
    card.send('00460000')
    const first = toHex(card.send('00ca0186')!.data)
    card.send('00460000')
    expect(toHex(card.send('00ca0186')!.data)).not.toBe(first)
  })

  it.each([
    ['another exponent', rsaFid, '00460000', '30058103000003', '6a80'],
    ['an exponent for an EC key', p256Fid, '00460000', '30058103010001', '6a80'],
    ['other parameters', p256Fid, '00468000', '', '6a86'],
    ['no file', undefined, '00460000', '', '6986'],
    ['a file that is not there', 0x4b0f, '00460000', '', '6a82'],
  ])('refuses %s', (_, fid, header, data, sw) => {
    expect(open().select(fid).status(header, fromHex(data), 0)).toBe(sw)
  })

  it('refuses a size that the card does not make, and a transparent file', () => {
    const content = new Uint8Array(4)
    const card = open({
      files: [
        [0x4b05, keyFile('ec', 192, empty)],
        [0x4b06, keyFile('rsa', 1024, empty)],
        [0x4301, { ...keyFile('ec', 256), type: 'transparent', size: 4, content, privateKey: undefined }],
      ],
    })
    expect([0x4b05, 0x4b06, 0x4301].map((fid) => card.select(fid).status('00460000', undefined, 0))).toEqual(['6a80', '6a80', '6986'])
  })

  it.each([
    ['activated', { activated: true }],
    ['secured', { lifeCycle: 'SECURED' as const }],
  ])('is over when the card is %s (C17)', (_, more) => {
    expect(open(more).select(p256Fid).status('00460000', undefined, 0)).toBe('6985')
  })

  it('leaves nothing, or the pair whole, when the write fails (C18)', () => {
    const inner = inMemory()
    let broken = false
    const memory = {
      load: () => inner.load(),
      store: (image: Uint8Array) => {
        if (broken) throw new Error('the power went')
        inner.store(image)
      },
    }
    const card = open({ memory }).select(p256Fid)
    broken = true
    expect(() => card.send('00460000')).toThrow('the power went')
    broken = false
    expect(card.state.signature.files.get(p256Fid)!.privateKey).toBeUndefined()
    expect(card.status('00ca0186')).toBe('6a88')
    expect(card.status('00460000')).toBe('9000')
    expect(card.status('00ca0186')).toBe('9000')
  })
})

describe('keys from outside', () => {
  it.each(['80', '81', '83', '84', '85', '86', '87', '88', '89', 'a0'])(
    'PUT DATA 01%s of a key component is not a function of this card',
    (p2) => {
      const card = new KeyBench({ lifeCycle: 'INITIALIZED', activated: false, files: [[rsaFid, keyFile('rsa', 2048)]] }).select(rsaFid)
      const before = toHex(card.memory.load()!)
      expect(card.status(`00da01${p2}`, new Uint8Array(128).fill(1), 0)).toBe('6a81')
      expect(toHex(card.memory.load()!)).toBe(before)
    },
  )

  it('PUT DATA of a PIN is not about keys', () => {
    expect(new KeyBench({ files: [] }).status('00da0101', new Uint8Array(24), 0)).toBeUndefined()
  })
})
