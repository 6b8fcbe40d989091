import { createHash } from 'node:crypto'
import { encodeAscii, fromHex, toHex } from '@kart/codec'
import { nationalId, type PacePasswordName } from '@kart/layout/profile'
import { mapIntegratedly, pseudoRandom } from '../../../emulator/src/emrtd/pace/nonce-mapping.ts'
import { type PaceProtocol, paceProtocolOf } from '../../../emulator/src/emrtd/pace/pace-protocol.ts'
import { PaceRun } from '../../../emulator/src/emrtd/pace/pace-run.ts'
import { freshPassword } from '../../../emulator/src/emrtd/pace/password-secret.ts'
import type { AgreementGroup } from '../../../emulator/src/key-agreement/agreement-group.ts'
import { standardizedGroup } from '../../../emulator/src/key-agreement/domain-parameters.ts'
import { modInverse, toBytes, toInteger } from '../../../emulator/src/key-agreement/modular.ts'
import type { PacePassword } from '../../../emulator/src/memory/card-state.ts'
import { givenRandom, type PaceExample, paceExample, profileOffering } from '../../../emulator/src/testing/pace-example.ts'
import { type EacExample, eacExamples, scalarOf } from './eac-example.ts'
import { answer, cardIn } from './given-card.ts'
import { hexOf, type Load, same, type Vector } from './vector-rows.ts'

/** Of the MRZ; appendix H gives K_pi, which is that of 123456. */
function secretOf({ input }: PaceExample): Uint8Array {
  const { mrzInformation } = input
  return mrzInformation === undefined ? encodeAscii('123456') : new Uint8Array(createHash('sha1').update(mrzInformation).digest())
}

const protocolOf = ({ expected }: PaceExample): PaceProtocol => {
  const protocol = paceProtocolOf(fromHex(expected.apdus[0]!.command).slice(7, 17))
  if (protocol === undefined) throw new Error('no protocol')
  return protocol
}

/** A whole worked example, every answer byte for byte. */
function workedExample(name: string): void {
  const example = paceExample(name)
  const { input, expected, parameterId } = example
  const { agreement, mapping, cipher } = protocolOf(example)
  const passwords = new Map<PacePasswordName, PacePassword>([['mrz', freshPassword('mrz', secretOf(example))]])
  const draws = [input.nonce, input.mappingChipPrivateKey, input.chipPrivateKey].filter((value) => value !== undefined)
  const profile = profileOffering({ agreement, mapping, cipher, parameterId })
  const card = cardIn((state) => ({ ...state, pacePasswords: passwords }), profile, undefined, givenRandom(...draws))
  for (const { step, command, response } of expected.apdus) same(step, answer(card, command), response)
}

/** The integrated mapping over integers, whose private key of the card is not published. */
function integratedIntegers(): void {
  const { input, expected, parameterId } = paceExample('pace-dh-im-aes128')
  const group = standardizedGroup(parameterId)!
  const [nonce, additional] = [hexOf(input.nonce), hexOf(input.additionalNonce)]
  same('R(s, t)', toHex(pseudoRandom('AES-128', nonce, additional, group.fieldBits)), expected.r)
  same('generator', toHex(mapIntegratedly(group, 'AES-128', nonce, additional)!), expected.mappedGenerator)
}

