import { readFileSync } from 'node:fs'
import { DecodeError, encodeTlv, fromHex, InputError, toHex } from '@kart/codec'
import { decodeCvCertificate, encodeKeyReference } from '@kart/layout'
import { describe, expect, it } from 'vitest'
import { AuthenticationError } from '../channel-error.ts'
import { compressedPublicKey } from '../compressed-public-key.ts'
import { type TestPki, testPki } from '../testing/test-pki.ts'
import { commandHex, hexField, scriptedChannel, type VectorTest, vectorGroup, vectorGroups } from '../testing/vector-file.ts'
import { idPiccFromMrz, terminalAuthenticationData } from './authentication-data.ts'
import { openCvKey, verifyCvSignature } from './cv-key.ts'
import { type CvSigner, keySigner } from './cv-signer.ts'
import {
  auxiliaryData,
  certificateCommands,
  performTerminalAuthentication,
  terminalAuthenticationTemplate,
} from './perform-terminal-authentication.ts'

type Fields = Readonly<Record<string, string>>
const part = (test: VectorTest, side: 'input' | 'expected', name: string): Fields => test[side][name] as Fields
const published = (name: 'ecdh' | 'dh'): VectorTest => vectorGroups(`eac/eac-${name}.json`)[0]!.tests[0]!
const certificate = (hex: string | undefined) => decodeCvCertificate(hexField(hex))
const lengthField = (length: number): string =>
  length > 255 ? `00${length.toString(16).padStart(4, '0')}` : length.toString(16).padStart(2, '0')
const mse = (p1p2: string, data: string): string => `0022${p1p2}${lengthField(data.length / 2)}${data}`
const name = (reference: string): string => toHex(encodeTlv(0x83, encodeKeyReference(reference)))

describe('terminal authentication version 2, the worked examples of TR-03110', () => {
  it.each(['ecdh', 'dh'] as const)('%s: identifier, compressed key, signed data and signature', (kind) => {
    const test = published(kind)
    const input = part(test, 'input', 'ta')
    const expected = part(test, 'expected', 'ta')
    const idPicc = compressedPublicKey(kind, hexField(part(test, 'expected', 'pace').chipPublicKey))
    const compressedKey = compressedPublicKey(kind, hexField(part(test, 'expected', 'ca').terminalPublicKey))
    expect([toHex(idPicc), toHex(compressedKey)]).toEqual([expected.idPicc, expected.compressedTerminalKey])
    const data = terminalAuthenticationData({
      idPicc,
      challenge: hexField(input.challenge),
      compressedKey,
      auxiliaryData: hexField(input.auxiliaryData),
    })
    expect(toHex(data)).toBe(expected.signedData)
    const root = certificate(input.cvca).publicKey
    const policy = { minRsaBits: 1024, algorithms: ['id-TA-RSA-v1-5-SHA-1', 'id-TA-ECDSA-SHA-512'] } as const
    const key = openCvKey(certificate(input.terminal).publicKey, root.kind === 'ec' ? root.domain : undefined, policy)
    expect(key.algorithm.name).toContain(expected.algorithm!.replace('v1_5', 'v1-5'))
    expect(verifyCvSignature(key, data, hexField(expected.signature))).toBe(true)
    expect(verifyCvSignature(key, data.with(0, data[0]! ^ 1), hexField(expected.signature))).toBe(false)
  })

  it('dh: the published private key makes the published RSA signature', async () => {
    const test = published('dh')
    const signer = keySigner(hexField(part(test, 'input', 'ta').terminalPrivateKeyPkcs8), 'id-TA-RSA-v1-5-SHA-1')
    expect(toHex(await signer.sign(hexField(part(test, 'expected', 'ta').signedData)))).toBe(part(test, 'expected', 'ta').signature)
  })

  it('ecdh: a signature of the published private key verifies under the published certificate', async () => {
    const test = published('ecdh')
    const input = part(test, 'input', 'ta')
    const root = certificate(input.cvca).publicKey
    const signer = keySigner(hexField(input.terminalPrivateKeyPkcs8), 'id-TA-ECDSA-SHA-512')
    const data = hexField(part(test, 'expected', 'ta').signedData)
    const key = openCvKey(certificate(input.terminal).publicKey, root.kind === 'ec' ? root.domain : undefined)
    expect(verifyCvSignature(key, data, await signer.sign(data))).toBe(true)
  })

  it.each(['ecdh', 'dh'] as const)('%s: the whole exchange, command by command', async (kind) => {
    const test = published(kind)
    const input = part(test, 'input', 'ta')
    const expected = part(test, 'expected', 'ta')
    const chain = [certificate(input.dv), certificate(input.terminal)]
    const oid = kind === 'ecdh' ? '800a04007f00070202020205' : '800a04007f00070202020101'
    // The one thing that the exchange leaves to chance: the signature, here the published one, over the published data.
    const signer: CvSigner = {
      algorithm: kind === 'ecdh' ? 'id-TA-ECDSA-SHA-512' : 'id-TA-RSA-v1-5-SHA-1',
      sign: (data) => (toHex(data) === expected.signedData ? hexField(expected.signature) : new Uint8Array(1)),
    }
    const rows: [string, string][] = chain.flatMap(({ authorityReference, raw }): [string, string][] => {
      const content = toHex(raw).slice(toHex(raw).startsWith('7f2182') ? 10 : 8)
      return [
        [mse('81b6', name(authorityReference)), '9000'],
        [`002a00be${lengthField(content.length / 2)}${content}`, '9000'],
      ]
    })
    const channel = scriptedChannel([
      ...rows,
      [
        mse(
          '81a4',
          `${oid}${name('DETESTATDE019')}91${lengthField(expected.compressedTerminalKey!.length / 2)}${expected.compressedTerminalKey}`,
        ),
        '9000',
      ],
      ['0084000008', `${input.challenge}9000`],
      [`0082000080${expected.signature}`, '9000'],
    ])
    const [idPicc, compressedKey] = [hexField(expected.idPicc), hexField(expected.compressedTerminalKey)]
    await performTerminalAuthentication(channel, { version: 2, chain, signer, idPicc, compressedKey })
    expect(channel.left()).toBe(0)
  })
})

