import { createHash } from 'node:crypto'
import { encodeAscii, fromHex, toHex } from '@kart/codec'
import type { PaceOfferSpec, PacePasswordName } from '@kart/layout/profile'
import { describe, expect, it } from 'vitest'
import type { EmulatedCard } from '../../emulated-card.ts'
import type { AgreementGroup } from '../../key-agreement/agreement-group.ts'
import { standardizedGroup } from '../../key-agreement/domain-parameters.ts'
import { mod, modInverse, toBytes, toInteger } from '../../key-agreement/modular.ts'
import type { PacePassword } from '../../memory/card-state.ts'
import { givenRandom, type PaceExample, paceExample, profileOffering } from '../../testing/pace-example.ts'
import { cardInState, sendHex } from '../../testing/terminal.ts'
import { loadGroups } from '../../testing/vectors.ts'
import { deriveKey } from '../key-derivation.ts'
import { authenticationToken, encryptChipAuthenticationData, tokenInput } from './authentication-token.ts'
import { mapGenerically, mapIntegratedly, pseudoRandom } from './nonce-mapping.ts'
import { paceCiphers } from './pace-cipher.ts'
import { type PaceProtocol, paceProtocolOf } from './pace-protocol.ts'
import { PaceRun } from './pace-run.ts'
import { freshPassword } from './password-secret.ts'

const mrzSecret = (example: PaceExample): Uint8Array =>
  new Uint8Array(createHash('sha1').update(encodeAscii(example.input.mrzInformation!)).digest())
const exampleGroup = (example: PaceExample): AgreementGroup => standardizedGroup(example.parameterId)!
const protocolOf = (example: PaceExample): PaceProtocol =>
  paceProtocolOf(fromHex(example.expected.apdus[0]!.command).slice(7, 17)) ?? expect.fail('no protocol in the example')

function cardOf(example: PaceExample, secret: Uint8Array, random: (length: number) => Uint8Array, trustPoints: readonly Uint8Array[] = []) {
  const { agreement, mapping, cipher } = protocolOf(example)
  const offer: PaceOfferSpec = { agreement, mapping, cipher, parameterId: example.parameterId }
  const passwords = new Map<PacePasswordName, PacePassword>([['mrz', { ...freshPassword('mrz', secret) }]])
  return cardInState((state) => ({ ...state, pacePasswords: passwords, trust: { trustPoints, date: undefined } }), {
    profile: profileOffering(offer),
    random,
  })
}

function replay(card: EmulatedCard, example: PaceExample): void {
  for (const { step, command, response } of example.expected.apdus) expect([step, sendHex(card, command)]).toEqual([step, response])
}

describe('Doc 9303-11 appendix G drives the card alone', () => {
  it.each(['pace-ecdh-gm-aes128', 'pace-dh-gm-aes128'])('%s: every APDU byte for byte, with the example’s random values', (name) => {
    const example = paceExample(name)
    const { input } = example
    const random = givenRandom(input.nonce!, input.mappingChipPrivateKey!, input.chipPrivateKey!)
    replay(cardOf(example, mrzSecret(example), random), example)
  })

  it.each(['pace-ecdh-gm-aes128', 'pace-dh-gm-aes128'])('%s: every intermediate value', (name) => {
    const example = paceExample(name)
    const { input, expected } = example
    const group = exampleGroup(example)
    const { cipher } = protocolOf(example)
    const [mappingKey, chipKey] = [fromHex(input.mappingChipPrivateKey!), fromHex(input.chipPrivateKey!)]
    const passwordKey = deriveKey(cipher, mrzSecret(example), 3)
    expect(toHex(mrzSecret(example))).toBe(expected.k)
    expect(toHex(passwordKey)).toBe(expected.kPi)
    expect(toHex(paceCiphers[cipher].encrypt(passwordKey, fromHex(input.nonce!)))).toBe(expected.encryptedNonce)
    const { mapping, agreement } = expected
    expect(toHex(group.multiply(group.generator, mappingKey))).toBe(mapping!.chipPublicKey)
    const shared = group.multiply(group.take(fromHex(mapping!.terminalPublicKey!))!, mappingKey)
    expect(toHex(shared)).toBe(mapping!.sharedSecretH)
    const generator = mapGenerically(group, fromHex(input.nonce!), shared)!
    expect(toHex(generator)).toBe(mapping!.mappedGenerator)
    expect(toHex(group.multiply(generator, chipKey))).toBe(agreement.chipPublicKey)
    const secret = group.secret(fromHex(agreement.terminalPublicKey!), chipKey)
    expect(toHex(secret)).toBe(agreement.sharedSecretX ?? agreement.sharedSecret)
    sessionValues(example, secret)
  })

  it('pace-dh-gm-aes128: the last answer carries the reference of the trust point when the terminal sends its authorization', () => {
    const example = paceExample('pace-dh-gm-aes128')
    const { input, expected } = example
    const cvca = fromHex((loadGroups('eac/eac-dh.json')[0]!.tests[0]!.input as unknown as { ta: { cvca: string } }).ta.cvca)
    const random = givenRandom(input.nonce!, input.mappingChipPrivateKey!, input.chipPrivateKey!)
    const card = cardOf(example, mrzSecret(example), random, [cvca])
    const [set, ...steps] = expected.apdus
    const authorization = '7f4c0e060904007f000703010201530103'
    const command = `0022c1a4${(0x0f + authorization.length / 2).toString(16)}${set!.command.slice(10)}${authorization}`
    expect(sendHex(card, command)).toBe('9000')
    const answers = steps.map((step) => sendHex(card, step.command))
    expect(answers.at(-1)).toBe(`${expected.lastResponseWithCar}9000`)
  })
})

