import { type Codec, DecodeError, fromHex, InputError } from '@kart/codec'
import { describe, expect, test } from 'vitest'
import { aodfCodec, type PasswordObject } from './authentication-directory.ts'
import { cdfCodec } from './certificate-directory.ts'
import { dodfCodec } from './data-directory.ts'
import { type KeyObject, prkdfCodec } from './key-directory.ts'
import { odfCodec } from './object-directory.ts'
import { filePath } from './object-value.ts'
import { type TokenInfo, tokenInfoCodec } from './token-info.ts'

const id = (...bytes: readonly number[]) => Uint8Array.from(bytes)
const inApplication = (fid: number) => filePath(0x3f00, 0x5015, fid)
const pin: PasswordObject = { kind: 'password', passwordFlags: [], passwordType: 'ascii-numeric', minLength: 4, storedLength: 8 }
const key: KeyObject = { kind: 'ec', id: id(1), usage: ['sign'], value: inApplication(0x4b01) }
const tokenInfo: TokenInfo = { version: 0, flags: [] }

/** A data object from hex parts. */
const der = (tag: string, ...parts: readonly string[]): string => {
  const content = parts.join('')
  return `${tag}${(content.length / 2).toString(16).padStart(2, '0')}${content}`
}
const seq = (...parts: readonly string[]) => der('30', ...parts)
/** An object with identifier 01 and these type attributes. */
const object = (type: string, ...classFields: readonly string[]) => seq(seq(), seq('040101', ...classFields), der('a1', type))
const path = seq('04063f0050154b01')

describe('refusals', () => {
  // biome-ignore lint/suspicious/noExplicitAny: each row's value is of its codec's type
  test.each<readonly [string, Codec<any>, string, RegExp]>([
    ['a password without a type', aodfCodec, object(seq('0302020c', '020104', '020108')), /type at byte 17: tag 02 where 0A/],
    [
      'a password type that does not exist',
      aodfCodec,
      object(seq('0302020c', '0a0109', '020104', '020108')),
      /password type that does not exist/,
    ],
    ['a pad character of two bytes', aodfCodec, object(seq('0302020c', '0a0101', '020104', '020108', '0402ffff')), /pad character/],
    ['a reference above 255', aodfCodec, object(seq('0302020c', '0a0101', '020104', '020108', '80020100')), /reference above 255/],
    ['a path that is none', aodfCodec, object(seq('0302020c', '0a0101', '020104', '020108', seq('0500'))), /not a path/],
    [
      'a key without an identifier',
      prkdfCodec,
      seq(seq(), seq('03020520'), der('a1', seq(path, '02020800'))),
      /identifier at byte 6: tag 03/,
    ],
    ['a key whose usage has no bytes', prkdfCodec, object(seq(path, '02020800'), '0300'), /malformed BIT STRING/],
    ['a key of 72 usages', prkdfCodec, object(seq(path, '02020800'), '030a00000000000000000001'), /72 flags/],
    ['an RSA key without a modulus length', prkdfCodec, object(seq(path), '03020520'), /modulus length is missing/],
    ['a key without a value', prkdfCodec, object(seq(), '03020520'), /value is missing/],
    ['a native flag that is neither 00 nor FF', prkdfCodec, object(seq(path, '02020800'), '03020520', '010101'), /not a DER BOOLEAN/],
    ['an object without class attributes', cdfCodec, seq(seq(), der('a1', seq(path))), /class attributes at byte 4: tag A1/],
    ['an object without type attributes', cdfCodec, seq(seq(), seq('040101')), /type attributes is missing/],
    ['two values in the type attributes', cdfCodec, object(seq(path) + seq(path)), /2 values inside/],
    ['a value behind the type attributes', cdfCodec, seq(seq(), seq('040101'), der('a1', seq(path)), '0500'), /unexpected tag 05/],
    ['a certificate with sub-class attributes', cdfCodec, seq(seq(), seq('040101'), der('a0', seq()), der('a1', seq(path))), /sub-class/],
    ['a label that is no UTF-8', cdfCodec, seq(seq('0c01ff'), seq('040101'), der('a1', seq(path))), /UTF-8/],
    ['a path with a field too many', odfCodec, der('a0', seq('04023f00', '0500')), /unexpected tag 05/],
    ['a directory without a path', odfCodec, der('a0'), /0 values inside/],
    ['flags whose unused bits are set', dodfCodec, seq(seq('03020641'), seq(), der('a1', path)), /unused bits/],
    ['a length longer than it need be', odfCodec, 'a0810a300804063f0050154402', /fewest bytes/],
    ['an indefinite length', odfCodec, 'a080300804063f00501544020000', /indefinite/],
    ['a version that is missing', tokenInfoCodec, seq('0401aa', '03020430'), /version/],
    ['65 algorithms', tokenInfoCodec, `30818c02010003020430a28182${seq().repeat(65)}`, /65 values inside/],
  ])('%s', (_, codec, hex, problem) => {
    const decode = () => codec.decode(fromHex(hex))
    expect(decode).toThrow(DecodeError)
    expect(decode).toThrow(problem)
  })

  test.each<readonly [string, () => unknown]>([
    ['a flag that does not exist', () => prkdfCodec.encode([{ ...key, usage: ['fly' as never] }])],
    ['a flag number above 63', () => prkdfCodec.encode([{ ...key, usage: [64] }])],
    ['an empty identifier', () => cdfCodec.encode([{ kind: 'x509', id: id(), value: inApplication(1) }])],
    ['a label of 256 bytes', () => cdfCodec.encode([{ kind: 'x509', label: 'x'.repeat(256), id: id(1), value: inApplication(1) }])],
    ['a label with a lone surrogate', () => cdfCodec.encode([{ kind: 'x509', label: '\ud800', id: id(1), value: inApplication(1) }])],
    ['a reference that is no byte', () => aodfCodec.encode([{ ...pin, reference: 256 }])],
    ['a pad character that is no byte', () => aodfCodec.encode([{ ...pin, padChar: -1 }])],
    ['a password type that does not exist', () => aodfCodec.encode([{ ...pin, passwordType: 'poem' as never }])],
    ['a negative length', () => aodfCodec.encode([{ ...pin, minLength: -1 }])],
    ['a file identifier of 17 bits', () => filePath(0x10000)],
    ['a directory of nothing we know', () => odfCodec.encode([{ kind: 'poems' as never, value: inApplication(1) }])],
    ['a time that is none', () => tokenInfoCodec.encode({ ...tokenInfo, lastUpdate: new Date(Number.NaN) })],
  ])('%s cannot be encoded', (_, encode) => {
    expect(encode).toThrow(InputError)
  })
})
