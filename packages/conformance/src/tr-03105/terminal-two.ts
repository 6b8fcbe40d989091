// Terminal authentication version 2 and chip authentication version 2, each step on its own.
import { createECDH, randomBytes } from 'node:crypto'
import { concatBytes, encodeTlv, fromHex, toHex } from '@kart/codec'
import { expect } from 'vitest'
import { aesCmac } from '../../../emulator/src/card-crypto/aes.ts'
import { compress } from '../../../emulator/src/eac/chip-authentication.ts'
import { deriveKey } from '../../../emulator/src/emrtd/key-derivation.ts'
import { drawScalar } from '../../../emulator/src/key-agreement/agreement-group.ts'
import { chipPublicKey } from '../../../emulator/src/key-agreement/chip-key.ts'
import type { ChipKey } from '../../../emulator/src/memory/card-state.ts'
import { accepted, either, refused } from './case.ts'
import { ascii, keys, names, signWith, type TestCertificate, type TestKey, terminal, verifier } from './certificates.ts'
import { type Answer, authenticationObjects, chipKey, emrtdAid, type TestChip, testProfile } from './chip.ts'

const dv1 = verifier()
const is1 = terminal()

/** An ephemeral key of chip authentication: its public value and what makes the secret with the card's key. */
export interface EphemeralKey {
  readonly publicKey: Uint8Array
  readonly secretWith: (cardKey: ChipKey) => Uint8Array
}

/** A key in the group of the card's key. */
export function ephemeralKey(cardKey: ChipKey): EphemeralKey {
  const { group } = chipPublicKey(cardKey)
  const scalar = drawScalar(group, (length) => new Uint8Array(randomBytes(length)))
  const secretWith = (key: ChipKey) => group.secret(chipPublicKey(key).element, scalar)
  return { publicKey: group.multiply(group.generator, scalar), secretWith }
}

/** A key on P-256 whose point is of this kind; drawn until it is. */
export function pointOfKind(isOf: (point: Uint8Array) => boolean): EphemeralKey {
  const engine = createECDH('prime256v1')
  for (;;) {
    const publicKey = new Uint8Array(engine.generateKeys())
    if (!isOf(publicKey)) continue
    const secretWith = (key: ChipKey) => new Uint8Array(engine.computeSecret(chipPublicKey(key).element))
    return { publicKey, secretWith }
  }
}

/** Certificates of an inspection system. */
export function showChain(chip: TestChip, dv: TestCertificate = dv1, is: TestCertificate = is1): void {
  accepted(chip.setDst(dv.input.authority))
  accepted(chip.verify(dv))
  accepted(chip.setDst(dv.input.holder))
  accepted(chip.verify(is))
}

/** MSE:Set AT of version 2: algorithm, name, compressed ephemeral key. */
export function announce(
  chip: TestChip,
  compressed: Uint8Array,
  name: string = names.terminal,
  key: TestKey = keys.terminal,
  tag = 0x83,
): Answer {
  const objects = [encodeTlv(0x80, fromHex(key.algorithm)), encodeTlv(tag, ascii(name)), encodeTlv(0x91, compressed)]
  return chip.send('002281a4', concatBytes(...objects))
}

/** The terminal's signature of version 2. */
export const signatureOf = (chip: TestChip, challenge: Uint8Array, compressed: Uint8Array, key: TestKey = keys.terminal): Uint8Array =>
  signWith(key, concatBytes(chip.identifier, challenge, compressed))

/** All of terminal authentication version 2 for this ephemeral key. */
export function authenticateTerminal(chip: TestChip, compressed: Uint8Array, dv?: TestCertificate, is?: TestCertificate): void {
  showChain(chip, dv, is)
  accepted(announce(chip, compressed))
  accepted(chip.authenticate(signatureOf(chip, accepted(chip.challenge()).data, compressed)))
}

export const compressed = ({ publicKey }: EphemeralKey, agreement: 'ECDH' | 'DH' = 'ECDH'): Uint8Array => compress(agreement, publicKey)

/** id-CA with this agreement and AES-128. */
export const chipOid = (agreement: 'ECDH' | 'DH'): string => `04007f00070202030${agreement === 'DH' ? 1 : 2}02`

/** MSE:Set AT for chip authentication. */
export const selectChip = (chip: TestChip, keyId = 12, agreement: 'ECDH' | 'DH' = 'ECDH', le?: string): Answer =>
  chip.send('002241a4', fromHex(`800a${chipOid(agreement)}8401${keyId.toString(16).padStart(2, '0')}`), le)

/** GENERAL AUTHENTICATE with the public key under this tag. */
export const agree = (chip: TestChip, publicKey: Uint8Array, tag = 0x80, le: string | undefined = '00'): Answer =>
  chip.send('00860000', encodeTlv(0x7c, encodeTlv(tag, publicKey)), le)

/** Whether nonce and token prove the card; goes over to the new keys where asked. */
export function proved(chip: TestChip, answer: Answer, key: EphemeralKey, cardKey: ChipKey, goOver: boolean): boolean {
  const objects = authenticationObjects(answer.data)
  const seed = concatBytes(key.secretWith(cardKey), objects.get(0x81)!)
  const [ksEnc, ksMac] = [deriveKey('AES-128', seed, 1), deriveKey('AES-128', seed, 2)]
  const input = encodeTlv(0x7f49, [encodeTlv(0x06, fromHex(chipOid('ECDH'))), encodeTlv(0x86, key.publicKey)])
  if (goOver) chip.messaging.start('AES-128', ksEnc, ksMac)
  return toHex(objects.get(0x82)!) === toHex(aesCmac(ksMac, input).subarray(0, 8))
}

/** Chip authentication version 2 from start to end, the new keys, and the eMRTD application selected. */
export function enterApplication(chip: TestChip, key: EphemeralKey): TestChip {
  accepted(selectChip(chip))
  expect(proved(chip, accepted(agree(chip, key.publicKey)), key, chipKey, true)).toBe(true)
  accepted(chip.send('00a4040c', fromHex(emrtdAid)))
  return chip
}

/** A card whose chip key is for version 2 alone: nothing but terminal authentication opens the way to it. */
export const onlyTwo = {
  ...testProfile,
  chipAuthentication: { keys: testProfile.chipAuthentication!.keys.map((key) => ({ ...key, versions: [2] as const })) },
}

/** Chip authentication version 2 from its start: refused at one of its commands, inside secure messaging. */
export function chipRefused(chip: TestChip, { publicKey }: Pick<EphemeralKey, 'publicKey'>): void {
  const selected = selectChip(chip)
  either(selected)
  if (selected.sw === '9000') refused(agree(chip, publicKey))
}
