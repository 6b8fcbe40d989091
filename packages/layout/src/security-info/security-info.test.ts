import { DecodeError, encodeTlv, fromHex, InputError, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { decodeSecurityInfos, dg14Codec } from '../lds/dg14.ts'
import { expectCleanRefusals } from '../testing/hostile-bytes.ts'
import { vectorFile, vectorJson } from '../testing/vectors.ts'
import { efCardAccessCodec } from './ef-card-access.ts'
import { securityProtocols } from './protocol-oid.ts'
import { encodeSecurityInfo, type OpenedSecurityInfo, openSecurityInfo } from './security-info.ts'

interface CardAccessVectors {
  groups: { tests: { comment: string; input: { efCardAccess: string }; expected: { securityInfos: { oid: string; raw: string }[] } }[] }[]
}

const rows = vectorJson<CardAccessVectors>('eac/ef-cardaccess.json').groups[0]!.tests
/** A file as a reader takes it: what its outer length says. The Slovenian row carries the status word 6282 of its READ BINARY behind it. */
const fileOf = (hex: string) => fromHex(hex).slice(0, hex.startsWith('315b') ? 2 + 0x5b : undefined)
const infoOf = (hex: string) => decodeSecurityInfos(encodeTlv(0x31, fromHex(hex)))[0]!
const bare = (info: OpenedSecurityInfo): OpenedSecurityInfo => {
  const { raw: _raw, ...rest } = info
  return rest as OpenedSecurityInfo
}
const kinds = (hex: string) => efCardAccessCodec.decode(fileOf(hex)).securityInfos.map(bare)

describe('EF.CardAccess', () => {
  it('has five outside vectors', () => expect(rows).toHaveLength(5))

  it.each(rows.map((row) => [row.comment, row] as const))('decodes %s: identifiers and raw bytes in order', (_comment, row) => {
    const file = fileOf(row.input.efCardAccess)
    const { securityInfos } = efCardAccessCodec.decode(file)
    expect(securityInfos.map((info) => ({ oid: info.oid, raw: toHex(info.raw!) }))).toEqual(row.expected.securityInfos)
    // Opened, taken from its raw bytes and coded again, every info has the bytes it came with.
    for (const info of securityInfos) if (info.kind !== 'other') expect(toHex(encodeSecurityInfo(bare(info)))).toBe(toHex(info.raw!))
  })

  it('opens the ECDH example of TR-03110', () => {
    expect(kinds(rows[0]!.input.efCardAccess)).toEqual([
      { kind: 'terminal-authentication', oid: '0.4.0.127.0.7.2.2.2', version: 2, efCvca: undefined },
      { kind: 'chip-authentication', oid: '0.4.0.127.0.7.2.2.3.2.2', version: 2, keyId: 1 },
      { kind: 'pace', oid: '0.4.0.127.0.7.2.2.4.2.2', version: 2, parameterId: 13 },
      {
        kind: 'chip-authentication-domain-parameters',
        oid: '0.4.0.127.0.7.2.2.3.2',
        domainParameter: fromHex('300c060704007f0007010202010d'),
        keyId: 1,
      },
      { kind: 'other', oid: '0.4.0.127.0.7.2.2.6' },
      { kind: 'other', oid: '0.4.0.127.0.7.2.2.8' },
    ])
  })

  it('opens EF.CVCA of the Slovenian document, and keeps version 3 of the German test card', () => {
    expect(kinds(rows[3]!.input.efCardAccess)[2]).toEqual({
      kind: 'terminal-authentication',
      oid: '0.4.0.127.0.7.2.2.2',
      version: 1,
      efCvca: { fid: 0x011a, sfi: 0x1a },
    })
    expect(kinds(rows[2]!.input.efCardAccess)[2]).toMatchObject({ kind: 'chip-authentication', version: 3, keyId: 0x4f })
  })

  it.each([
    [0, ['id-CA-ECDH-AES-CBC-CMAC-128 v2 key 1'], [2]],
    [1, ['id-CA-DH-AES-CBC-CMAC-128 v2 key 1'], [2]],
    [2, ['id-CA-ECDH-AES-CBC-CMAC-128 v2 key 72', 'id-CA-ECDH-AES-CBC-CMAC-128 v3 key 79'], [2]],
    [3, ['id-CA-ECDH-3DES-CBC-CBC v1 key 3'], [1]],
    [4, ['id-CA-ECDH-AES-CBC-CMAC-128 v2 key 65', 'id-CA-ECDH-AES-CBC-CMAC-128 v2 key 69'], [2]],
  ])('file %i: what it offers of chip and terminal authentication', (index, chip, terminal) => {
    const { securityInfos } = efCardAccessCodec.decode(fileOf(rows[index]!.input.efCardAccess))
    const name = (oid: string) => securityProtocols.find((row) => row.oid === oid)?.name
    expect(
      securityInfos.flatMap((info) => (info.kind === 'chip-authentication' ? `${name(info.oid)} v${info.version} key ${info.keyId}` : [])),
    ).toEqual(chip)
    expect(securityInfos.flatMap((info) => (info.kind === 'terminal-authentication' ? info.version : []))).toEqual(terminal)
  })

  it('refuses the status word that stands behind the Slovenian file', () => {
    expect(() => efCardAccessCodec.decode(fromHex(rows[3]!.input.efCardAccess))).toThrow(DecodeError)
  })

  it('writes the set in DER order, whatever order is given', () => {
    const pace = { kind: 'pace', oid: '0.4.0.127.0.7.2.2.4.2.2', version: 2, parameterId: 13 } as const
    const im = { kind: 'pace', oid: '0.4.0.127.0.7.2.2.4.4.4', version: 2, parameterId: 12 } as const
    const hex = '312830120' + '60a04007f0007020204020202010202010d' + '30120' + '60a04007f0007020204040402010202010c'
    expect(toHex(efCardAccessCodec.encode({ securityInfos: [im, pace] }))).toBe(hex)
    expect(kinds(hex)).toEqual([pace, im])
  })

  it('P06 errors in the TLV of EF.CardAccess are refused', () => {
    for (const hex of [
      '', // nothing
      '3014' + '3012060a04007f0007020204020202010202010d', // a sequence
      '3115' + '3012060a04007f0007020204020202010202010d', // a length too great
      '3113' + '3012060a04007f0007020204020202010202010d', // and too small
      '3180' + '3012060a04007f0007020204020202010202010d' + '0000', // indefinite
      '3117' + '3015060a04007f0007020204020202010202010d02010d', // four values
      '310e' + '300c060a04007f00070202040202', // one value
      '3115' + '3013060a04007f00070202040202020102020200' + '0d', // an identifier not in its shortest form
      '3114' + '3012060a04007f000702020402020201020201ff', // a negative one
      '3114' + '3012060a04007f0007020204020204010202010d', // a version that is no INTEGER
      '3114' + '3012060a04007f0007020204020202010204010d', // a parameterId that is none
    ])
      expect(() => efCardAccessCodec.decode(fromHex(hex)), hex).toThrow(DecodeError)
  })

  it('X01 X02 throws nothing else on hostile bytes', () => {
    for (const row of [rows[0]!, rows[3]!]) expectCleanRefusals(efCardAccessCodec.decode, fileOf(row.input.efCardAccess))
  })
})

describe('SecurityInfos of DG14', () => {
  it.each(['bsi2008', 'tr03105', 'etsi'])('%s: the chip authentication key, spelled-out parameters and all', (name) => {
    const opened = dg14Codec.decode(vectorFile(`lds/${name}-dg14.bin`)).securityInfos.map(openSecurityInfo)
    const key = opened.find((info) => info.kind === 'chip-authentication-public-key')!
    expect(key).toMatchObject({ oid: '0.4.0.127.0.7.2.2.1.2', keyId: undefined })
    expect(toHex((key as { subjectPublicKeyInfo: Uint8Array }).subjectPublicKeyInfo)).toMatch(/^308201/)
    for (const info of opened) if (info.kind !== 'other') expect(toHex(encodeSecurityInfo(bare(info)))).toBe(toHex(info.raw!))
  })

  it.each([
    ['a key without a BIT STRING', '301a060904007f000702020102300d300b06072a8648ce3d02010500'],
    ['a key that is no sequence', '300e060904007f000702020102020100'],
    ['EF.CVCA of one byte', '3012060804007f0007020202020101' + '3003040101'],
    ['EF.CVCA that is no sequence', '3010060804007f00070202020201010401' + '01'],
    ['a short identifier of two bytes', '3017060804007f0007020202020101' + '30080402011a0402011a'],
    ['domain parameters without an identifier', '3010060904007f0007020203023003020100'],
  ])('refuses %s', (_name, hex) => {
    expect(() => openSecurityInfo(infoOf(hex))).toThrow(DecodeError)
  })

  it('does not encode another kind’s protocol, or values out of range', () => {
    const info = { kind: 'pace', oid: '0.4.0.127.0.7.2.2.4.2.2', version: 2, parameterId: 13 } as const
    for (const wrong of [
      { ...info, oid: '0.4.0.127.0.7.2.2.4.2' },
      { ...info, oid: '0.4.0.127.0.7.2.2.4.6.1' },
      { ...info, oid: '1.2.3' },
      { ...info, version: -1 },
      { kind: 'terminal-authentication', oid: '0.4.0.127.0.7.2.2.2', version: 1, efCvca: { fid: 65536, sfi: undefined } },
      { kind: 'terminal-authentication', oid: '0.4.0.127.0.7.2.2.2', version: 1, efCvca: { fid: 1, sfi: 256 } },
    ] as const)
      expect(() => encodeSecurityInfo(wrong)).toThrow(InputError)
  })
})
