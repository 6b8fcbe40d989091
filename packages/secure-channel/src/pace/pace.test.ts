import { inspect } from 'node:util'
import { concatBytes, encodeAscii, fromHex, InputError, toHex } from '@kart/codec'
import { agreementGroup, type BackendName, digest, type KeyAlgorithm, useBackend } from '@kart/crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mrzInformation } from '../bac/mrz-information.ts'
import {
  authenticationToken,
  canPassword,
  compressedPublicKey,
  decryptChipAuthenticationData,
  decryptNonce,
  integratedRandom,
  mapGeneric,
  mapIntegrated,
  mrzPassword,
  PacePassword,
  paceCommand,
  paceProtocolOf,
  paceProtocols,
  paceSessionKeys,
  paceSteps,
  performPace,
  pinPassword,
  secureMessagingLayer,
  setPace,
  tokenInput,
  verifyChipAuthenticationMapping,
} from '../index.ts'
import { aesSuite } from '../secure-messaging/cipher-suite.ts'
import { answeringCard, paceExample, paceExamples } from '../testing/pace-example.ts'
import { commandHex, hexField, vectorGroup, vectorGroups } from '../testing/vector-file.ts'
import { chipAuthenticationIv } from './chip-authentication-mapping.ts'

type Values = Readonly<Record<string, string>>

