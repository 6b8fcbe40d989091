import { readFileSync } from 'node:fs'
import { concatBytes, DecodeError, encodeTlv, fromHex, InputError, toHex } from '@kart/codec'
import { aesCmac, CryptoError, decodeAgreementKey, padMethod2 } from '@kart/crypto'
import { decodeSecurityInfos, dg14Codec, openSecurityInfo } from '@kart/layout'
import { describe, expect, it } from 'vitest'
import { AuthenticationError, SecureMessagingError } from '../channel-error.ts'
import { startAesSession } from '../secure-messaging/emrtd-session.ts'
import { secureMessagingLayer } from '../secure-messaging.ts'
import { brainpoolSpki, integerSpki } from '../testing/agreement-key.ts'
import { reducedPrivateKey } from '../testing/pace-example.ts'
import { commandHex, hexField, scriptedChannel, type VectorTest, vectorGroup, vectorGroups } from '../testing/vector-file.ts'
import { type ChipAuthenticationProtocol, chipAuthenticationProtocolOf } from './chip-authentication-protocol.ts'
import { chipAuthenticationChoices } from './choose-key.ts'
import { dhWithCard, ecdhWithCard, type KeyAgreement } from './key-agreement.ts'
import {
  chipAuthenticationCommand,
  chipAuthenticationTemplate,
  keyAgreementCommand,
  performChipAuthentication,
} from './perform-chip-authentication.ts'
import { chipAuthenticationKeys, chipAuthenticationToken, chipAuthenticationTokenInput } from './session-keys.ts'

type Fields = Readonly<Record<string, string>>
const protocolOf = (oid: unknown): ChipAuthenticationProtocol => chipAuthenticationProtocolOf(`${oid}`)!
const hexKeys = (keys: { ksEnc: Uint8Array; ksMac: Uint8Array; ssc: Uint8Array }) => ({
  ksEnc: toHex(keys.ksEnc),
  ksMac: toHex(keys.ksMac),
  ssc: toHex(keys.ssc),
})
const lengthByte = (hex: string): string =>
  hex.length / 2 > 127 ? `81${(hex.length / 2).toString(16)}` : (hex.length / 2).toString(16).padStart(2, '0')

/** ECDH with the vector's ephemeral key, the only thing left to chance. */
function agreementOf(scalar: unknown, chipPublicKey: unknown): KeyAgreement {
  return ecdhWithCard(brainpoolSpki(hexField(chipPublicKey)), () => hexField(scalar).slice(-32)) // perhaps with a leading zero
}

