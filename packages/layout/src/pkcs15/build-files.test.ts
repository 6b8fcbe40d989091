import { InputError, toHex } from '@kart/codec'
import { describe, expect, test } from 'vitest'
import { efDirCodec } from '../lds/ef-dir.ts'
import { aodfCodec } from './authentication-directory.ts'
import { buildPkcs15Files } from './build-files.ts'
import { cdfCodec } from './certificate-directory.ts'
import { dodfCodec } from './data-directory.ts'
import { prkdfCodec, pukdfCodec } from './key-directory.ts'
import { odfCodec } from './object-directory.ts'
import { filePath } from './object-value.ts'
import { holderKeys, holderPins, type Pkcs15Tables } from './tables.ts'
import { tokenInfoCodec } from './token-info.ts'

const subject = Uint8Array.of(0x30, 0x00)
const publicKey = Uint8Array.of(0x30, 0x01, 0x05)
const note = new TextEncoder().encode('یادداشت')

const tables: Pkcs15Tables = {
  token: { label: 'National ID', manufacturer: 'Kart', serialNumber: Uint8Array.of(1, 2, 3) },
  pins: holderPins,
  keys: [{ ...holderKeys[0], publicKey }, holderKeys[1]],
  certificates: [
    { label: 'authentication', id: 1, fid: 0x4301, subject, content: Uint8Array.of(0x30, 0x01, 0x09) },
    { label: 'authority', id: 9, fid: 0x4303, authority: true },
  ],
  data: [
    { label: 'note', applicationName: 'Kart', fid: 0x4501, pin: 1, content: note },
    { label: 'free', applicationName: 'Kart', applicationOid: '1.2.3', fid: 0x4601 },
  ],
}

const { files, directoryEntry } = buildPkcs15Files(tables)
const content = (fid: number) => files.find((file) => file.fid === fid)!.content
const inApplication = (fid: number) => filePath(0x3f00, 0x5015, fid)