/** Appendix I, the card's private keys, which are not published, stood in for: 2 is the mapping key, and 2 / CA_IC the static one. */
function chipMapping(): void {
  const example = paceExample('pace-cam-aes128')
  const { input, expected, parameterId } = example
  const { mapping, agreement, chipAuthentication, apdus } = expected
  const real = standardizedGroup(parameterId)!
  let products = 0
  const group = Object.create(real, {
    generator: { get: () => real.generator },
    take: { value: (bytes: Uint8Array) => real.take(bytes) },
    combine: { value: (a: Uint8Array, b: Uint8Array) => real.combine(a, b) },
    multiply: { value: (element: Uint8Array, scalar: Uint8Array) => real.multiply(element, scalar) },
    multiplier: {
      value: (scalar: Uint8Array) => ({
        generator: () => (products++ === 0 ? hexOf(mapping!.chipPublicKey) : real.multiply(real.generator, scalar)),
        element: () => (products++ === 1 ? hexOf(mapping!.sharedSecretH) : hexOf(agreement.chipPublicKey)),
        secret: () => hexOf(agreement.sharedSecretX),
      }),
    },
    order: { value: real.order },
    orderLength: { value: real.orderLength },
    fieldBits: { value: real.fieldBits },
  }) as AgreementGroup
  const two = toBytes(2n, real.orderLength)
  const chipKey = toBytes((2n * modInverse(toInteger(hexOf(chipAuthentication!.caIc)), real.order)) % real.order, real.orderLength)
  const draws = [hexOf(expected.nonce), two, two.slice()] // the card erases what it is given
  const run = new PaceRun({ protocol: protocolOf(example), group, secret: secretOf(example), chipKey, random: () => draws.shift()! })
  const object = (step: number, from: number): Uint8Array => hexOf(apdus[step]!.command.slice(from, -2))
  same('nonce', toHex(run.encryptNonce()), input.encryptedNonce)
  same('mapping', toHex(run.mapNonce(object(2, 18))!), mapping!.chipPublicKey)
  same('agreement', toHex(run.agree(object(3, 18))!), agreement.chipPublicKey)
  const proof = run.confirm(object(4, 18))
  same('token', proof && toHex(proof.token), expected.tIc)
  same('chip', toHex(proof!.chipAuthenticationData!), chipAuthentication!.encryptedData)
}

/** PACE with the PIN of TR-03110's example, step by step. */
function eacExample({ kind, input, expected }: EacExample): void {
  const { pace } = expected
  const group = standardizedGroup(kind === 'ecdh' ? 13 : 0)!
  const protocol = paceProtocolOf(hexOf(kind === 'ecdh' ? '04007f00070202040202' : '04007f00070202040102'))!
  const scalars = [input.pace.mappingChipPrivateKey, input.pace.chipPrivateKey].map((hex) => toHex(scalarOf(kind, hex)))
  const random = givenRandom(pace.nonce!, ...scalars)
  const run = new PaceRun({ protocol, group, secret: encodeAscii(input.password), chipKey: undefined, random })
  same('nonce', toHex(run.encryptNonce()), input.pace.encryptedNonce)
  same('mapping', toHex(run.mapNonce(hexOf(pace.mappingTerminalPublicKey))!), pace.mappingChipPublicKey)
  same('agreement', toHex(run.agree(hexOf(pace.terminalPublicKey))!), pace.chipPublicKey)
  const proof = run.confirm(hexOf(pace.tPcd))
  same('token', proof && toHex(proof.token), pace.tPicc)
  same('keys', `${toHex(proof!.encryptionKey)} ${toHex(proof!.macKey)}`, `${pace.ksEnc} ${pace.ksMac}`)
}

/** PACE with the card alone. */
export function cardPaceVectors(load: Load): readonly Vector[] {
  if (nationalId.pace === undefined) throw new Error('the national card has no PACE')
  const outside = (name: string, run: () => void): Vector => ({ protocol: 'pace', name, by: 'outside', run })
  return [
    ...['pace-ecdh-gm-aes128', 'pace-dh-gm-aes128', 'pace-ecdh-im-aes128'].map((name) =>
      outside(`Doc 9303-11 ${name}`, () => workedExample(name)),
    ),
    outside('Doc 9303-11 pace-dh-im-aes128', integratedIntegers),
    outside('Doc 9303-11 pace-cam-aes128', chipMapping),
    ...eacExamples(load).map((example) => outside(`TR-03110 PACE, ${example.kind}`, () => eacExample(example))),
  ]
}