describe('chip authentication version 1', () => {
  it.each(vectorGroup('eac/ca-ta-v1.json', 'chip-authentication').tests)('$id $comment', async ({ input, expected }) => {
    const protocol = protocolOf(input.oid)
    const agreement = agreementOf(input.terminalPrivateKey, input.chipPublicKey)
    expect(toHex(agreement.publicKey)).toBe(expected.terminalPublicKey)
    const secret = agreement.agree()
    expect(toHex(secret)).toBe(expected.sharedSecretX)
    expect(hexKeys(chipAuthenticationKeys(protocol, secret))).toEqual({ ksEnc: expected.ksEnc, ksMac: expected.ksMac, ssc: expected.ssc })
    const apdus = expected.apdus as { step: string; command: string; response: string }[]
    if (protocol.cipher === 'desede') {
      const keys = [undefined, 1]
      expect(keys.map((keyId) => commandHex(keyAgreementCommand(agreement.publicKey, keyId).apdu))).toEqual(
        apdus.map(({ command }) => command),
      )
    }
    // Triple DES: the second line names the key; with AES the two commands are one run.
    const script = protocol.cipher === 'desede' ? apdus.slice(1) : apdus
    const channel = scriptedChannel(script.map(({ command, response }) => [command, response]))
    const { session, publicKey } = await performChipAuthentication(channel, { version: 1, protocol, agreement, keyId: 1 })
    expect(channel.left()).toBe(0)
    expect(toHex(publicKey)).toBe(expected.terminalPublicKey)
    expect(session.cipher).toBe(protocol.cipher === 'desede' ? 'desede' : 'aes')
    expect(() => agreement.agree()).toThrow(CryptoError)
  })

  it('P11 an answer with data is none of version 1 (TR-03110-3, B.2)', async () => {
    const { input, expected } = vectorGroup('eac/ca-ta-v1.json', 'chip-authentication').tests[1]!
    const agreement = agreementOf(input.terminalPrivateKey, input.chipPublicKey)
    const [template, general] = (expected.apdus as { command: string }[]).map(({ command }) => command)
    const channel = scriptedChannel([
      [template, '9000'],
      [general, '7c0a810801020304050607089000'],
    ])
    const run = performChipAuthentication(channel, { version: 1, protocol: protocolOf(input.oid), agreement, keyId: 1 })
    await expect(run).rejects.toThrow(AuthenticationError)
  })

  it('triple DES may also go through MSE:Set AT and GENERAL AUTHENTICATE', async () => {
    const { input, expected } = vectorGroup('eac/ca-ta-v1.json', 'chip-authentication').tests[0]!
    const agreement = agreementOf(input.terminalPrivateKey, input.chipPublicKey)
    const channel = scriptedChannel([
      ['002241a40c800a04007f00070202030201', '9000'],
      [`00860000457c438041${expected.terminalPublicKey}00`, '9000'],
    ])
    const { session } = await performChipAuthentication(channel, {
      version: 1,
      protocol: protocolOf(input.oid),
      agreement,
      tripleDesWith: 'set-at',
    })
    expect(session.cipher).toBe('desede')
  })
})

const published = (name: 'ecdh' | 'dh'): VectorTest => vectorGroups(`eac/eac-${name}.json`)[0]!.tests[0]!
const part = (test: VectorTest, side: 'input' | 'expected'): Fields => test[side].ca as Fields

/** The published agreement, with the example's ephemeral key. */
function publishedAgreement(name: 'ecdh' | 'dh', test: VectorTest): KeyAgreement {
  const [input, expected] = [part(test, 'input'), part(test, 'expected')]
  if (name === 'ecdh') return agreementOf(input.terminalPrivateKey, expected.chipPublicKey)
  const scalar = reducedPrivateKey('MODP-1024-160', hexField(input.terminalPrivateKey))
  return dhWithCard(integerSpki(Number(input.parameterId), hexField(expected.chipPublicKey)), () => scalar)
}

