import { encodeTlv, fromHex, toHex } from '@kart/codec'
import { all, type ChipAuthenticationKeySpec, channel, type MessagingCipher } from '@kart/layout/profile'
import { describe, expect, it } from 'vitest'
import { deriveKey } from '../emrtd/key-derivation.ts'
import { standardizedGroup } from '../key-agreement/domain-parameters.ts'
import { isAllowed } from '../os/access.ts'
import { rightsOf } from '../os/card-context.ts'
import { grantOf, withGrant } from '../os/grants.ts'
import { eacBench } from '../testing/eac-bench.ts'
import { commandOf } from '../testing/secured-terminal.ts'
import { loadGroups } from '../testing/vectors.ts'
import { compress } from './chip-authentication.ts'
import { noProgress } from './eac-progress.ts'

interface Example {
  readonly input: {
    readonly ca: Record<'chipPrivateKey' | 'terminalPrivateKey' | 'nonce' | 'oid', string> & { readonly parameterId: number }
  }
  readonly expected: {
    readonly ca: Record<'chipPublicKey' | 'terminalPublicKey' | 'ksEnc' | 'ksMac' | 'token' | 'tokenInput', string> & {
      readonly sharedSecretX?: string
      readonly sharedSecret?: string
    }
  }
}
const published = (name: 'ecdh' | 'dh') => loadGroups(`eac/eac-${name}.json`)[0]!.tests[0]! as unknown as Example
const ecdh = published('ecdh')
const dh = published('dh')
const vectors = loadGroups('eac/ca-ta-v1.json').find(({ name }) => name === 'chip-authentication')!.tests

const allCiphers: readonly MessagingCipher[] = ['3DES', 'AES-128', 'AES-192', 'AES-256']
const key = (keyId: number, change: Partial<ChipAuthenticationKeySpec> = {}): ChipAuthenticationKeySpec => ({
  keyId,
  agreement: 'ECDH',
  parameterId: 13,
  ciphers: allCiphers,
  versions: [1, 2],
  ...change,
})
const privateKey = fromHex(ecdh.input.ca.chipPrivateKey)
const chipKey = (keyId: number) => ({ keyId, parameterId: 13, privateKey })
const bench = (ids: readonly number[] = [1]) => eacBench({ keys: ids.map((id) => key(id)), state: { chipKeys: ids.map(chipKey) } })

const terminalKey = fromHex(ecdh.expected.ca.terminalPublicKey)
const setAt = (oid: string, keyId?: number) =>
  commandOf('002241a4', fromHex(`800a${oid}${keyId === undefined ? '' : `8401${keyId.toString(16).padStart(2, '0')}`}`))
const general = (point: Uint8Array) => commandOf('00860000', encodeTlv(0x7c, encodeTlv(0x80, point)), '00')
const aes128 = '04007f00070202030202'
const readDg1 = '00b0810004'

