import { constants, createECDH, createHash, publicDecrypt, publicEncrypt, randomBytes, verify } from 'node:crypto'
import { concatBytes, encodeTlv, fromHex, toHex } from '@kart/codec'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { FaultFoundError } from '../../card-crypto/checked-private-key.ts'
import { publicPoint, rsaNumbers } from '../../card-crypto/holder-key.ts'
import { loadPrivateKey } from '../../card-crypto/private-key.ts'
import * as raw from '../../card-crypto/raw-private-key.ts'
import type { HolderFile } from '../../memory/holder-state.ts'
import { holderPin, KeyBench, type KeyBenchOptions, keyFile } from '../../testing/key-bench.ts'

vi.mock('../../card-crypto/raw-private-key.ts', { spy: true })
afterEach(() => {
  vi.resetAllMocks()
})

const [rsaFid, p256Fid, p384Fid, p521Fid] = [0x4b01, 0x4b02, 0x4b03, 0x4b04]
const rsa = keyFile('rsa', 2048)
const ecs = [256, 384, 521].map((bits) => keyFile('ec', bits))
const files = [[rsaFid, rsa], ...ecs.map((file, i) => [p256Fid + i, file] as const)] as const
const bench = (more: Partial<KeyBenchOptions> = {}) => new KeyBench({ files, ...more })
const publicRsa = loadPrivateKey(rsa.privateKey!).publicKey
const message = new Uint8Array(randomBytes(80))
const digest = (hash: string) => new Uint8Array(createHash(hash).update(message).digest())
const sha256Info = fromHex('3031300d060960864801650304020105000420')

describe('PSO: compute digital signature', () => {
  it.each([
    [p256Fid, 0, 'sha256'],
    [p384Fid, 1, 'sha384'],
    [p521Fid, 2, 'sha512'],
    [p521Fid, 2, 'sha1'],
  ] as const)('file %i: a digest in, a signature that verifies out', (fid, index, hash) => {
    const card = bench()
    expect(card.choose('b6', 0x04, fid)).toBe('9000')
    const { data, sw } = card.send('002a9e9a', digest(hash))!
    expect(sw).toBe(0x9000)
    expect(verify(hash, message, loadPrivateKey(ecs[index]!.privateKey!).publicKey, data)).toBe(true)
  })

  it('RSA pads a DigestInfo, or takes the block as it comes', () => {
    const card = bench()
    expect(card.choose('b6', 0x02, rsaFid)).toBe('9000')
    const padded = card.send('002a9e9a', concatBytes(sha256Info, digest('sha256')))!.data
    expect(verify('sha256', message, publicRsa, padded)).toBe(true)
    expect(card.choose('b6', 0x00, rsaFid)).toBe('9000')
    const block = new Uint8Array(publicDecrypt({ key: publicRsa, padding: constants.RSA_NO_PADDING }, padded))
    expect(toHex(card.send('002a9e9a', block)!.data)).toBe(toHex(padded))
  })

  it('refuses what the key cannot sign, and counts no use of it', () => {
    const card = bench({ pins: [[1, holderPin({ usesPerVerify: 1 })]] })
    card.card.session.verified.set(1, 1)
    card.choose('b6', 0x00, rsaFid)
    for (const length of [0, 1, 255, 257]) expect(card.status('002a9e9a', new Uint8Array(length))).toBe('6700')
    card.choose('b6', 0x02, rsaFid)
    expect(card.status('002a9e9a', new Uint8Array(246))).toBe('6700')
    card.choose('b6', 0x04, p521Fid)
    expect(card.status('002a9e9a', new Uint8Array(0))).toBe('6700')
    expect(card.status('002a9e9a', new Uint8Array(66).fill(0xff))).toBe('6a80')
    expect(card.status('002a9e9a', new Uint8Array(67))).toBe('6a80')
    expect(card.card.session.verified.get(1)).toBe(1)
    expect(card.status('002a9e9a', digest('sha256'))).toBe('9000')
    expect(card.status('002a9e9a', digest('sha256'))).toBe('6982')
  })

  it('refuses a block at the modulus or above', () => {
    const card = bench()
    card.choose('b6', 0x00, rsaFid)
    expect(card.status('002a9e9a', rsaNumbers(rsa.privateKey!).modulus)).toBe('6a80')
    expect(card.status('002a9e9a', new Uint8Array(256).fill(0xff))).toBe('6a80')
  })

  it('goes by the environment of its own purpose alone', () => {
    const card = bench()
    expect(card.status('002a9e9a', digest('sha256'))).toBe('6985')
    for (const template of ['a4', 'b8']) {
      card.choose(template, 0x04, p256Fid)
      expect(card.status('002a9e9a', digest('sha256'))).toBe('6985')
    }
    expect(card.status('002a9e00', digest('sha256'))).toBe('6a86')
    expect(card.status('002a0000', digest('sha256'))).toBe('6a86')
    expect(card.status('002a0086', new Uint8Array(257))).toBe('6a86')
  })
})

