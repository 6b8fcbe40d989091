import { constants, generateKeyPairSync, privateEncrypt, publicDecrypt, publicEncrypt } from 'node:crypto'
import { fromHex, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { applyRsaKey } from './checked-private-key.ts'
import { padForSignature, unpadEncryption } from './pkcs1-padding.ts'

// OpenSSL pads and unpads by itself on the other side.
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pkcs8 = new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' }))
const padding = constants.RSA_PKCS1_PADDING

describe('padding of PKCS #1 v1.5', () => {
  it.each([0, 1, 51, 245])('around %i bytes that are signed', (length) => {
    const content = new Uint8Array(length).fill(0x42)
    const signature = applyRsaKey(pkcs8, padForSignature(content, 256)!)!
    expect(toHex(signature)).toBe(toHex(new Uint8Array(privateEncrypt({ key: privateKey, padding }, content))))
    expect(toHex(new Uint8Array(publicDecrypt({ key: publicKey, padding }, signature)))).toBe(toHex(content))
  })

  it('has no room for more', () => {
    expect(padForSignature(new Uint8Array(246), 256)).toBeUndefined()
    expect(padForSignature(new Uint8Array(300), 256)).toBeUndefined()
  })

  it.each([0, 1, 48, 245])('around %i bytes that come enciphered', (length) => {
    const content = new Uint8Array(length).fill(0x42)
    const cryptogram = new Uint8Array(publicEncrypt({ key: publicKey, padding }, content))
    expect(toHex(unpadEncryption(applyRsaKey(pkcs8, cryptogram)!)!)).toBe(toHex(content))
  })

  const filling = '11'.repeat(8)
  it.each([
    ['another first byte', `0102${filling}0042`],
    ['the type of a signature', `0001${filling}0042`],
    ['seven bytes of filling', `0002${'11'.repeat(7)}0042`],
    ['no end', `0002${filling}4242`],
    ['nothing', ''],
  ])('is none with %s', (_, block) => {
    expect(unpadEncryption(fromHex(block))).toBeUndefined()
    expect(toHex(unpadEncryption(fromHex(`0002${filling}0042`))!)).toBe('42')
  })
})