describe('chip authentication version 1, the card alone', () => {
  it.each(vectors)('$id $comment', ({ input, expected }) => {
    const cipher = allCiphers[Number(input.oid!.at(-1)) - 1]!
    const apdus = expected.apdus as unknown as readonly { step: string; command: string; response: string }[]
    const group = standardizedGroup(13)!
    expect(toHex(group.multiply(group.generator, privateKey))).toBe(input.chipPublicKey)
    const secret = group.secret(fromHex(expected.terminalPublicKey!), privateKey)
    expect(toHex(secret)).toBe(expected.sharedSecretX)
    const keys = { cipher, ksEnc: deriveKey(cipher, secret, 1), ksMac: deriveKey(cipher, secret, 2) }
    expect([toHex(keys.ksEnc), toHex(keys.ksMac)]).toEqual([expected.ksEnc, expected.ksMac])
    // 3DES: either command is the whole protocol; AES: both together.
    for (const script of cipher === '3DES' ? apdus.map((apdu) => [apdu]) : [apdus]) {
      const { card, terminal } = bench()
      for (const { command, response } of script) {
        const { data, sw } = terminal.send(command) // the answer is still under the old keys
        expect(toHex(data) + sw).toBe(response)
      }
      terminal.restart(keys)
      expect(terminal.send(readDg1)).toEqual({ data: fromHex('615d5f1f'), sw: '9000' })
      expect(isAllowed(channel('chip-authentication'), rightsOf(card.session, 'messaging'))).toBe(true)
      expect(card.session.grants.eac.provedChip).toEqual({ version: 1, compressedKey: secretX(terminalKey) })
    }
  })

  const secretX = (point: Uint8Array) => point.slice(1, 33)

  it('3DES may also go through MSE:Set AT and GENERAL AUTHENTICATE', () => {
    const { terminal } = bench()
    expect(terminal.status(setAt('04007f00070202030201'))).toBe('9000')
    expect(terminal.send(general(terminalKey))).toEqual({ data: fromHex('7c00'), sw: '9000' })
    const { expected } = vectors[0]!
    terminal.restart({ cipher: '3DES', ksEnc: fromHex(expected.ksEnc!), ksMac: fromHex(expected.ksMac!) })
    expect(terminal.status(readDg1)).toBe('9000')
  })

  it('P11 D_09 old keys after chip authentication end the session', () => {
    const { card, terminal } = bench()
    expect(terminal.status(setAt(aes128))).toBe('9000')
    expect(terminal.status(general(terminalKey))).toBe('9000')
    expect(terminal.send(readDg1)).toEqual({ data: new Uint8Array(0), sw: '6988' })
    expect(card.session.messaging).toBeUndefined()
    const { expected } = vectors[1]!
    terminal.restart({ cipher: 'AES-128', ksEnc: fromHex(expected.ksEnc!), ksMac: fromHex(expected.ksMac!) })
    expect(terminal.status(readDg1)).toBe('6988')
  })

  it.each([
    [[1], undefined, '9000'],
    [[1], 1, '9000'],
    [[1], 2, '6a88'],
    [[1, 2], undefined, '6a88'],
    [[1, 2], 2, '9000'],
    [[1, 2, 3], 3, '9000'],
    [[1, 2, 3], 4, '6a88'],
    [[], undefined, '6a88'],
  ])('P11 D_03..D_08 a card with keys %j, asked for %s, answers %s', (ids, asked, sw) => {
    expect(bench(ids).terminal.status(setAt(aes128, asked))).toBe(sw)
    const point = toHex(terminalKey)
    const kat = `9141${point}${asked === undefined ? '' : `84010${asked}`}`
    expect(bench(ids).terminal.status(commandOf('002241a6', fromHex(kat)))).toBe(sw)
  })

  it('P11 a key that the profile has and the card has not made is none', () => {
    const { terminal } = eacBench({ keys: [key(1), key(2)], state: { chipKeys: [chipKey(2)] } })
    expect(terminal.status(setAt(aes128, 1))).toBe('6a88')
    expect(terminal.status(setAt(aes128))).toBe('9000')
  })

  it.each<[string, Uint8Array]>([
    ['off the curve', terminalKey.with(64, terminalKey[64]! ^ 1)],
    ['at infinity', Uint8Array.of(0)],
    ['compressed', Uint8Array.of(2, ...terminalKey.slice(1, 33))],
    ['hybrid', terminalKey.with(0, 6)],
    ['too short', terminalKey.slice(0, 64)],
    ['too long', Uint8Array.of(...terminalKey, 0)],
    ['on another curve', standardizedGroup(12)!.generator],
    ['with coordinates that are not reduced', new Uint8Array(65).fill(0xff).with(0, 4)],
    ['empty', new Uint8Array(0)],
  ])('P11 D_10..D_15 a terminal key %s is refused, and the old keys go on', (_what, point) => {
    const { card, terminal } = bench()
    expect(terminal.status(setAt(aes128))).toBe('9000')
    expect(terminal.send(general(point))).toEqual({ data: new Uint8Array(0), sw: '6300' })
    expect(terminal.status(general(terminalKey))).toBe('6985') // the choice is used up
    expect(terminal.status(commandOf('002241a6', encodeTlv(0x91, point)))).toBe('6a80')
    expect(terminal.status(readDg1)).toBe('9000')
    expect(isAllowed(channel('chip-authentication'), rightsOf(card.session, 'messaging'))).toBe(false)
  })

  it.each([
    ['nothing', ''],
    ['no protocol', '840101'],
    ['the protocol twice', `800a${aes128}800a${aes128}`],
    ['an object that does not belong', `800a${aes128}8300`],
    ['another protocol', '800a04007f00070202040202'],
    ['an agreement that there is not', '800a04007f00070202030302'],
    ['a cipher that there is not', '800a04007f00070202030205'],
    ['a protocol cut short', '800904007f000702020302'],
    ['no data objects', 'ffff'],
    ['a length not in the fewest bytes', `80810a${aes128}`],
  ])('MSE:Set AT with %s answers 6A80', (_what, data) => {
    expect(bench().terminal.status(commandOf('002241a4', fromHex(data)))).toBe('6a80')
  })

  it('a protocol that the key is not for answers 6A80, a key of another agreement 6A88', () => {
    const only = eacBench({ keys: [key(1, { ciphers: ['AES-256'] })], state: { chipKeys: [chipKey(1)] } }).terminal
    expect(only.status(setAt(aes128))).toBe('6a80')
    expect(only.status(setAt('04007f00070202030102'))).toBe('6a88')
    expect(only.status(commandOf('002241a6', encodeTlv(0x91, terminalKey)))).toBe('6a88')
    expect(only.status(setAt('04007f00070202030204'))).toBe('9000')
  })

  it.each([
    ['nothing', ''],
    ['an empty template', '7c00'],
    ['another object', '7c028100'],
    ['two objects', '7c0480008000'],
    ['another template', '7d028000'],
  ])('GENERAL AUTHENTICATE with %s answers 6A80', (_what, data) => {
    const { terminal } = bench()
    expect(terminal.status(setAt(aes128))).toBe('9000')
    expect(terminal.status(commandOf('00860000', fromHex(data), '00'))).toBe('6a80')
  })

  it('GENERAL AUTHENTICATE without MSE:Set AT answers 6985, one that was refused leaves none', () => {
    const { terminal } = bench()
    expect(terminal.status(general(terminalKey))).toBe('6985')
    expect(terminal.status(setAt(aes128))).toBe('9000')
    expect(terminal.status(setAt(aes128, 9))).toBe('6a88')
    expect(terminal.status(general(terminalKey))).toBe('6985')
  })

  it('in the open nothing of it is answered', () => {
    const { plain } = bench()
    expect(toHex(plain(setAt(aes128)))).toBe('6982')
    expect(toHex(plain(commandOf('002241a6', encodeTlv(0x91, terminalKey))))).toBe('6982')
  })

  it('P11 a key of version 2 alone is none of version 1', () => {
    const { terminal } = eacBench({ keys: [key(1, { versions: [2] })], state: { chipKeys: [chipKey(1)] } })
    expect(terminal.status(setAt(aes128, 1))).toBe('6a88')
  })

  it('chip authentication again drops what terminal authentication version 1 gave', () => {
    const grants = {
      ...withGrant(grantOf('bac', 'emrtd'), 'terminal-authentication'),
      terminal: { rights: new Set(['read-dg3'] as const), within: undefined },
      eac: { ...noProgress, authenticated: { version: 1, compressedKey: new Uint8Array(32), rights: new Set(['read-dg3'] as const) } },
    } as const
    const { card, terminal } = eacBench({ keys: [key(1)], state: { chipKeys: [chipKey(1)] }, grants })
    const rule = all(channel('terminal-authentication'), { kind: 'terminal-right', right: 'read-dg3' })
    expect(isAllowed(rule, rightsOf(card.session, 'messaging'))).toBe(true)
    expect(terminal.status(setAt(aes128))).toBe('9000')
    expect(terminal.status(general(terminalKey))).toBe('9000')
    expect(rightsOf(card.session, 'messaging')).toMatchObject({
      channels: new Set(['bac', 'chip-authentication']),
      terminalRights: new Set(),
    })
  })
})

