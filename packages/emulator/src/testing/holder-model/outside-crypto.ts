// What the holder's private keys are given and must give, judged by OpenSSL with the public key alone.
import { constants, createECDH, createHash, createPublicKey, type KeyObject, publicEncrypt, verify } from 'node:crypto'
import type { KeyAlgorithm, ModelFile } from './model-state.ts'

/** What is asked of a private key, and how well; a key without use for one of the last three takes it as `right`. */
export type KeyOperation = 'sign' | 'authenticate' | 'decipher' | 'agree'
export type InputKind = 'right' | 'sha512' | 'empty' | 'wrong'

/** The data field of a private-key operation, and what it must lead to. */
export interface KeyInput {
  readonly data: Uint8Array
  /** The status word that it is refused with; undefined = it is sound. */
  readonly flaw?: string
  /** Whether the result is right; asked of sound ones alone. */
  readonly judge: (result: Uint8Array) => boolean
}

const jwkCurves: Readonly<Record<number, string>> = { 256: 'P-256', 384: 'P-384', 521: 'P-521' }
const ecdhCurves: Readonly<Record<number, string>> = { 256: 'prime256v1', 384: 'secp384r1', 521: 'secp521r1' }
const message = Buffer.from('what the holder signs', 'ascii')
const digestInfo = Buffer.concat([
  Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  createHash('sha256').update(message).digest(),
])
const never = (): boolean => false
const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64url')

/** The public key of a file, from its point or modulus in hex. */
export function publicKeyOf({ kind, size }: ModelFile, publicKey: string): KeyObject {
  if (kind === 'rsa') return createPublicKey({ format: 'jwk', key: { kty: 'RSA', n: base64(publicKey), e: 'AQAB' } })
  const half = (publicKey.length - 2) / 2
  const [x, y] = [publicKey.slice(2, 2 + half), publicKey.slice(2 + half)]
  return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: jwkCurves[size] ?? '', x: base64(x), y: base64(y) } })
}

const refusedInput = (data: Uint8Array, flaw: string): KeyInput => ({ data, flaw, judge: never })

/** PKCS #1 v1.5 around the DigestInfo (RFC 8017, 9.2). */
function paddedBlock(length: number): Buffer {
  const head = Buffer.alloc(length - digestInfo.length - 1, 0xff)
  head.set([0x00, 0x01])
  return Buffer.concat([head, Buffer.of(0), digestInfo])
}

function signatureInput(kind: InputKind, file: ModelFile, algorithm: KeyAlgorithm): KeyInput {
  if (kind === 'empty') return refusedInput(new Uint8Array(0), '6700')
  const { publicKey = '', size } = file
  if (file.kind === 'ec') {
    if (kind === 'wrong' && size === 521) return refusedInput(new Uint8Array(67).fill(0x5a), '6a80')
    const hash = kind === 'sha512' ? 'sha512' : 'sha256'
    const data = createHash(hash).update(message).digest()
    return { data, judge: (result) => verify(hash, message, { key: publicKeyOf(file, publicKey), dsaEncoding: 'der' }, result) }
  }
  if (kind === 'wrong') return refusedInput(new Uint8Array(size / 8 + 1).fill(0x01), '6700')
  const data = algorithm === '02' ? digestInfo : paddedBlock(size / 8)
  const judge = (result: Uint8Array): boolean => verify('sha256', message, publicKeyOf(file, publicKey), result)
  return { data, judge }
}

function cryptogramInput(kind: InputKind, file: ModelFile, algorithm: KeyAlgorithm): KeyInput {
  const indicated = (cryptogram: Uint8Array): Uint8Array => Buffer.concat([Buffer.of(0x00), cryptogram])
  if (file.kind === 'ec') return refusedInput(indicated(new Uint8Array(32)), '6985')
  const { publicKey = '', size } = file
  if (kind === 'empty') return refusedInput(indicated(new Uint8Array(0)), '6700')
  if (kind === 'wrong') return refusedInput(indicated(new Uint8Array(size / 8 + 1)), '6700')
  const key = publicKeyOf(file, publicKey)
  const raw = algorithm === '00'
  const plain = raw ? paddedBlock(size / 8) : message
  const cryptogram = publicEncrypt({ key, padding: raw ? constants.RSA_NO_PADDING : constants.RSA_PKCS1_PADDING }, plain)
  return { data: indicated(cryptogram), judge: (result) => plain.equals(result) }
}

function agreementInput(kind: InputKind, file: ModelFile): KeyInput {
  const template = (point: Buffer): Uint8Array => {
    const length = (n: number): number[] => (n > 127 ? [0x81, n] : [n])
    const object = Buffer.concat([Buffer.from([0x85, ...length(point.length)]), point])
    return Buffer.concat([Buffer.from([0x7c, ...length(object.length)]), object])
  }
  if (file.kind === 'rsa') return refusedInput(template(Buffer.alloc(65, 4)), '6985')
  if (kind === 'empty') return refusedInput(Buffer.from('7c00', 'hex'), '6a80')
  const peer = createECDH(ecdhCurves[file.size] ?? '')
  const point = peer.generateKeys()
  if (kind === 'wrong') {
    point[point.length - 1]! ^= 1
    return refusedInput(template(point), '6a80')
  }
  const { publicKey = '' } = file
  return { data: template(point), judge: (result) => peer.computeSecret(publicKey, 'hex').equals(result) }
}

/** The input for the key that is chosen; for no key at all that of a P-256 key. */
export function keyInput(operation: KeyOperation, kind: InputKind, file: ModelFile | undefined, algorithm: KeyAlgorithm): KeyInput {
  const key = file?.publicKey === undefined ? undefined : file
  if (key === undefined) return { data: createHash('sha256').update(message).digest(), judge: never }
  if (operation === 'decipher') return cryptogramInput(kind, key, algorithm)
  return operation === 'agree' ? agreementInput(kind, key) : signatureInput(kind, key, algorithm)
}