describe('chip authentication version 2, the worked examples of TR-03110', () => {
  it.each(['ecdh', 'dh'] as const)('%s: secret, keys, token input and token', (name) => {
    const test = published(name)
    const [input, expected] = [part(test, 'input'), part(test, 'expected')]
    const protocol = protocolOf(input.oid)
    const agreement = publishedAgreement(name, test)
    const secret = agreement.agree()
    expect(toHex(agreement.publicKey)).toBe(expected.terminalPublicKey)
    expect(toHex(secret)).toBe(name === 'ecdh' ? expected.sharedSecretX : expected.sharedSecret)
    const keys = chipAuthenticationKeys(protocol, secret, hexField(input.nonce))
    expect(hexKeys(keys)).toEqual({ ksEnc: expected.ksEnc, ksMac: expected.ksMac, ssc: '00'.repeat(16) })
    expect(toHex(chipAuthenticationTokenInput(protocol, agreement.publicKey))).toBe(expected.tokenInput)
    expect(toHex(chipAuthenticationToken(protocol, keys.ksMac, agreement.publicKey))).toBe(expected.token)
  })

  const script = (name: 'ecdh' | 'dh', answer: string): [string, string][] => {
    const test = published(name)
    const key = part(test, 'expected').terminalPublicKey!
    const object = `80${lengthByte(key)}${key}`
    const data = `7c${lengthByte(object)}${object}`
    const oid = name === 'ecdh' ? '04007f00070202030202' : '04007f00070202030102'
    return [
      [`002241a40f800a${oid}840101`, '9000'],
      [`00860000${(data.length / 2).toString(16).padStart(2, '0')}${data}00`, answer],
    ]
  }
  const options = (name: 'ecdh' | 'dh') => {
    const test = published(name)
    return { version: 2, protocol: protocolOf(part(test, 'input').oid), agreement: publishedAgreement(name, test), keyId: 1 } as const
  }
  const nonce = (name: 'ecdh' | 'dh') => part(published(name), 'input').nonce!
  const token = (name: 'ecdh' | 'dh') => part(published(name), 'expected').token!

  it.each(['ecdh', 'dh'] as const)('%s: the whole exchange; secure messaging starts again with the new keys', async (name) => {
    const channel = scriptedChannel(script(name, `7c148108${nonce(name)}8208${token(name)}9000`))
    const { session } = await performChipAuthentication(channel, options(name))
    expect(channel.left()).toBe(0)
    const expected = part(published(name), 'expected')
    const twin = startAesSession({ ksEnc: hexField(expected.ksEnc), ksMac: hexField(expected.ksMac), ssc: new Uint8Array(16) })
    const command = { cla: 0, ins: 0xb0, p1: 0x9e, p2: 0, data: new Uint8Array(0), ne: 4 }
    expect(commandHex(session.protect(command))).toBe(commandHex(twin.protect(command)))
  })

  it.each<[string, (good: { nonce: string; token: string }) => string]>([
    ['no answer', () => ''],
    ['an empty answer', () => '7c00'],
    ['no token', ({ nonce }) => `7c0a8108${nonce}`],
    ['no nonce', ({ token }) => `7c0a8208${token}`],
    ['a nonce of 7 bytes', ({ nonce, token }) => `7c138107${nonce.slice(2)}8208${token}`],
    ['a token of 7 bytes', ({ nonce, token }) => `7c138108${nonce}8207${token.slice(2)}`],
    ['another token', ({ nonce, token }) => `7c148108${nonce}8208${token.slice(0, 14)}${token.endsWith('00') ? '01' : '00'}`],
    ['another nonce', ({ nonce, token }) => `7c148108${nonce.slice(0, 14)}${nonce.endsWith('00') ? '01' : '00'}8208${token}`],
    ['an object more', ({ nonce, token }) => `7c168108${nonce}8208${token}8300`],
    ['the nonce twice', ({ nonce, token }) => `7c1e8108${nonce}8108${nonce}8208${token}`],
    ['no dynamic authentication data', ({ nonce, token }) => `7d148108${nonce}8208${token}`],
  ])('P11 a card that answers with %s is not genuine: one error for all', async (_what, answer) => {
    const channel = scriptedChannel(script('ecdh', `${answer({ nonce: nonce('ecdh'), token: token('ecdh') })}9000`))
    const run = performChipAuthentication(channel, options('ecdh'))
    await expect(run).rejects.toThrow(AuthenticationError)
    await expect(run).rejects.toThrow('chip authentication: the card did not prove that it holds its key')
  })

  it('P11 a card that knows no such key refuses, and the ephemeral key is erased', async () => {
    const { agreement, ...rest } = options('ecdh')
    const channel = scriptedChannel([[script('ecdh', '')[0]![0], '6a88']])
    await expect(performChipAuthentication(channel, { ...rest, agreement })).rejects.toMatchObject({
      sw: 0x6a88,
      protocol: 'chip authentication',
    })
    expect(() => agreement.agree()).toThrow(CryptoError)
  })

  it('P11 D_09 an answer under the old keys after chip authentication ends the session, one under the new keys does not', async () => {
    const oldKeys = published('ecdh').expected.pace as Fields
    const newKeys = part(published('ecdh'), 'expected')
    const answerUnder = (ksMac: string | undefined) => {
      const status = fromHex('99029000')
      const counter = new Uint8Array(16).with(15, 2) // one step for the command, one for the answer
      const mac = aesCmac(hexField(ksMac), padMethod2(concatBytes(counter, status), 16)).slice(0, 8)
      return { data: concatBytes(status, encodeTlv(0x8e, mac)), sw: 0x9000 }
    }
    const exchangeUnder = async (ksMac: string | undefined) => {
      const channel = scriptedChannel(script('ecdh', `7c148108${nonce('ecdh')}8208${token('ecdh')}9000`))
      const { session } = await performChipAuthentication(channel, options('ecdh'))
      const layer = secureMessagingLayer(session)({ transmit: async () => answerUnder(ksMac) })
      return { session, answer: layer.transmit({ cla: 0, ins: 0xa4, p1: 2, p2: 0x0c, data: fromHex('0103'), ne: 0 }) }
    }
    const right = await exchangeUnder(newKeys.ksMac)
    await expect(right.answer).resolves.toMatchObject({ sw: 0x9000 })
    expect(right.session.isOver).toBe(false)
    const wrong = await exchangeUnder(oldKeys.ksMac)
    await expect(wrong.answer).rejects.toThrow(SecureMessagingError)
    expect(wrong.session.isOver).toBe(true)
  })
})