describe('the application from its tables', () => {
  test('is the files that the tables and the object directory name, each once', () => {
    expect(files.map(({ name, fid, content }) => [name, fid.toString(16), content.length])).toEqual([
      ['EF.ODF', '5031', 255],
      ['EF.TokenInfo', '5032', 180],
      ['EF.PrKDF', '4402', 1530],
      ['EF.PuKDF', '4404', 1530],
      ['EF.CDF', '4403', 1530],
      ['EF.DODF', '4406', 1530],
      ['EF.AODF', '4401', 255],
      ['public key authentication', '5501', 3],
      ['authentication', '4301', 3],
      ['note', '4501', note.length],
    ])
    for (const entry of odfCodec.decode(content(0x5031)))
      if (entry.kind !== 'other' && entry.value.kind === 'path')
        expect(files.some(({ fid }) => toHex(inApplication(fid).path) === toHex((entry.value as { path: Uint8Array }).path))).toBe(true)
    const [application] = efDirCodec.decode(efDirCodec.encode({ applications: [directoryEntry] })).applications
    expect(application).toEqual(directoryEntry)
    expect(tokenInfoCodec.decode(content(0x5032))).toMatchObject({
      label: 'National ID',
      manufacturer: 'Kart',
      flags: ['authRequired', 'prnGeneration'],
    })
  })

  test('has the PINs, the SO-PIN known as one', () => {
    expect(aodfCodec.decode(content(0x4401))).toMatchObject([
      { label: 'AuthPIN', id: Uint8Array.of(1), reference: 1, minLength: 6, maxLength: 8, passwordFlags: ['initialized', 'needs-padding'] },
      { label: 'SignPIN', id: Uint8Array.of(2), reference: 2 },
      { label: 'SO-PIN', id: Uint8Array.of(0xff), reference: 3, passwordFlags: ['initialized', 'needs-padding', 'soPassword'] },
    ])
  })

  test('has each key under its PIN, the signature key once for each', () => {
    expect(prkdfCodec.decode(content(0x4402))).toMatchObject([
      {
        kind: 'ec',
        bits: 256,
        authId: Uint8Array.of(1),
        id: Uint8Array.of(1),
        keyReference: 1,
        usage: ['sign', 'derive'],
        subject,
        value: inApplication(0x4b01),
      },
      {
        kind: 'ec',
        bits: 384,
        authId: Uint8Array.of(2),
        id: Uint8Array.of(2),
        keyReference: 2,
        usage: ['nonRepudiation'],
        userConsent: 1,
        value: inApplication(0x4b02),
      },
    ])
    expect(pukdfCodec.decode(content(0x4404))).toMatchObject([
      { kind: 'ec', id: Uint8Array.of(1), usage: ['verify', 'derive'], native: false },
    ])
  })

  test('has RSA keys with the length of their modulus in both directories', () => {
    const built = buildPkcs15Files({
      ...tables,
      keys: [{ ...holderKeys[0], algorithm: { kind: 'rsa', bits: 3072 }, usage: ['sign', 'decipher'], publicKey }],
    })
    const of = (fid: number) => built.files.find((file) => file.fid === fid)!.content
    expect(prkdfCodec.decode(of(0x4402))).toMatchObject([{ kind: 'rsa', bits: 3072 }])
    expect(pukdfCodec.decode(of(0x4404))).toMatchObject([{ kind: 'rsa', bits: 3072, usage: ['encipher', 'verify'] }])
  })

  test('has certificates and data objects, under a PIN where the table says so', () => {
    expect(cdfCodec.decode(content(0x4403))).toMatchObject([
      { label: 'authentication', id: Uint8Array.of(1), subject, value: inApplication(0x4301) },
      { label: 'authority', authority: true },
    ])
    const data = dodfCodec.decode(content(0x4406))
    expect(data).toMatchObject([
      { label: 'note', authId: Uint8Array.of(1), flags: ['private'] },
      { label: 'free', applicationOid: '1.2.3' },
    ])
    expect(data[1]).not.toHaveProperty('authId')
  })

  test('grows past the planned length', () => {
    const many = Array.from({ length: 60 }, (_, i) => ({ label: `note ${i}`, applicationName: 'Kart', fid: 0x4600 + i }))
    const dodf = buildPkcs15Files({ ...tables, data: many }).files.find(({ fid }) => fid === 0x4406)!.content
    expect(dodf.length).toBeGreaterThan(1530)
    expect(dodfCodec.decode(dodf)).toHaveLength(60)
  })

  test.each<readonly [string, Partial<Pkcs15Tables>]>([
    ['two PINs with one reference', { pins: [holderPins[0], { ...holderPins[1], reference: 1 }, holderPins[2]] }],
    ['two PINs with one identifier', { pins: [holderPins[0], { ...holderPins[1], id: 1 }] }],
    ['a PIN whose identifier is no byte', { pins: [...holderPins, { ...holderPins[0], id: 256, reference: 9 }] }],
    ['two keys with one identifier', { keys: [holderKeys[0], { ...holderKeys[1], id: 1 }] }],
    ['two keys in one file', { keys: [holderKeys[0], { ...holderKeys[1], fid: 0x4b01 }] }],
    ['a key in a directory file', { keys: [{ ...holderKeys[0], fid: 0x4402 }] }],
    ['a key under a PIN that is none', { keys: [{ ...holderKeys[0], pin: 7 }] }],
    ['a key under the SO-PIN', { keys: [{ ...holderKeys[0], pin: 0xff }] }],
    ['a data object under a PIN that is none', { data: [{ label: 'x', applicationName: 'x', fid: 0x4501, pin: 7 }] }],
  ])('refuses %s', (_, change) => {
    expect(() => buildPkcs15Files({ ...tables, ...change })).toThrow(InputError)
  })
})