describe.each([
  ['ecdh', ecdh],
  ['dh', dh],
] as const)('chip authentication version 2, the worked example of TR-03110 (%s)', (name, { input, expected }) => {
  const agreement = name === 'ecdh' ? 'ECDH' : 'DH'
  const { parameterId } = input.ca
  const group = standardizedGroup(parameterId)!
  const oid = name === 'ecdh' ? aes128 : '04007f00070202030102'
  const chipPrivate = fromHex(input.ca.chipPrivateKey).slice(-group.orderLength)
  const announced = fromHex(expected.ca.terminalPublicKey)
  const authenticated = { version: 2, compressedKey: compress(agreement, announced), rights: new Set(['read-dg3'] as const) } as const
  const open = (compressedKey = authenticated.compressedKey) =>
    eacBench({
      keys: [key(1, { agreement, parameterId })],
      state: { chipKeys: [{ keyId: 1, parameterId, privateKey: chipPrivate }] },
      grants: { ...grantOf('pace'), eac: { ...noProgress, authenticated: { ...authenticated, compressedKey } } },
      random: [input.ca.nonce],
    })

  it('every value: public key, secret, keys, token, and the exchange byte for byte', () => {
    expect(toHex(group.multiply(group.generator, chipPrivate))).toBe(expected.ca.chipPublicKey)
    const secret = group.secret(group.take(announced)!, chipPrivate)
    expect(toHex(secret)).toBe(name === 'ecdh' ? expected.ca.sharedSecretX : expected.ca.sharedSecret)
    const seed = fromHex(toHex(secret) + input.ca.nonce)
    const keys = { cipher: 'AES-128', ksEnc: deriveKey('AES-128', seed, 1), ksMac: deriveKey('AES-128', seed, 2) } as const
    expect([toHex(keys.ksEnc), toHex(keys.ksMac)]).toEqual([expected.ca.ksEnc, expected.ca.ksMac])
    const { card, terminal } = open()
    expect(terminal.status(setAt(oid, 1))).toBe('9000')
    const { data, sw } = terminal.send(general(announced))
    expect(toHex(data) + sw).toBe(`7c148108${input.ca.nonce}8208${expected.ca.token}9000`)
    terminal.restart(keys)
    expect(terminal.status(readDg1)).toBe('9000')
    expect(rightsOf(card.session, 'messaging')).toEqual({
      channels: new Set(['pace', 'chip-authentication', 'terminal-authentication']),
      terminalRights: new Set(['read-dg3']),
      passwords: new Set(),
      fingers: new Set(),
    })
  })

  it('P11 a key other than the one that terminal authentication announced is refused, and no right comes of it', () => {
    const { card, terminal } = open(authenticated.compressedKey.with(0, authenticated.compressedKey[0]! ^ 1))
    expect(terminal.status(setAt(oid, 1))).toBe('9000')
    expect(terminal.send(general(announced))).toEqual({ data: new Uint8Array(0), sw: '6300' })
    expect(rightsOf(card.session, 'messaging').terminalRights).toEqual(new Set())
  })
})