describe('INTERNAL AUTHENTICATE', () => {
  it('signs the challenge with the key chosen for it', () => {
    const card = bench()
    card.choose('a4', 0x04, p256Fid)
    const { data } = card.send('00880000', digest('sha256'))!
    expect(verify('sha256', message, loadPrivateKey(ecs[0]!.privateKey!).publicKey, data)).toBe(true)
    card.choose('a4', 0x02, rsaFid)
    const signature = card.send('00880000', digest('sha256'))!.data
    expect(toHex(new Uint8Array(publicDecrypt(publicRsa, signature)))).toBe(toHex(digest('sha256')))
    expect(card.status('00880001', digest('sha256'))).toBe('6a86')
    card.choose('b6', 0x04, p256Fid)
    expect(card.status('00880000', digest('sha256'))).toBe('6985')
  })
})

describe('PSO: decipher', () => {
  const secret = new Uint8Array(randomBytes(48))
  const seal = (padding: number, content: Uint8Array = secret) =>
    concatBytes(Uint8Array.of(0), new Uint8Array(publicEncrypt({ key: publicRsa, padding }, content)))

  it('takes the padding away, or leaves it to the tool', () => {
    const card = bench()
    card.choose('b8', 0x02, rsaFid)
    expect(toHex(card.send('002a8086', seal(constants.RSA_PKCS1_PADDING))!.data)).toBe(toHex(secret))
    card.choose('b8', 0x00, rsaFid)
    const block = card.send('002a8086', seal(constants.RSA_PKCS1_PADDING))!.data
    expect([block.length, block[0], block[1], toHex(block.slice(-48))]).toEqual([256, 0, 2, toHex(secret)])
  })

  it('does not tell whether the padding was right: the same cryptogram gives the same made-up content, another one another', () => {
    const card = bench()
    card.choose('b8', 0x02, rsaFid)
    const unpadded = [1, 2, 3].map((fill) => seal(constants.RSA_NO_PADDING, new Uint8Array(256).fill(fill)))
    const answers = unpadded.map((sealed) => [card.send('002a8086', sealed)!, card.send('002a8086', sealed)!] as const)
    for (const [one, again] of answers) expect([one.sw, again.sw, toHex(one.data)]).toEqual([0x9000, 0x9000, toHex(again.data)])
    expect(new Set(answers.map(([{ data }]) => toHex(data))).size).toBe(3)
  })

  it('refuses a cryptogram of another length or form', () => {
    const card = bench()
    card.choose('b8', 0x00, rsaFid)
    const sealed = seal(constants.RSA_PKCS1_PADDING)
    for (const data of [new Uint8Array(0), sealed.subarray(0, 256), concatBytes(sealed, Uint8Array.of(0))])
      expect(card.status('002a8086', data)).toBe('6700')
    for (const indicator of [0x01, 0x80, 0xff]) expect(card.status('002a8086', sealed.with(0, indicator))).toBe('6a80')
    expect(card.status('002a8086', concatBytes(Uint8Array.of(0), rsaNumbers(rsa.privateKey!).modulus))).toBe('6a80')
    card.choose('b8', 0x04, p256Fid)
    expect(card.status('002a8086', sealed)).toBe('6985')
    card.choose('b6', 0x00, rsaFid)
    expect(card.status('002a8086', sealed)).toBe('6985')
  })
})