/** Keys, token inputs and tokens. */
function sessionValues(example: PaceExample, secret: Uint8Array): void {
  const protocol = protocolOf(example)
  const { expected } = example
  expect(toHex(deriveKey(protocol.cipher, secret, 1))).toBe(expected.ksEnc)
  const macKey = deriveKey(protocol.cipher, secret, 2)
  expect(toHex(macKey)).toBe(expected.ksMac)
  const { terminalPublicKey, chipPublicKey } = expected.agreement
  expect(toHex(tokenInput(protocol, fromHex(chipPublicKey!)))).toBe(expected.tokenInputTerminal)
  expect(toHex(tokenInput(protocol, fromHex(terminalPublicKey!)))).toBe(expected.tokenInputChip)
  expect(toHex(authenticationToken(protocol, macKey, fromHex(chipPublicKey!)))).toBe(expected.tIfd)
  expect(toHex(authenticationToken(protocol, macKey, fromHex(terminalPublicKey!)))).toBe(expected.tIc)
}

describe('Doc 9303-11 appendix H drives the card alone', () => {
  // K_pi is given in these examples: that of the password 123456.
  const secret = encodeAscii('123456')

  it('pace-ecdh-im-aes128: every APDU byte for byte, with the example’s random values', () => {
    const example = paceExample('pace-ecdh-im-aes128')
    replay(cardOf(example, secret, givenRandom(example.input.nonce!, example.input.chipPrivateKey!)), example)
  })

  it('pace-dh-im-aes128: every step byte for byte, the card’s private key, which is not published, stood in for by the terminal’s', () => {
    const example = paceExample('pace-dh-im-aes128')
    const { input, expected } = example
    const real = exampleGroup(example)
    const terminalKey = toBytes(mod(toInteger(fromHex(input.terminalPrivateKey!)), real.order), real.orderLength)
    const group = standIn(real, {
      multiply: () => fromHex(expected.agreement.chipPublicKey!),
      secret: () => real.secret(fromHex(expected.agreement.chipPublicKey!), terminalKey),
    })
    runSteps(example, new PaceRun({ protocol: protocolOf(example), group, secret, chipKey: undefined, random: nonceThen(input.nonce!) }))
  })

  it.each(['pace-ecdh-im-aes128', 'pace-dh-im-aes128'])('%s: every intermediate value', (name) => {
    const example = paceExample(name)
    const { input, expected } = example
    const group = exampleGroup(example)
    const { cipher } = protocolOf(example)
    const [nonce, additional] = [fromHex(input.nonce!), fromHex(input.additionalNonce!)]
    expect(toHex(deriveKey(cipher, secret, 3))).toBe(input.kPi)
    expect(toHex(paceCiphers[cipher].encrypt(fromHex(input.kPi!), nonce))).toBe(expected.encryptedNonce)
    expect(toHex(pseudoRandom(cipher, nonce, additional, group.fieldBits))).toBe(expected.r)
    const generator = mapIntegratedly(group, cipher, nonce, additional)!
    expect(toHex(generator)).toBe(expected.mappedGenerator)
    const terminalKey = toBytes(mod(toInteger(fromHex(input.terminalPrivateKey!)), group.order), group.orderLength)
    expect(toHex(group.multiply(generator, terminalKey))).toBe(expected.agreement.terminalPublicKey)
    if (input.chipPrivateKey) expect(toHex(group.multiply(generator, fromHex(input.chipPrivateKey)))).toBe(expected.agreement.chipPublicKey)
    const secretValue = group.secret(group.take(fromHex(expected.agreement.chipPublicKey!))!, terminalKey)
    expect(toHex(secretValue)).toBe(expected.agreement.sharedSecretX ?? expected.agreement.sharedSecret)
    sessionValues(example, secretValue)
  })
})