describe('terminal authentication version 1', () => {
  const file = (path: unknown) =>
    decodeCvCertificate(new Uint8Array(readFileSync(new URL(`../../../../test-vectors/${path}`, import.meta.url))))
  const root = file('cvc/tr-ecdh-cvca.cvcert').publicKey

  it.each(vectorGroup('eac/ca-ta-v1.json', 'terminal-authentication').tests)('$id $comment', async ({ input, expected, result }) => {
    const terminal = file(input.terminalCertificate)
    const [idPicc, challenge, compressedKey] = [hexField(input.idPicc), hexField(input.challenge), hexField(input.compressedTerminalKey)]
    const data = terminalAuthenticationData({ idPicc, challenge, compressedKey })
    const key = openCvKey(terminal.publicKey, root.kind === 'ec' ? root.domain : undefined)
    expect(verifyCvSignature(key, data, hexField(input.signature))).toBe(expected.accepted)
    expect(expected.accepted).toBe(result === 'valid')
    if (!expected.accepted) return
    expect(toHex(data)).toBe(expected.signedData)
    const apdus = expected.apdus as { command: string; response: string }[]
    const rows = [terminal].flatMap((each) => [
      ...certificateCommands(each).map((command) => [commandHex(command.apdu), '9000'] as const),
      ['002281a40f830d44455445535441544445303139', '9000'] as const,
    ])
    const channel = scriptedChannel([...rows, ...apdus.map(({ command, response }) => [command, response] as const)])
    const signer: CvSigner = {
      algorithm: 'id-TA-ECDSA-SHA-512',
      sign: (given) => (toHex(given) === expected.signedData ? hexField(input.signature) : new Uint8Array(1)),
    }
    await performTerminalAuthentication(channel, { version: 1, chain: [terminal], signer, idPicc, compressedKey })
    expect(channel.left()).toBe(0)
  })

  it('the card’s identifier after BAC is that of the vectors', () => {
    expect(toHex(idPiccFromMrz('D23145890', '7'))).toBe(vectorGroup('eac/ca-ta-v1.json', 'terminal-authentication').tests[0]!.input.idPicc)
    expect(toHex(idPiccFromMrz('D2314', '7'))).toBe('4432333134' + '3c3c3c3c' + '37')
    expect(() => idPiccFromMrz('D231458907', '1')).toThrow(InputError)
    expect(() => idPiccFromMrz('D23145890', 'x')).toThrow(InputError)
  })
})