describe('PSO: decipher in two halves', () => {
  const sealed = new Uint8Array(publicEncrypt({ key: publicRsa, padding: constants.RSA_PKCS1_PADDING }, Uint8Array.of(1, 2, 3)))
  const [first, second] = [
    concatBytes(Uint8Array.of(0x81), sealed.subarray(0, 128)),
    concatBytes(Uint8Array.of(0x82), sealed.subarray(128)),
  ]
  const chosen = () => {
    const card = bench()
    card.choose('b8', 0x02, rsaFid)
    return card
  }

  it('uses the key once, at the second', () => {
    const card = chosen()
    card.card.session.verified.set(1, 1)
    expect(card.status('002a8086', first, 0)).toBe('9000')
    expect(card.card.session.verified.get(1)).toBe(1)
    expect(toHex(card.send('002a8086', second)!.data)).toBe('010203')
    expect(card.card.session.verified.has(1)).toBe(false)
  })

  it.each([
    ['a second without a first', [second], '6985'],
    ['the second twice', [first, second, second], '6985'],
    ['a whole cryptogram in between', [first, concatBytes(Uint8Array.of(0), sealed), second], '6985'],
    ['a half too short', [first.subarray(0, 128)], '6700'],
    ['another half too long', [first, concatBytes(second, Uint8Array.of(0))], '6700'],
  ])('refuses %s', (_, parts, sw) => {
    const card = chosen()
    expect(parts.map((part) => card.status('002a8086', part)).at(-1)).toBe(sw)
  })

  it('forgets the first when a key is chosen again', () => {
    const card = chosen()
    card.send('002a8086', first)
    card.choose('b8', 0x02, rsaFid)
    expect(card.status('002a8086', second)).toBe('6985')
  })
})

describe('key agreement by GENERAL AUTHENTICATE', () => {
  it.each([
    [p256Fid, 0, 'prime256v1'],
    [p384Fid, 1, 'secp384r1'],
    [p521Fid, 2, 'secp521r1'],
  ] as const)('file %i: the same secret on both sides, in the field’s width', (fid, index, name) => {
    const other = createECDH(name)
    const point = new Uint8Array(other.generateKeys())
    const card = bench()
    card.choose('a4', 0x04, fid)
    const { data } = card.send('00860000', encodeTlv(0x7c, encodeTlv(0x85, point)))!
    expect(toHex(data)).toBe(other.computeSecret(publicPoint(ecs[index]!.size, ecs[index]!.privateKey!)).toString('hex'))
  })

  it('refuses a point off the curve and a template that holds none, before the key is used', () => {
    const card = bench()
    card.card.session.verified.set(1, 1)
    card.choose('a4', 0x04, p256Fid)
    const point = publicPoint(256, ecs[0]!.privateKey!)
    const template = (value: Uint8Array, tag = 0x85) => encodeTlv(0x7c, encodeTlv(tag, value))
    for (const data of [
      template(point.with(64, point[64]! ^ 1)),
      template(publicPoint(384, ecs[1]!.privateKey!)),
      template(new Uint8Array(0)),
      template(point, 0x86),
      encodeTlv(0x7c, []),
      encodeTlv(0x7c, [encodeTlv(0x85, point), encodeTlv(0x85, point)]),
      encodeTlv(0x7d, encodeTlv(0x85, point)),
      fromHex('7c05'),
      new Uint8Array(0),
    ])
      expect(card.status('00860000', data)).toBe('6a80')
    expect(card.status('00860001', template(point))).toBe('6a86')
    expect(card.card.session.verified.get(1)).toBe(1)
    expect(card.status('00860000', template(point))).toBe('9000')
    expect(card.status('00860000', template(point))).toBe('6982')
    card.choose('a4', 0x02, rsaFid)
    expect(card.status('00860000', template(point))).toBe('6985')
  })
})

