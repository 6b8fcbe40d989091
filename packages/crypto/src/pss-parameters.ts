import { toHex } from '@kart/codec'
import type { HashAlgorithm } from './backend.ts'
import { bytesToBigInt } from './big-integer.ts'
import { CryptoError } from './crypto-error.ts'
import { DerReader } from './der.ts'
import { readHashAlgorithm } from './hash-oid.ts'

/** Parameters of RSASSA-PSS: hash, hash of the mask, bytes of salt; the trailer is always BC. */
export interface PssParameters {
  readonly hash: HashAlgorithm
  readonly mgfHash: HashAlgorithm
  readonly saltLength: number
}

const mgf1Oid = '2a864886f70d010108'

/**
 * Decodes RSASSA-PSS-params, the whole SEQUENCE (RFC 4055, 3.1), with its defaults (SHA-1, MGF1 with SHA-1, 20).
 * Throws DecodeError; CryptoError for another mask function, hash or trailer.
 */
export function decodePssParameters(der: Uint8Array): PssParameters {
  const outer = new DerReader(der, 'RSASSA-PSS-params')
  const fields = outer.inside(0x30)
  outer.end()
  let hash: HashAlgorithm = 'sha1'
  let mgfHash: HashAlgorithm = 'sha1'
  let saltLength = 20
  if (fields.peek() === 0xa0) {
    const field = fields.inside(0xa0)
    hash = readHashAlgorithm(field)
    field.end()
  }
  if (fields.peek() === 0xa1) {
    const field = fields.inside(0xa1)
    const generator = field.inside(0x30)
    field.end()
    if (toHex(generator.element(0x06)) !== mgf1Oid) throw new CryptoError('unsupported', 'a mask generation function other than MGF1')
    mgfHash = readHashAlgorithm(generator)
    generator.end()
  }
  if (fields.peek() === 0xa2) {
    const field = fields.inside(0xa2)
    const salt = bytesToBigInt(field.unsigned())
    field.end()
    if (salt > 1024n) throw new CryptoError('unsupported', 'a salt of more than 1024 bytes')
    saltLength = Number(salt)
  }
  if (fields.peek() === 0xa3) {
    const field = fields.inside(0xa3)
    if (bytesToBigInt(field.unsigned()) !== 1n) throw new CryptoError('unsupported', 'a trailer field other than BC')
    field.end()
  }
  fields.end()
  return { hash, mgfHash, saltLength }
}