describe.each<BackendName>(['noble', 'node'])('the worked examples of Doc 9303-11 on %s, the terminal alone', (backend) => {
  let before: BackendName
  beforeAll(() => {
    before = useBackend(backend)
  })
  afterAll(() => {
    useBackend(before)
  })

  test.each(paceExamples)('%s: every intermediate value', (name) => {
    const { input, expected, selection, password } = paceExample(name)
    const { protocol } = selection
    const group = agreementGroup(selection.group)
    expect(protocol.oid).toBe(expected.paceInfoOid)
    if (expected.k !== undefined) expect(toHex(digest('sha1', encodeAscii(`${input.mrzInformation}`)))).toBe(expected.k)
    const kPi = password().deriveKey(protocol.cipher)
    expect(toHex(kPi)).toBe(expected.kPi ?? input.kPi)
    const nonce = decryptNonce(protocol.cipher, kPi, hexField(expected.encryptedNonce ?? input.encryptedNonce))
    expect(toHex(nonce)).toBe(input.nonce ?? expected.nonce)
    let generator: Uint8Array
    if (protocol.mapping === 'im') {
      const mapped = mapIntegrated(group, protocol.cipher, nonce, hexField(input.additionalNonce))
      expect([toHex(mapped.pseudoRandom), toHex(mapped.reduced)]).toEqual([expected.r, expected.rp])
      generator = mapped.mappedGenerator
      expect(toHex(generator)).toBe(expected.mappedGenerator)
    } else {
      const mapping = expected.mapping as Values
      const privateKey = hexField(input.mappingTerminalPrivateKey)
      expect(toHex(group.power(group.generator, privateKey))).toBe(mapping.terminalPublicKey)
      const mapped = mapGeneric(group, nonce, privateKey, hexField(mapping.chipPublicKey))
      generator = mapped.mappedGenerator
      expect([toHex(mapped.sharedSecretH), toHex(generator)]).toEqual([mapping.sharedSecretH, mapping.mappedGenerator])
    }
    const agreement = expected.agreement as Values
    const privateKey = hexField(input.terminalPrivateKey)
    const terminalPublicKey = group.power(generator, privateKey)
    expect(toHex(terminalPublicKey)).toBe(agreement.terminalPublicKey)
    const chipPublicKey = group.check(hexField(agreement.chipPublicKey))
    const shared = group.sharedSecret(privateKey, chipPublicKey)
    expect(toHex(shared)).toBe(agreement.sharedSecretX ?? agreement.sharedSecret)
    const keys = paceSessionKeys(protocol.cipher, shared)
    expect([toHex(keys.ksEnc), toHex(keys.ksMac), toHex(keys.ssc)]).toEqual([expected.ksEnc, expected.ksMac, '00'.repeat(16)])
    expect(toHex(tokenInput(protocol, chipPublicKey))).toBe(expected.tokenInputTerminal)
    expect(toHex(tokenInput(protocol, terminalPublicKey))).toBe(expected.tokenInputChip)
    expect(toHex(authenticationToken(protocol, keys.ksMac, chipPublicKey))).toBe(expected.tIfd)
    expect(toHex(authenticationToken(protocol, keys.ksMac, terminalPublicKey))).toBe(expected.tIc)
    if (protocol.mapping === 'cam') {
      const chip = expected.chipAuthentication as Values
      expect(toHex(chipAuthenticationIv(keys.ksEnc))).toBe(chip.iv)
      expect(toHex(aesSuite.decrypt(keys.ksEnc, hexField(chip.iv), hexField(chip.encryptedData)))).toBe(chip.paddedData)
      const data = decryptChipAuthenticationData(group, keys.ksEnc, hexField(input.encryptedChipAuthenticationData))
      expect(toHex(data)).toBe(chip.caIc)
      const evidence = {
        group: selection.group,
        keyId: 13,
        chipAuthenticationData: data,
        mappingPublicKey: hexField(input.mappingChipPublicKey),
      }
      expect(verifyChipAuthenticationMapping(evidence, hexField(input.chipStaticPublicKey))).toBe(true)
    }
  })

  test.each(paceExamples)('%s: the whole exchange, byte for byte, and secure messaging behind it', async (name) => {
    const example = paceExample(name)
    const { expected, selection } = example
    const card = example.card()
    const result = await performPace(card, { selection, password: example.password(), random: example.random() })
    expect(card.left()).toBe(0)
    expect(result).toMatchObject({ password: 'mrz', parametersReferenced: false, triesLeft: undefined, authorityReferences: [] })
    expect(toHex(result.chipPublicKey)).toBe((expected.agreement as Values).chipPublicKey)
    // The first command under the keys of the example, computed apart from the session: SSC 1, DO'97', DO'8E'.
    const header = fromHex('0cb08100800000000000000000000000')
    const objects = fromHex('97010480000000000000000000000000')
    const mac = aesSuite.mac(hexField(expected.ksMac), concatBytes(fromHex(`${'00'.repeat(15)}01`), header, objects))
    const sent = answeringCard([`990290008e08${'00'.repeat(8)}9000`])
    const secured = secureMessagingLayer(result.session)(sent)
    await expect(secured.transmit({ cla: 0, ins: 0xb0, p1: 0x81, p2: 0, data: new Uint8Array(0), ne: 4 })).rejects.toThrow()
    expect(sent.commands).toEqual([`9701048e08${toHex(mac)}`])
    expect(result.session.isOver).toBe(true)
  })

  test.each(['eac-ecdh', 'eac-dh'] as const)('TR-03110 %s: PACE with a PIN, and the identifier of the card', (name) => {
    const { input, expected } = vectorGroups(`eac/${name}.json`)[0]!.tests[0]!
    const [given, pace] = [input.pace as Values, expected.pace as Values]
    const protocol = paceProtocolOf(name === 'eac-ecdh' ? '0.4.0.127.0.7.2.2.4.2.2' : '0.4.0.127.0.7.2.2.4.1.2')!
    const group = agreementGroup(name === 'eac-ecdh' ? 'brainpoolP256r1' : 'MODP-1024-160')
    const kPi = pinPassword('pin', `${input.password}`).deriveKey(protocol.cipher)
    const nonce = decryptNonce(protocol.cipher, kPi, hexField(given.encryptedNonce))
    const mapped = mapGeneric(group, nonce, hexField(given.mappingTerminalPrivateKey), hexField(pace.mappingChipPublicKey))
    const terminalPublicKey = group.power(mapped.mappedGenerator, hexField(given.terminalPrivateKey))
    const chipPublicKey = group.check(hexField(pace.chipPublicKey))
    const shared = group.sharedSecret(hexField(given.terminalPrivateKey), chipPublicKey)
    const keys = paceSessionKeys(protocol.cipher, shared)
    expect(
      [kPi, nonce, mapped.sharedSecretH, mapped.mappedGenerator, terminalPublicKey, shared, keys.ksEnc, keys.ksMac].map(toHex),
    ).toEqual([
      pace.kPi,
      pace.nonce,
      pace.sharedSecretH,
      pace.mappedGenerator,
      pace.terminalPublicKey,
      pace.sharedSecretX ?? pace.sharedSecret,
      pace.ksEnc,
      pace.ksMac,
    ])
    expect(toHex(authenticationToken(protocol, keys.ksMac, chipPublicKey))).toBe(pace.tPcd)
    expect(toHex(authenticationToken(protocol, keys.ksMac, terminalPublicKey))).toBe(pace.tPicc)
    expect(toHex(compressedPublicKey(group.kind, chipPublicKey))).toBe((expected.ta as Values).idPicc)
  })
})