describe('MSE: set', () => {
  it.each([
    ['another template', '002241b4', '8001048102' + '4b02', '6a86'],
    ['another kind of set', '0022f1b6', '800104', '6a86'],
    ['a file that is not there', '002241b6', '80010481024bff840100', '6a88'],
    ['a key reference of another file', '002241b6', '80010481024b02840101', '6a88'],
    ['a key reference of no file', '002241b6', '800104840109', '6a88'],
    ['a key reference of two bytes', '002241b6', '8001048402004b', '6a80'],
    ['an algorithm of RSA for an EC key', '002241b6', '80010281024b02', '6a80'],
    ['an algorithm of EC for an RSA key', '002241b6', '80010481024b01', '6a80'],
    ['SHA-1 on the card', '002241b6', '80011281024b01', '6a80'],
    ['a file reference of one byte', '002241b6', '80010481014b', '6a80'],
    ['an object twice', '002241b6', '80010480010481024b02', '6a80'],
    ['an unknown object', '002241b6', '85010481024b02', '6a80'],
    ['no file, where none is selected', '002241b6', '800104', '6986'],
    ['half an object', '002241b6', '800104810', '6a80'],
  ])('refuses %s', (_, header, data, sw) => {
    const card = bench()
    card.choose('b6', 0x04, p256Fid)
    expect(card.status(header, fromHex(data.length % 2 ? `${data}2` : data), 0)).toBe(sw)
    // What was chosen before is gone.
    expect(card.status('002a9e9a', digest('sha256'))).toBe('6985')
  })

  it('takes the current file where none is named', () => {
    const card = bench().select(p256Fid)
    expect(card.status('002241b6', fromHex('800104'), 0)).toBe('9000')
    expect(card.status('002a9e9a', digest('sha256'))).toBe('9000')
    expect(card.status('002241b6', new Uint8Array(0), 0)).toBe('9000')
    expect(card.status('002a9e9a', digest('sha256'))).toBe('9000')
  })

  it('takes the key reference of EF.PrKDF, alone or with the file of that key', () => {
    const card = bench()
    for (const objects of ['840103', '800104840103', '80010481024b03840103']) {
      card.card.session.keyEnvironment = undefined
      expect(card.status('002241b6', fromHex(objects), 0)).toBe('9000')
      const { data } = card.send('002a9e9a', digest('sha384'))!
      expect(verify('sha384', message, loadPrivateKey(ecs[1]!.privateKey!).publicKey, data)).toBe(true)
    }
  })

  it('refuses a file that is no key’s, and a key that was not made yet', () => {
    const content = new Uint8Array(4)
    const transparent = { ...rsa, type: 'transparent', size: 4, content, privateKey: undefined } as const
    const card = bench({
      files: [
        [0x4301, transparent],
        [0x4b09, keyFile('ec', 256, { privateKey: undefined })],
      ],
    })
    expect(card.choose('b6', 0x04, 0x4301)).toBe('6a88')
    expect(card.choose('b6', 0x04, 0x4b09)).toBe('9000')
    expect(card.status('002a9e9a', digest('sha256'))).toBe('6a88')
  })

  it.each([
    ['signature', 'b6', '002a9e9a', digest('sha256')],
    ['authentication', 'a4', '00880000', digest('sha256')],
    ['decipher', 'b8', '002a8086', new Uint8Array(257)],
    ['agreement', 'a4', '00860000', encodeTlv(0x7c, encodeTlv(0x85, publicPoint(256, ecs[0]!.privateKey!)))],
  ] as const)('chooses no key of another kind that takes the place of the file: %s', (_, template, header, data) => {
    const card = bench()
    const replaceBy = (file: HolderFile): void => {
      const { state } = card.card.store
      card.card.store.commit({ ...state, signature: { ...state.signature, files: new Map([[p256Fid, file]]) } })
    }
    card.choose(template, 0x04, p256Fid)
    replaceBy(rsa)
    expect(card.status(header, data)).toBe('6985')
    for (const algorithm of [0x00, 0x02]) {
      replaceBy(rsa)
      card.choose(template, algorithm, p256Fid)
      replaceBy(ecs[0]!)
      expect(card.status(header, data)).toBe('6985')
    }
  })
})

