// A card with all that a card can have, in each state of its life, for tests that look for what gets out of it.
import { createECDH, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { encodeAscii, fromHex, toHex } from '@kart/codec'
import { testTransportKeys } from '../blank-card.ts'
import { generateHolderKey } from '../card-crypto/holder-key.ts'
import { generateSignatureKey } from '../card-crypto/signature-key.ts'
import { inMemory } from '../memory/card-memory.ts'
import type { CardState, KeySet, LifeCycle } from '../memory/card-state.ts'
import type { HolderFile } from '../memory/holder-state.ts'
import { withFingers } from './finger-bench.ts'
import { holderPin, pins } from './holder-card.ts'
import { bacKeys, cardInState, fileFilling, files } from './terminal.ts'

export const issuerKeys: KeySet = {
  version: 0x01,
  enc: fromHex('a0a1a2a3a4a5a6a7a8a9aaabacadaeaf'),
  mac: fromHex('b0b1b2b3b4b5b6b7b8b9babbbcbdbebf'),
  dek: fromHex('c0c1c2c3c4c5c6c7c8c9cacbcccdcecf'),
}

const holderFile = (access: string, content: Uint8Array): HolderFile => ({
  type: 'transparent',
  access: fromHex(access),
  properties: fromHex('0000'),
  size: content.length,
  content,
  privateKey: undefined,
})
const keyPair = generateHolderKey({ type: 'ec', size: 256 })
const signPair = generateHolderKey({ type: 'ec', size: 256 })
const key = (access: string, privateKey: Uint8Array | undefined): HolderFile => ({
  ...holderFile(access, new Uint8Array(0)),
  type: 'ec',
  size: 256,
  privateKey,
})

/** Under the AuthPIN; in DG1, which PACE or BAC opens; in DG3, which nothing here opens. */
export const contents = {
  underPin: encodeAscii('what only the AuthPIN opens'),
  dg1: files.dg1,
  dg3: fileFilling(0x63, 200),
} as const

const withAll = (lifeCycle: LifeCycle) => (blank: CardState) => {
  const state = withFingers(blank)
  const keySets = [
    { ...testTransportKeys, transport: true, sequence: 0, failures: 0 },
    { ...issuerKeys, transport: false, sequence: 0, failures: 0 },
  ]
  const isOpen = lifeCycle === 'OP_READY' || lifeCycle === 'INITIALIZED'
  return {
    ...state,
    lifeCycle,
    keySets: lifeCycle === 'TERMINATED' ? [] : isOpen ? keySets : keySets.slice(1),
    bacKeys: { enc: bacKeys.slice(0, 16), mac: bacKeys.slice(16) },
    aaKey: generateSignatureKey('P-256'),
    files: new Map([
      ['mf', new Map(state.files.get('mf')).set(0x2f00, files.dir)],
      ['emrtd', new Map([[0x0101, contents.dg1] as const, [0x0103, contents.dg3] as const])],
    ]),
    signature: {
      ...state.signature,
      pins: new Map([
        [1, holderPin(pins.auth)],
        [2, holderPin(pins.sign, { usesPerVerify: 1, transport: isOpen })],
        [3, holderPin(pins.officer, { minLength: 8, puk: undefined })],
      ]),
      files: new Map([
        [0x4301, holderFile('03ffff', encodeAscii('free to read'))],
        [0x4501, holderFile('13ffff', contents.underPin)],
        [0x4b01, key('1fffff', keyPair)],
        [0x4b02, key('2fffff', signPair)],
      ]),
    },
  } satisfies CardState
}

/** The image of that card in a state of its life. */
export function wholeCardImage(lifeCycle: LifeCycle): Uint8Array {
  const memory = inMemory()
  cardInState(withAll(lifeCycle), { memory }).close()
  return memory.load() ?? new Uint8Array(0)
}

const publicKey = (pkcs8: Uint8Array | undefined): KeyObject =>
  createPublicKey(createPrivateKey({ key: Buffer.from(pkcs8 ?? []), format: 'der', type: 'pkcs8' }))
/** The holder's public keys by the PIN that opens the private one. */
export const holderKeys: ReadonlyMap<1 | 2, KeyObject> = new Map([
  [1, publicKey(keyPair)],
  [2, publicKey(signPair)],
])

const peer = createECDH('prime256v1')
/** The point of somebody who agrees on a key with the holder, and the secret that the key under the AuthPIN shares with it, hex. */
export const peerPoint = new Uint8Array(peer.generateKeys())
export const sharedSecret = ((): string => {
  const { x = '', y = '' } = holderKeys.get(1)?.export({ format: 'jwk' }) ?? {}
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
  return peer.computeSecret(point).toString('hex')
})()

const scalars = new Map<string, string>()
const scalar = (pkcs8: Uint8Array): string => {
  const name = toHex(pkcs8)
  const known = scalars.get(name)
  if (known !== undefined) return known
  const { d = '' } = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' }).export({ format: 'jwk' })
  const hex = Buffer.from(d, 'base64url').toString('hex')
  scalars.set(name, hex)
  return hex
}

/** What no answer may hold, in hex, each with its name: keys, PINs, fingers, passwords of this state. */
export function secretsOf({ signature, fingers, keySets, aaKey, chipKeys, pacePasswords }: CardState): (readonly [string, string])[] {
  return [
    ...[...signature.files].flatMap(([fid, { privateKey }]) =>
      privateKey ? [[`private key ${fid.toString(16)}`, scalar(privateKey)] as const] : [],
    ),
    ...[...signature.pins].flatMap(([reference, { value, puk }]) => [
      [`PIN ${reference}`, toHex(value)] as const,
      ...(puk ? [[`PUK ${reference}`, toHex(puk)] as const] : []),
    ]),
    ...[...fingers.fingers].map(
      ([reference, { minutiae }]) => [`finger ${reference.toString(16)}`, toHex(minutiae.subarray(0, 12))] as const,
    ),
    ...keySets.flatMap(({ version, enc, mac, dek }) => [enc, mac, dek].map((value) => [`SCP03 keys ${version}`, toHex(value)] as const)),
    ...(aaKey && 'curve' in aaKey ? [['key of active authentication', scalarOf(aaKey.privateKey)] as const] : []),
    ...chipKeys.map(({ keyId, privateKey }) => [`key of chip authentication ${keyId}`, toHex(privateKey)] as const),
    ...[...pacePasswords].flatMap(([name, { secret }]) => (secret.length > 8 ? [[`password ${name}`, toHex(secret)] as const] : [])),
    ['DG3', toHex(contents.dg3.subarray(4, 24))],
  ]
}

/** Stored as PKCS #8, or bare. */
function scalarOf(privateKey: Uint8Array): string {
  try {
    return scalar(privateKey)
  } catch {
    return toHex(privateKey)
  }
}
