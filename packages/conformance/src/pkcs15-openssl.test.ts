import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fromHex } from '@kart/codec'
import { buildPkcs15Files, holderKeys, holderPins } from '@kart/layout'
import { describe, expect, it } from 'vitest'

// OpenSSL reads the DER that we write, and what OpenSC wrote, value by value: its reader shares no line with ours.
function asn1parse(der: Uint8Array): string {
  return execFileSync('openssl', ['asn1parse', '-inform', 'DER'], { input: der, encoding: 'utf8', timeout: 30_000 })
}

const { files } = buildPkcs15Files({
  token: { label: 'کارت ملی', manufacturer: 'Kart', serialNumber: Uint8Array.of(0x12, 0x34), lastUpdate: new Date('2026-01-02T03:04:05Z') },
  pins: holderPins,
  keys: holderKeys.map((key) => ({ ...key, publicKey: Uint8Array.of(0x30, 0x00) })),
  certificates: [{ label: 'signature', id: 2, fid: 0x4301, authority: true }],
  data: [{ label: 'note', applicationName: 'Kart', applicationOid: '1.2.3.4', fid: 0x4601, pin: 1 }],
})

/** The values of a directory file up to its zeros, each by itself. */
function values(content: Uint8Array): Uint8Array[] {
  const list: Uint8Array[] = []
  for (let at = 0; at < content.length && content[at] !== 0; at += list.at(-1)!.length) {
    const first = content[at + 1]!
    const length = first < 0x80 ? 2 + first : 3 + content[at + 2]!
    list.push(content.subarray(at, at + length))
  }
  return list
}

interface Vectors {
  groups: { tests: { input: { file: string; content: string } }[] }[]
}
const vectors = JSON.parse(readFileSync(new URL('../../../test-vectors/pkcs15/opensc-0.23.json', import.meta.url), 'utf8')) as Vectors
const written = vectors.groups[0]!.tests.filter(({ input }) => input.file.startsWith('EF.'))

describe.runIf(process.platform === 'linux')('openssl asn1parse', () => {
  it.each(files.filter(({ name }) => name.startsWith('EF.')))('reads every value of our $name to its end', ({ content }) => {
    const found = values(content)
    expect(found.length).toBeGreaterThan(0)
    for (const value of found) expect(outerLength(asn1parse(value))).toBe(value.length)
  })

  it.each(written.map(({ input }) => [input.file, fromHex(input.content)] as const))('reads OpenSC’s %s', (_, content) => {
    for (const value of values(content)) expect(outerLength(asn1parse(value))).toBe(value.length)
  })

  it('finds the names, identifiers, times and numbers where we put them', () => {
    const text = (name: string) =>
      values(files.find((file) => file.name === name)!.content)
        .map(asn1parse)
        .join('')
    expect(text('EF.TokenInfo')).toMatch(/OCTET STRING +\[HEX DUMP\]:1234[\s\S]*GENERALIZEDTIME +:20260102030405Z/)
    expect(text('EF.AODF')).toMatch(/UTF8STRING +:AuthPIN[\s\S]*ENUMERATED +:01[\s\S]*INTEGER +:06[\s\S]*UTF8STRING +:SO-PIN/)
    expect(text('EF.PrKDF')).toMatch(/UTF8STRING +:signature[\s\S]*INTEGER +:01[\s\S]*\[HEX DUMP\]:3F0050154B02[\s\S]*INTEGER +:0180/)
    expect(text('EF.DODF')).toMatch(/UTF8STRING +:Kart[\s\S]*OBJECT +:1\.2\.3\.4[\s\S]*3F0050154601/)
    expect(text('EF.CDF')).toMatch(/BOOLEAN +:(255|TRUE)/)
    expect(text('EF.ODF')).toMatch(/cont \[ 8 \][\s\S]*3F0050154401/)
  })
})

/** Header and content length of the outermost value as openssl read them. */
function outerLength(output: string): number {
  const match = /^ *0:d=0 +hl=(\d) +l= *(\d+)/.exec(output)
  return Number(match?.[1]) + Number(match?.[2])
}