describe('variants of the answers that are taken', () => {
  test.each(['pace-ecdh-im-aes128', 'pace-dh-im-aes128'] as const)('%s: the mapping answered by a bare status word', async (name) => {
    const example = paceExample(name)
    expect(example.apdus[2]?.alsoAccept).toBe('9000')
    for (const answer of ['9000', '7c009000', '7c0282009000']) {
      const card = example.card({ 2: answer })
      await performPace(card, { selection: example.selection, password: example.password(), random: example.random() })
      expect(card.left()).toBe(0)
    }
  })

  test('the references of certification authorities beside the token (Appendix G.2 as published)', async () => {
    const example = paceExample('pace-dh-gm-aes128')
    const card = example.card({ 4: `${example.expected.lastResponseWithCar}9000` })
    const { authorityReferences } = await performPace(card, {
      selection: example.selection,
      password: example.password(),
      random: example.random(),
    })
    expect(authorityReferences.map(toHex)).toEqual(['444554455354435643413030303033'])
  })

  test('chip authentication mapping leaves its evidence, which the static key of the example satisfies', async () => {
    const example = paceExample('pace-cam-aes128')
    const { chipAuthentication } = await performPace(example.card(), {
      selection: example.selection,
      password: example.password(),
      random: example.random(),
    })
    expect(chipAuthentication).toMatchObject({ group: 'brainpoolP256r1', keyId: 13 })
    expect(toHex(chipAuthentication!.mappingPublicKey)).toBe(example.input.mappingChipPublicKey)
    expect(verifyChipAuthenticationMapping(chipAuthentication!, hexField(example.input.chipStaticPublicKey))).toBe(true)
  })
})

describe('MSE:Set AT', () => {
  const { selection, password, random } = paceExample('pace-ecdh-gm-aes128')
  const mse = '800a04007f00070202040202830101'

  test('names the domain parameters, and the authorization of a terminal, where they are given', () => {
    const authorization = fromHex('7f4c0e060904007f000703010202530103')
    const data = setPace(selection.protocol, canPassword('123456'), { parameterId: 13, authorization })
    expect(commandHex(data.apdu)).toBe(`0022c1a42380${'0a04007f00070202040202'}83010284010d${toHex(authorization)}`)
    expect(toHex(setPace(selection.protocol, canPassword('123456'), { parameterId: 300 }).apdu.data)).toContain('8402012c')
    expect(() => setPace(selection.protocol, canPassword('123456'), { parameterId: -1 })).toThrow(InputError)
  })

  test('sends DO 84 at once where the card has several sets, and again only where the card misses it', async () => {
    const several = answeringCard(['9000', '6f00'])
    await expect(
      performPace(several, { selection: { ...selection, referenceParameters: true }, password: password() }),
    ).rejects.toMatchObject({ code: 'status-word', sw: 0x6f00 })
    expect(several.commands[0]).toBe(`${mse}84010d`)
    for (const sw of ['6a80', '6a88']) {
      const missing = answeringCard([sw, '9000', '6f00'])
      await expect(performPace(missing, { selection, password: password(), random: random() })).rejects.toMatchObject({ sw: 0x6f00 })
      expect(missing.commands.slice(0, 2)).toEqual([mse, `${mse}84010d`])
      const stubborn = answeringCard([sw, sw])
      await expect(performPace(stubborn, { selection, password: password() })).rejects.toMatchObject({ code: 'status-word' })
    }
    for (const sw of ['6a86', '6d00', '6982'])
      await expect(performPace(answeringCard([sw]), { selection, password: password() })).rejects.toMatchObject({ code: 'status-word' })
  })

  test('C07 the tries that the card tells: a blocked or deactivated PIN is not tried, a suspended one only when asked for', async () => {
    const pin = () => pinPassword('pin', '123456')
    for (const sw of ['63c0', '6283', '63c1']) {
      const card = answeringCard([sw])
      await expect(performPace(card, { selection, password: pin() })).rejects.toMatchObject({
        code: 'authentication',
        sw: Number.parseInt(sw, 16),
      })
      expect(card.commands).toHaveLength(1)
    }
    const resumed = answeringCard(['63c1', '6f00'])
    await expect(performPace(resumed, { selection, password: pin(), lastTry: 'take' })).rejects.toMatchObject({ sw: 0x6f00 })
    expect(resumed.commands).toHaveLength(2)
    const example = paceExample('pace-ecdh-gm-aes128')
    const { triesLeft } = await performPace(example.card({ 0: '63c2' }), {
      selection,
      password: example.password(),
      random: example.random(),
    })
    expect(triesLeft).toBe(2)
  })
})