describe('who may use a key', () => {
  const commands = [
    ['signature', 'b6', '002a9e9a', digest('sha256')],
    ['authentication', 'a4', '00880000', digest('sha256')],
    ['agreement', 'a4', '00860000', encodeTlv(0x7c, encodeTlv(0x85, publicPoint(256, ecs[0]!.privateKey!)))],
  ] as const

  it.each(commands)('%s asks for the PIN of the key', (_, template, header, data) => {
    const card = bench({
      pins: [
        [1, holderPin()],
        [2, holderPin()],
      ],
    })
    const run = () => {
      card.choose(template, 0x04, p256Fid)
      return card.status(header, data)
    }
    expect(run()).toBe('9000')
    card.card.session.verified.clear()
    expect(run()).toBe('6982')
    card.card.session.verified.set(2, Number.POSITIVE_INFINITY)
    expect(run()).toBe('6982')
  })

  it('decipher asks for the PIN of the key', () => {
    const card = bench()
    card.card.session.verified.clear()
    card.choose('b8', 0x00, rsaFid)
    expect(card.status('002a8086', new Uint8Array(257))).toBe('6982')
  })

  it('nobody, where the access bytes say never', () => {
    const card = bench({ files: [[p256Fid, { ...ecs[0]!, access: fromHex('f111ff') }]] })
    card.choose('b6', 0x04, p256Fid)
    expect(card.status('002a9e9a', digest('sha256'))).toBe('6982')
  })

  it('nobody under a transport PIN on a secured card (C09), the bureau before', () => {
    const run = (lifeCycle: 'INITIALIZED' | 'SECURED') => {
      const card = bench({ lifeCycle, pins: [[1, holderPin({ transport: true })]] })
      card.choose('b6', 0x04, p256Fid)
      return card.status('002a9e9a', digest('sha256'))
    }
    expect([run('SECURED'), run('INITIALIZED')]).toEqual(['6985', '9000'])
  })
})

describe('GET DATA of a public key', () => {
  it('gives modulus, exponent and point as the stock tool reads them', () => {
    const card = bench().select(rsaFid)
    const { modulus } = rsaNumbers(rsa.privateKey!)
    expect(toHex(card.send('00ca0101')!.data)).toBe(toHex(modulus))
    expect(toHex(card.send('00ca0102')!.data)).toBe('010001')
    expect(card.status('00ca0186')).toBe('6a88')
    card.select(p521Fid)
    expect(toHex(card.send('00ca0186')!.data)).toBe(`868185${toHex(publicPoint(521, ecs[2]!.privateKey!))}`)
    expect(card.status('00ca0101')).toBe('6a88')
  })

  it('refuses where no key file is selected, or it holds no pair; other data are not its own', () => {
    const card = bench({ files: [[p256Fid, { ...ecs[0]!, privateKey: undefined }]] })
    expect(card.status('00ca0186')).toBe('6986')
    expect(card.select(p256Fid).status('00ca0186')).toBe('6a88')
    expect(card.status('00ca01a0')).toBeUndefined()
    expect(card.status('00ca01aa')).toBeUndefined()
  })
})

describe('a fault in the computation (C19)', () => {
  it.each(['002a9e9a', '00880000'])('%s gives nothing away', (header) => {
    const card = bench()
    vi.mocked(raw.ecdsaSign).mockReturnValueOnce({ r: 5n, s: 7n })
    card.choose(header === '00880000' ? 'a4' : 'b6', 0x04, p256Fid)
    expect(() => card.send(header, digest('sha256'))).toThrow(FaultFoundError)
  })

  it.each(['002a9e9a', '002a8086'])('%s of RSA gives nothing away', (header) => {
    const card = bench()
    vi.mocked(raw.rsaPower).mockReturnValueOnce(new Uint8Array(256).fill(3))
    const data = new Uint8Array(256).fill(1)
    card.choose(header === '002a8086' ? 'b8' : 'b6', 0x00, rsaFid)
    expect(() => card.send(header, header === '002a8086' ? concatBytes(Uint8Array.of(0), data) : data)).toThrow(FaultFoundError)
  })
})
