import { toHex } from '@kart/codec'
import { agreementGroup } from '@kart/crypto'
import {
  authenticationToken,
  decryptNonce,
  mapGeneric,
  PacePassword,
  paceProtocolOf,
  paceSessionKeys,
  performPace,
  tokenInput,
  verifyChipAuthenticationMapping,
} from '@kart/secure-channel'
import { type PaceExampleName, paceExample, paceExamples } from '../../../secure-channel/src/testing/pace-example.ts'
import { type EacExample, eacExamples, scalarOf } from './eac-example.ts'
import { hexOf, type Load, same, type Vector } from './vector-rows.ts'

/** A whole worked example, every command byte for byte; then the keys that secure messaging goes on with. */
async function workedExample(name: PaceExampleName): Promise<void> {
  const example = paceExample(name)
  const { selection, input, expected } = example
  const card = example.card()
  const result = await performPace(card, { selection, password: example.password(), random: example.random() })
  if (card.left() !== 0) throw new Error(name)
  const agreement = expected.agreement as Readonly<Record<string, string>>
  same(name, toHex(result.chipPublicKey), agreement.chipPublicKey)
  const keys = paceSessionKeys(selection.protocol.cipher, hexOf(agreement.sharedSecretX ?? agreement.sharedSecret))
  same(name, `${toHex(keys.ksEnc)} ${toHex(keys.ksMac)}`, `${expected.ksEnc} ${expected.ksMac}`)
  if (selection.protocol.mapping !== 'cam') return
  if (!verifyChipAuthenticationMapping(result.chipAuthentication!, hexOf(input.chipStaticPublicKey))) throw new Error(name)
}

/** PACE with the PIN of TR-03110's example, step by step. */
function eacExample({ kind, input, expected }: EacExample): void {
  const { pace } = expected
  const protocol = paceProtocolOf(kind === 'ecdh' ? '0.4.0.127.0.7.2.2.4.2.2' : '0.4.0.127.0.7.2.2.4.1.2')!
  const group = agreementGroup(kind === 'ecdh' ? 'brainpoolP256r1' : 'MODP-1024-160')
  const kPi = new PacePassword('pin', new TextEncoder().encode(input.password)).deriveKey('aes128')
  same('K_pi', toHex(kPi), pace.kPi)
  const nonce = decryptNonce('aes128', kPi, hexOf(input.pace.encryptedNonce))
  same('nonce', toHex(nonce), pace.nonce)
  const { mappedGenerator } = mapGeneric(
    group,
    nonce,
    scalarOf(kind, input.pace.mappingTerminalPrivateKey),
    hexOf(pace.mappingChipPublicKey),
  )
  same('generator', toHex(mappedGenerator), pace.mappedGenerator)
  const secret = group.sharedSecret(scalarOf(kind, input.pace.terminalPrivateKey), hexOf(pace.chipPublicKey))
  const { ksEnc, ksMac } = paceSessionKeys('aes128', secret)
  same('keys', `${toHex(ksEnc)} ${toHex(ksMac)}`, `${pace.ksEnc} ${pace.ksMac}`)
  same('token input', toHex(tokenInput(protocol, hexOf(pace.terminalPublicKey))), pace.tokenInputChip)
  same('token', toHex(authenticationToken(protocol, ksMac, hexOf(pace.terminalPublicKey))), pace.tPicc)
}

/** PACE with the terminal alone. */
export function terminalPaceVectors(load: Load): readonly Vector[] {
  return [
    ...paceExamples.map(
      (name): Vector => ({ protocol: 'pace', name: `Doc 9303-11 ${name}`, by: 'outside', run: () => workedExample(name) }),
    ),
    ...eacExamples(load).map((example): Vector => {
      return { protocol: 'pace', name: `TR-03110 PACE, ${example.kind}`, by: 'outside', run: () => eacExample(example) }
    }),
  ]
}