/** The nonce, then bytes that stand for private keys that were not published. */
function nonceThen(nonce: string): (length: number) => Uint8Array {
  let draws = 0
  return (length) => (draws++ === 0 ? fromHex(nonce) : Uint8Array.from({ length }, (_, i) => (i === length - 1 ? draws : 0)))
}

/** The group with some of its calls answered from the example. */
function standIn(real: AgreementGroup, calls: Partial<AgreementGroup>): AgreementGroup {
  const group: AgreementGroup = {
    kind: real.kind,
    order: real.order,
    orderLength: real.orderLength,
    fieldBits: real.fieldBits,
    generator: real.generator,
    take: (bytes) => real.take(bytes),
    multiplier: (scalar) => ({
      generator: () => group.multiply(real.generator, scalar),
      element: (element) => group.multiply(element, scalar),
      secret: (element) => group.secret(element, scalar),
    }),
    multiply: (element, scalar) => real.multiply(element, scalar),
    secret: (element, scalar) => real.secret(element, scalar),
    combine: (a, b) => real.combine(a, b),
    encode: (value) => real.encode(value),
    ...calls,
  }
  return group
}

const objectOf = (apdu: string, start: number): Uint8Array => {
  const bytes = fromHex(apdu)
  const at = start + (bytes[start] === 0x7c && bytes[start + 1]! > 0x80 ? 3 : 2)
  const long = bytes[at + 1]! > 0x80
  const length = long ? bytes[at + 2]! : bytes[at + 1]!
  const from = at + (long ? 3 : 2)
  return bytes.slice(from, from + length)
}

/** Drives the run itself by the example's objects. */
function runSteps(example: PaceExample, run: PaceRun): Uint8Array | undefined {
  const [, nonce, map, agree, token] = example.expected.apdus
  expect(toHex(run.encryptNonce())).toBe(toHex(objectOf(nonce!.response, 0)))
  expect(toHex(run.mapNonce(objectOf(map!.command, 5))!)).toBe(toHex(objectOf(map!.response, 0)))
  expect(toHex(run.agree(objectOf(agree!.command, 5))!)).toBe(toHex(objectOf(agree!.response, 0)))
  const proof = run.confirm(objectOf(token!.command, 5))!
  expect(toHex(proof.token)).toBe(example.expected.tIc)
  expect([toHex(proof.encryptionKey), toHex(proof.macKey)]).toEqual([example.expected.ksEnc, example.expected.ksMac])
  return proof.chipAuthenticationData
}

