import { bytesToUint, concatBytes, decodeTlv, fromHex, toHex, uintToBytes } from '@kart/codec'
import { nationalId } from '@kart/layout/profile'
import { describe, expect, it } from 'vitest'
import { publicPoint, rsaNumbers } from '../../card-crypto/holder-key.ts'
import { decodeImage } from '../../memory/card-image.ts'
import { inMemory } from '../../memory/card-memory.ts'
import type { CardState } from '../../memory/card-state.ts'
import type { HolderFile } from '../../memory/holder-state.ts'
import { cardInState, emrtdAid, grouping, openDomain } from '../../testing/terminal.ts'

const pkcs15Aid = 'a000000063504b43532d3135'
const dgi = nationalId.dgis.generateHolderKey

function domain(change: (state: CardState) => CardState = (state) => state, level = 0x33) {
  const memory = inMemory()
  const card = cardInState(change, { memory })
  const terminal = openDomain(card, level)
  expect(terminal.install(pkcs15Aid)).toBe('9000')
  return { card, terminal, state: (): CardState => decodeImage(memory.load()!) }
}

/** Identifier, type, bits, access bytes, proprietary bytes. */
const request = (fid: number, type: number, bits: number): Uint8Array =>
  concatBytes(uintToBytes(fid, 2), Uint8Array.of(type), uintToBytes(bits, 2), fromHex('1fffff'), fromHex('0002'))

describe('the data grouping that makes a holder’s key', () => {
  it.each([
    [0x22, 256, 'ec'],
    [0x22, 384, 'ec'],
    [0x22, 521, 'ec'],
    [0x11, 2048, 'rsa'],
    [0x11, 3072, 'rsa'],
    [0x11, 4096, 'rsa'],
  ] as const)('type %i of %i bits: file and pair in one commit, the public key in the answer under R-MAC and R-ENC', (type, bits, kind) => {
    for (const le of bits === 4096 || bits === 256 ? ([undefined, 'short', 'extended'] as const) : ([undefined] as const)) {
      const { terminal, state } = domain()
      const answer = fromHex(terminal.answer('80e28900', grouping(dgi, request(0x4b01, type, bits)), le))
      expect(toHex(answer.slice(-2))).toBe('9000')
      const parts = decodeTlv(answer.slice(0, -2), 0x7f49).children!.map(({ tag, value }) => [tag, toHex(value)])
      const file = state().signature.files.get(0x4b01)!
      expect(file).toMatchObject({
        type: kind,
        size: bits,
        access: fromHex('1fffff'),
        properties: fromHex('0002'),
        content: new Uint8Array(0),
      })
      const key = file.privateKey!
      const { modulus, exponent } = kind === 'rsa' ? rsaNumbers(key) : { modulus: key, exponent: key }
      expect(parts).toEqual(
        kind === 'rsa'
          ? [
              [0x81, toHex(modulus)],
              [0x82, toHex(exponent)],
            ]
          : [[0x86, toHex(publicPoint(bits, key))]],
      )
      expect(state().signature.changes).toBe(1)
    }
  })

  it('makes several in one block, whole or none', () => {
    const { terminal, state } = domain()
    const [first, second] = [request(0x4b01, 0x22, 256), request(0x4b02, 0x22, 384)]
    expect(terminal.status('80e28800', concatBytes(grouping(dgi, first), grouping(dgi, second.with(2, 0x33))))).toBe('6a80')
    expect(state().signature.files.size).toBe(0)
    expect(terminal.status('80e28800', concatBytes(grouping(dgi, first), grouping(dgi, second)))).toBe('9000')
    expect([...state().signature.files.keys()]).toEqual([0x4b01, 0x4b02])
  })

  it('puts a new pair in place of an old one', () => {
    const { terminal, state } = domain()
    const point = () => toHex(publicPoint(256, state().signature.files.get(0x4b01)!.privateKey!))
    expect(terminal.store(dgi, request(0x4b01, 0x22, 256))).toBe('9000')
    const first = point()
    expect(terminal.store(dgi, request(0x4b01, 0x22, 256))).toBe('9000')
    expect(point()).not.toBe(first)
  })

  const transparent: HolderFile = {
    type: 'transparent',
    access: fromHex('0fffff'),
    properties: fromHex('0000'),
    size: 2,
    content: fromHex('0102'),
    privateKey: undefined,
  }
  it.each([
    ['too short', request(0x4b01, 0x22, 256).slice(1), '6a80'],
    ['too long', concatBytes(request(0x4b01, 0x22, 256), Uint8Array.of(0)), '6a84'],
    ['of a transparent file', request(0x4b01, 0x01, 256), '6a80'],
    ['of another type', request(0x4b01, 0x33, 256), '6a80'],
    ['of RSA-1024', request(0x4b01, 0x11, 1024), '6a80'],
    ['of P-192', request(0x4b01, 0x22, 192), '6a80'],
    ['at an identifier that is no key’s', request(0x4301, 0x22, 256), '6a80'],
    ['where a transparent file stands', request(0x4b07, 0x22, 256), '6a80'],
  ])('is refused %s', (_, value, sw) => {
    const { terminal, state } = domain((before) => ({
      ...before,
      signature: { ...before.signature, files: new Map([[0x4b07, transparent]]) },
    }))
    expect(terminal.store(dgi, value)).toBe(sw)
    expect([...state().signature.files.keys()]).toEqual([0x4b07])
  })

  it('is the PKCS#15 application’s alone', () => {
    const { terminal } = domain()
    expect(terminal.install(emrtdAid)).toBe('9000')
    expect(terminal.store(dgi, request(0x4b01, 0x22, 256))).toBe('6a88')
  })

  it('is over once the card is secured', () => {
    const { terminal } = domain()
    expect(bytesToUint(fromHex(terminal.status('80f0800f')))).toBe(0x9000)
    expect(terminal.store(dgi, request(0x4b01, 0x22, 256))).toBe('6985')
  })
})