describe('chip authentication over integers', () => {
  const group = standardizedGroup(0)!
  const { input, expected } = dh
  const open = () =>
    eacBench({
      keys: [key(1, { agreement: 'DH', parameterId: 0 })],
      state: { chipKeys: [{ keyId: 1, parameterId: 0, privateKey: fromHex(input.ca.chipPrivateKey).slice(-group.orderLength) }] },
    }).terminal

  it.each<[string, string]>([
    ['0', '00'],
    ['1', '01'],
    ['2, outside the subgroup', '02'],
    ['all ones, above the prime', 'ff'.repeat(128)],
  ])('P11 P06 %s is no public value', (_what, value) => {
    const terminal = open()
    expect(terminal.status(setAt('04007f00070202030102'))).toBe('9000')
    expect(terminal.status(general(fromHex(value)))).toBe('6300')
  })

  it('version 1 with 3DES by MSE:Set KAT, and with AES', () => {
    const point = fromHex(expected.ca.terminalPublicKey)
    const secret = fromHex(expected.ca.sharedSecret!)
    const byTemplate = open()
    expect(byTemplate.status(commandOf('002241a6', encodeTlv(0x91, point)))).toBe('9000')
    byTemplate.restart({ cipher: '3DES', ksEnc: deriveKey('3DES', secret, 1), ksMac: deriveKey('3DES', secret, 2) })
    expect(byTemplate.status('00a4040c07a0000002471001')).toBe('9000')
    const byAes = open()
    expect(byAes.status(setAt('04007f00070202030104'))).toBe('9000')
    expect(byAes.status(general(point))).toBe('9000')
    byAes.restart({ cipher: 'AES-256', ksEnc: deriveKey('AES-256', secret, 1), ksMac: deriveKey('AES-256', secret, 2) })
    expect(byAes.status('00a4040c07a0000002471001')).toBe('9000')
  })
})