describe('GENERAL AUTHENTICATE', () => {
  test('a key of 2048 bits goes in extended length and asks for as much', () => {
    const { apdu } = paceCommand(paceSteps.mapping, new Uint8Array(256).fill(5))
    expect(commandHex(apdu).slice(0, 30)).toBe('108600000001087c82010481820100')
    expect(commandHex(apdu).slice(-4)).toBe('0000')
    expect(commandHex(paceCommand(paceSteps.nonce).apdu)).toBe('10860000027c0000')
  })
})

describe('passwords', () => {
  const named = { '3des': 'desede', aes128: 'aes128', aes192: 'aes192', aes256: 'aes256' } as const satisfies Record<string, KeyAlgorithm>

  test.each(vectorGroup('pace/password-key.json', 'kpi').tests)('K_pi of row $id, $comment', ({ input, expected }) => {
    const value = `${input.password}`
    const type = `${input.type}`.toLowerCase()
    const password =
      type === 'can'
        ? canPassword(value)
        : type === 'mrz'
          ? new PacePassword('mrz', digest('sha1', encodeAscii(value)))
          : pinPassword(type as 'pin' | 'puk', value)
    expect(password.reference).toBe(expected.passwordReference)
    for (const [cipher, algorithm] of Object.entries(named))
      expect(toHex(password.deriveKey(algorithm))).toBe((expected.kPi as Values)[cipher])
  })

  test('the MRZ of Appendix G.1 from its fields', () => {
    const { input, expected } = paceExample('pace-ecdh-gm-aes128')
    const fields = {
      documentNumber: `${input.documentNumber}`,
      dateOfBirth: `${input.dateOfBirth}`,
      dateOfExpiry: `${input.dateOfExpiry}`,
    }
    expect(mrzInformation(fields)).toBe(input.mrzInformation)
    expect(toHex(mrzPassword(fields).deriveKey('aes128'))).toBe(expected.kPi)
  })

  test('malformed ones are refused without being repeated, and nothing shows a good one', () => {
    for (const call of [
      () => canPassword('12345'),
      () => canPassword('12345a'),
      () => pinPassword('pin', '123'),
      () => pinPassword('puk', 'Ünïcödé'),
    ]) {
      expect(call).toThrow(InputError)
      expect(call).not.toThrow(/12345|123|Ün/)
    }
    expect(() => new PacePassword('can', new Uint8Array(0))).toThrow(InputError)
    const password = canPassword('937462')
    for (const shown of [inspect(password, { showHidden: true, depth: 9 }), JSON.stringify(password)])
      expect(shown).not.toMatch(/937462|39,?\s*33|57, 51/)
    password.destroy()
    expect(toHex(password.deriveKey('aes128'))).not.toBe(toHex(canPassword('937462').deriveKey('aes128')))
  })
})

describe('the pseudo-random function of the integrated mapping', () => {
  test.each([
    ['desede', 16, 16, 3 * 16],
    ['aes128', 16, 16, 3 * 16],
    ['aes192', 32, 24, 2 * 32],
    ['aes256', 32, 32, 2 * 32],
  ] as const)('%s: nonces of %d and %d bytes give %d for a field of 256 bits', (cipher, nonce, additional, length) => {
    expect(integratedRandom(cipher, new Uint8Array(nonce), new Uint8Array(additional), 256)).toHaveLength(length)
    expect(() => integratedRandom(cipher, new Uint8Array(nonce - 8), new Uint8Array(additional), 256)).toThrow(InputError)
    expect(() => integratedRandom(cipher, new Uint8Array(nonce), new Uint8Array(additional + 8), 256)).toThrow(InputError)
  })
})

test('the table of protocols: nineteen, each found by its identifier', () => {
  expect(paceProtocols).toHaveLength(19)
  expect(paceProtocolOf('0.4.0.127.0.7.2.2.4.6.4')).toMatchObject({
    name: 'id-PACE-ECDH-CAM-AES-CBC-CMAC-256',
    agreement: 'ecdh',
    mapping: 'cam',
    cipher: 'aes256',
  })
  for (const oid of ['0.4.0.127.0.7.2.2.4.6.1', '0.4.0.127.0.7.2.2.4.2', '0.4.0.127.0.7.2.2.4.5.2', '1.2.3'])
    expect(paceProtocolOf(oid)).toBeUndefined()
})