describe('Doc 9303-11 appendix I drives the card alone', () => {
  const example = paceExample('pace-cam-aes128')
  const { input, expected } = example
  const real = exampleGroup(example)
  const { mapping, agreement, chipAuthentication } = expected

  it('every step byte for byte, the card’s private keys, which are not published, stood in for by the terminal’s', () => {
    const [mapKey, agreeKey] = [fromHex(input.mappingTerminalPrivateKey!), fromHex(input.terminalPrivateKey!)]
    let products = 0
    const group = standIn(real, {
      // The card multiplies three times, and once more for the nonce: mapping key, shared element, s · G, ephemeral key.
      multiply: (element, scalar) => {
        products++
        if (products === 1) return fromHex(mapping!.chipPublicKey!)
        if (products === 2) return real.multiply(fromHex(mapping!.chipPublicKey!), mapKey)
        if (products === 3) return real.multiply(element, scalar)
        return fromHex(agreement.chipPublicKey!)
      },
      secret: () => real.secret(fromHex(agreement.chipPublicKey!), agreeKey),
    })
    // The mapping key stands as 2; a static key of 2 / CA_IC then gives the example's CA_IC.
    const chipKey = toBytes(mod(2n * modInverse(toInteger(fromHex(chipAuthentication!.caIc!)), real.order), real.order), real.orderLength)
    const run = new PaceRun({
      protocol: protocolOf(example),
      group,
      secret: mrzSecret(example),
      chipKey,
      random: nonceThen(expected.nonce!),
    })
    expect(toHex(runSteps(example, run)!)).toBe(chipAuthentication!.encryptedData)
  })

  it('every intermediate value', () => {
    const { cipher } = protocolOf(example)
    expect(toHex(deriveKey(cipher, mrzSecret(example), 3))).toBe(expected.kPi)
    expect(toHex(paceCiphers[cipher].encrypt(fromHex(expected.kPi!), fromHex(expected.nonce!)))).toBe(input.encryptedNonce)
    const shared = real.multiply(fromHex(mapping!.chipPublicKey!), fromHex(input.mappingTerminalPrivateKey!))
    expect(toHex(shared)).toBe(mapping!.sharedSecretH)
    expect(toHex(mapGenerically(real, fromHex(expected.nonce!), shared)!)).toBe(mapping!.mappedGenerator)
    const secret = real.secret(fromHex(agreement.chipPublicKey!), fromHex(input.terminalPrivateKey!))
    expect(toHex(secret)).toBe(agreement.sharedSecretX)
    sessionValues(example, secret)
    const caIc = fromHex(chipAuthentication!.caIc!)
    expect(toHex(encryptChipAuthenticationData(fromHex(expected.ksEnc!), caIc))).toBe(chipAuthentication!.encryptedData)
    expect(toHex(real.multiply(fromHex(input.chipStaticPublicKey!), caIc))).toBe(mapping!.chipPublicKey)
  })
})

describe('PACE of TR-03110’s worked examples drives the card alone', () => {
  interface EacPace {
    readonly input: { readonly password: string; readonly pace: Readonly<Record<string, string>> }
    readonly expected: { readonly pace: Readonly<Record<string, string>> }
  }
  it.each([
    ['eac-ecdh', 13],
    ['eac-dh', 0],
  ] as const)('%s with the PIN', (name, parameterId) => {
    const { input, expected } = loadGroups(`eac/${name}.json`)[0]!.tests[0]! as unknown as EacPace
    const group = standardizedGroup(parameterId)!
    // Its private keys of integers are longer than the order.
    const scalar = (hex: string): string => toHex(toBytes(mod(toInteger(fromHex(hex)), group.order), group.orderLength))
    const protocol = paceProtocolOf(
      fromHex(expected.pace.tokenInputChip!)
        .slice(name === 'eac-dh' ? 6 : 5)
        .slice(0, 10),
    )!
    expect(protocol.agreement).toBe(group.kind)
    const run = new PaceRun({
      protocol,
      group,
      secret: encodeAscii(input.password),
      chipKey: undefined,
      random: givenRandom(expected.pace.nonce!, scalar(input.pace.mappingChipPrivateKey!), scalar(input.pace.chipPrivateKey!)),
    })
    expect(toHex(run.encryptNonce())).toBe(input.pace.encryptedNonce)
    expect(toHex(run.mapNonce(fromHex(expected.pace.mappingTerminalPublicKey!))!)).toBe(expected.pace.mappingChipPublicKey)
    expect(toHex(run.agree(fromHex(expected.pace.terminalPublicKey!))!)).toBe(expected.pace.chipPublicKey)
    const proof = run.confirm(fromHex(expected.pace.tPcd!))!
    expect([proof.token, proof.encryptionKey, proof.macKey].map((bytes) => toHex(bytes))).toEqual([
      expected.pace.tPicc,
      expected.pace.ksEnc,
      expected.pace.ksMac,
    ])
  })
})