describe('the card’s keys for chip authentication', () => {
  const point =
    '04a44ebe5451df7aadb01e459b8c928a87746a57927c8c28a6775c97a7e1fe8d9a46ff4a1cc7e4d1389aea19758e4f75c28c598fd734aebeb135337cf95be12e94'
  const info = (oid: string, version: number, key?: number) =>
    encodeTlv(0x30, [
      encodeTlv(0x06, fromHex(oid)),
      fromHex(`0201${version.toString(16).padStart(2, '0')}`),
      key === undefined ? new Uint8Array(0) : fromHex(`0201${key.toString(16).padStart(2, '0')}`),
    ])
  const spki = brainpoolSpki(fromHex(point))
  const keyInfo = (key?: number, oid = '04007f000702020102') =>
    encodeTlv(0x30, [
      encodeTlv(0x06, fromHex(oid)),
      spki,
      key === undefined ? new Uint8Array(0) : fromHex(`0201${key.toString(16).padStart(2, '0')}`),
    ])
  const aes128 = '04007f00070202030202'
  const desede = '04007f00070202030201'
  const choices = (version: 1 | 2, ...infos: Uint8Array[]) =>
    chipAuthenticationChoices(decodeSecurityInfos(encodeTlv(0x31, infos)).map(openSecurityInfo), version).map(
      ({ protocol, keyId }) => `${protocol.cipher} ${keyId}`,
    )

  it('P11 DG14 with one, two and three keys (D_03..D_15): each protocol with the key of its number, the strongest first', () => {
    expect(choices(1, info(aes128, 1), keyInfo())).toEqual(['aes128 undefined'])
    expect(choices(1, info(desede, 1, 1), info(aes128, 1, 2), keyInfo(1), keyInfo(2))).toEqual(['aes128 2', 'desede 1'])
    expect(
      choices(1, info(desede, 1, 1), info(aes128, 1, 2), info('04007f00070202030204', 1, 3), keyInfo(1), keyInfo(2), keyInfo(3)),
    ).toEqual(['aes256 3', 'aes128 2', 'desede 1'])
    expect(choices(2, info(aes128, 1, 1), info(aes128, 2, 2), keyInfo(1), keyInfo(2))).toEqual(['aes128 2'])
  })

  it('P11 an info whose key is missing, of another kind or not one alone is no way', () => {
    expect(choices(1, info(aes128, 1, 3), keyInfo(1), keyInfo(2))).toEqual([])
    expect(choices(1, info(aes128, 1), keyInfo(1))).toEqual([])
    expect(choices(1, info(aes128, 1, 1), keyInfo(1, '04007f000702020101'))).toEqual([])
    expect(choices(1, info(aes128, 1, 1), keyInfo(1), keyInfo(1))).toEqual([])
  })

  it('a card with a key and no info takes triple DES in version 1, and nothing in version 2', () => {
    expect(choices(1, keyInfo(7))).toEqual(['desede 7'])
    expect(choices(2, keyInfo(7))).toEqual([])
  })

  it('P11 a corrupted key of the card (D_03..D_15) is refused before anything is sent', () => {
    const bytes = fromHex(point)
    for (const corrupted of [bytes.with(64, bytes[64]! ^ 1), bytes.with(0, 2), bytes.slice(0, 64), new Uint8Array(65), new Uint8Array(1)])
      expect(() => ecdhWithCard(brainpoolSpki(corrupted))).toThrow(CryptoError)
  })

  it.each([
    ['bsi2008', ['desede undefined']],
    ['tr03105', ['desede undefined']],
    ['etsi', ['desede undefined']],
  ])('takes the key of the published DG14 %s, its curve spelled out', (name, ways) => {
    const file = new Uint8Array(readFileSync(new URL(`../../../../test-vectors/lds/${name}-dg14.bin`, import.meta.url)))
    const found = chipAuthenticationChoices(dg14Codec.decode(file).securityInfos.map(openSecurityInfo), 1)
    expect(found.map(({ protocol, keyId }) => `${protocol.cipher} ${keyId}`)).toEqual(ways)
    const spki = found[0]!.publicKey.subjectPublicKeyInfo
    const agreement = ecdhWithCard(spki)
    expect(toHex(agreement.publicKey)).toHaveLength(2 * decodeAgreementKey(spki).element.length)
    expect(agreement.agree()).toHaveLength((agreement.publicKey.length - 1) / 2)
  })

  it('P11 a corrupted DH key (D_03..D_15) is refused before anything is sent: not in the subgroup, negative, too long, in no known group', () => {
    const value = hexField(part(published('dh'), 'expected').chipPublicKey)
    const last = value.length - 1
    for (const corrupted of [value.with(last, value[last]! ^ 1), Uint8Array.of(0), Uint8Array.of(1), concatBytes(value, Uint8Array.of(1))])
      expect(() => dhWithCard(integerSpki(0, corrupted))).toThrow(CryptoError)
    expect(() => dhWithCard(integerSpki(7, value))).toThrow(CryptoError)
    expect(() => dhWithCard(integerSpki(0, value.with(0, 0x80)))).toThrow(DecodeError)
    expect(() => dhWithCard(integerSpki(0, new Uint8Array(0)))).toThrow(DecodeError)
  })

  it('takes a key by its number among the standardized domain parameters', () => {
    const standardized = fromHex(`3052300c060704007f0007010202010d034200${point}`)
    const test = published('ecdh')
    const scalar = hexField(part(test, 'input').terminalPrivateKey).slice(-32)
    expect(point).toBe(part(test, 'expected').chipPublicKey)
    expect(toHex(ecdhWithCard(standardized, () => scalar).agree())).toBe(part(test, 'expected').sharedSecretX)
  })

  it('makes a new ephemeral key each time, in the card’s group, and takes no key of the other kind', () => {
    const [one, two] = [ecdhWithCard(spki), ecdhWithCard(spki)]
    expect(toHex(one.publicKey)).not.toBe(toHex(two.publicKey))
    const integer = integerSpki(0, hexField(part(published('dh'), 'expected').chipPublicKey))
    expect(toHex(dhWithCard(integer).publicKey)).not.toBe(toHex(dhWithCard(integer).publicKey))
    expect(() => dhWithCard(spki)).toThrow(CryptoError)
    expect(() => ecdhWithCard(integer)).toThrow(CryptoError)
  })

  it('does not send a key number out of range, nor an agreement of the other kind', async () => {
    const protocol = protocolOf('0.4.0.127.0.7.2.2.3.1.2')
    expect(() => chipAuthenticationTemplate(protocol, -1)).toThrow(InputError)
    expect(commandHex(chipAuthenticationTemplate(protocol, 0x1234).apdu)).toBe('002241a410800a04007f0007020203010284021234')
    expect(commandHex(chipAuthenticationCommand(Uint8Array.of(9)).apdu)).toBe('00860000057c0380010900')
    const agreement = ecdhWithCard(spki)
    await expect(performChipAuthentication(scriptedChannel([]), { version: 2, protocol, agreement })).rejects.toThrow('agreement')
  })
})