describe('terminal authentication, when something is wrong', () => {
  const compressedKey = new Uint8Array(32).fill(5)
  const idPicc = new Uint8Array(32).fill(6)
  const options = (pki: TestPki) =>
    ({ version: 1, chain: [pki.dv, pki.terminal], signer: pki.keys.terminal.signer, idPicc, compressedKey }) as const
  const certificateRows = (pki: TestPki): [string, string][] =>
    [pki.dv, pki.terminal].flatMap((each) =>
      certificateCommands(each).map((command): [string, string] => [commandHex(command.apdu), '9000']),
    )
  const template = (pki: TestPki): [string, string] => [commandHex(terminalAuthenticationTemplate(pki.terminal).apdu), '9000']

  it.each([
    ['7 bytes (E_12)', '01020304050607'],
    ['9 bytes (E_13)', '010203040506070809'],
    ['no bytes', ''],
  ])('P12 a challenge of %s is refused, and nothing is signed', async (_what, challenge) => {
    const pki = await testPki()
    const channel = scriptedChannel([...certificateRows(pki), template(pki), ['0084000008', `${challenge}9000`]])
    let signed = 0
    const signer = { ...pki.keys.terminal.signer, sign: () => new Uint8Array(++signed) }
    await expect(performTerminalAuthentication(channel, { ...options(pki), signer })).rejects.toThrow(DecodeError)
    expect([signed, channel.left()]).toEqual([0, 0])
    expect(() => terminalAuthenticationData({ idPicc, challenge: fromHex(challenge), compressedKey })).toThrow(InputError)
  })

  it.each([
    ['the verifier’s authority', 0, '6a88'],
    ['the verifier’s certificate (E_17, E_19..E_21)', 1, '6300'],
    ['the terminal’s authority', 2, '6a88'],
    ['the terminal’s certificate (E_18, E_19..E_21)', 3, '6300'],
    ['the terminal’s key', 4, '6a88'],
  ])('P12 a card that refuses %s ends it there', async (_what, step, sw) => {
    const pki = await testPki()
    const rows = [...certificateRows(pki), template(pki)].slice(0, step + 1)
    rows[step] = [rows[step]![0], sw]
    const channel = scriptedChannel(rows)
    const run = performTerminalAuthentication(channel, options(pki))
    await expect(run).rejects.toThrow(AuthenticationError)
    await expect(run).rejects.toMatchObject({ protocol: 'terminal authentication', sw: Number.parseInt(sw, 16) })
    expect(channel.left()).toBe(0)
  })

  it('P12 a card that refuses the signature says so', async () => {
    const pki = await testPki()
    const signature = new Uint8Array(64).fill(9)
    const signer = { ...pki.keys.terminal.signer, sign: () => signature }
    const channel = scriptedChannel([
      ...certificateRows(pki),
      template(pki),
      ['0084000008', '01020304050607089000'],
      [`0082000040${toHex(signature)}`, '6300'],
    ])
    await expect(performTerminalAuthentication(channel, { ...options(pki), signer })).rejects.toMatchObject({ sw: 0x6300 })
  })

  it('P12 E_24 a chain without a terminal, or a signer of another algorithm, is refused before anything is sent', async () => {
    const pki = await testPki()
    const channel = scriptedChannel([])
    await expect(performTerminalAuthentication(channel, { ...options(pki), chain: [pki.dv] })).rejects.toThrow('chain')
    await expect(performTerminalAuthentication(channel, { ...options(pki), chain: [] })).rejects.toThrow('chain')
    const signer = { ...pki.keys.terminal.signer, algorithm: 'id-TA-ECDSA-SHA-512' } as const
    await expect(performTerminalAuthentication(channel, { ...options(pki), signer })).rejects.toThrow('signer.algorithm')
    await expect(performTerminalAuthentication(channel, { ...options(pki), auxiliaryData: fromHex('6700') })).rejects.toThrow(
      'auxiliaryData',
    )
  })

  it('auxiliary data are named to the card without their tag and signed with it', async () => {
    const pki = await testPki()
    // Age verification, BSI TR-03110-3 v2.21, A.7.5.2.
    const data = auxiliaryData([{ oid: '0.4.0.127.0.7.3.1.4.1', data: new TextEncoder().encode('19900101') }])
    expect(toHex(data)).toBe('67177315060904007f000703010401' + '53083139393030313031')
    const command = terminalAuthenticationTemplate(pki.terminal, { compressedKey: Uint8Array.of(7), auxiliaryData: data })
    expect(commandHex(command.apdu)).toBe(mse('81a4', `800a04007f00070202020203${name('IRTERM00001')}${toHex(data)}910107`))
    const signed = terminalAuthenticationData({ idPicc, challenge: new Uint8Array(8), compressedKey, auxiliaryData: data })
    expect(toHex(signed).endsWith(toHex(data))).toBe(true)
    expect(() => auxiliaryData([])).toThrow(InputError)
  })

  it('a compressed point is refused where an uncompressed one is compressed', () => {
    expect(() => compressedPublicKey('ecdh', fromHex('02aabb'))).toThrow(InputError)
    expect(() => compressedPublicKey('ecdh', fromHex('04aabbcc'))).toThrow(InputError)
  })
})
