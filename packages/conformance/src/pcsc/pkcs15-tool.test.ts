import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { toHex } from '@kart/codec'
import type { PluggedCard } from '@kart/emulator'
import { buildPkcs15Files, decodeCertificate, efDirCodec, holderKeys, holderPins } from '@kart/layout'
import { openPcsc, type PcscContext } from '@kart/pcsc'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../../../scripts/workspace.mjs'
import { ReadableCard } from './readable-card.ts'
import { insertCard, runProgram, waitForStack } from './stack.ts'

// OpenSC's own tool, as Debian ships it, reads the files that our tables make: its decoder shares no line with ours.
const spki = (namedCurve: string) =>
  new Uint8Array(generateKeyPairSync('ec', { namedCurve }).publicKey.export({ type: 'spki', format: 'der' }))
const note = new TextEncoder().encode('یادداشت دارنده')
const keys = [
  { ...holderKeys[0], publicKey: spki('P-256') },
  { ...holderKeys[1], publicKey: spki('P-384') },
]
const certificate = new Uint8Array(readFileSync(join(root, 'test-vectors/pa/ecdsa-p384-sha384-csca.cer')))
const { files, directoryEntry } = buildPkcs15Files({
  token: { label: 'National ID', manufacturer: 'Kart', serialNumber: Uint8Array.of(0x12, 0x34) },
  pins: holderPins,
  keys,
  certificates: [{ label: 'signature', id: 2, fid: 0x4301, subject: decodeCertificate(certificate).subject.raw, content: certificate }],
  data: [{ label: 'note', applicationName: 'Kart', applicationOid: '1.2.3.4', fid: 0x4601, content: note }],
})

describe('unmodified pkcs15-tool on the files of our tables', () => {
  let context: PcscContext | undefined
  let plugged: PluggedCard | undefined
  const tool = (...args: readonly string[]) => runProgram('pkcs15-tool', args, { timeoutMs: 60_000 })

  beforeAll(async () => {
    await waitForStack()
    context = await openPcsc()
    const content = new Map(files.map((file) => [`3f005015${file.fid.toString(16)}`, file.content]))
    content.set('3f002f00', efDirCodec.encode({ applications: [directoryEntry] }))
    plugged = await insertCard(context, new ReadableCard(content))
  })
  afterAll(async () => {
    await plugged?.unplug()
    await context?.close()
  })

  it('--dump lists the card, its PINs, keys, certificate and data object as the tables have them', async () => {
    const { code, stdout } = await tool('--dump')
    expect(code).toBe(0)
    for (const line of [
      /PKCS#15 Card \[National ID\]/,
      /Manufacturer ID: Kart/,
      /Serial number {2}: 1234/,
      /Flags {10}: Login required, PRN generation/,
      /PIN \[AuthPIN\][\s\S]*?ID {13}: 01[\s\S]*?min_len:6, max_len:8, stored_len:8[\s\S]*?Reference {6}: 1 /,
      /PIN \[SignPIN\][\s\S]*?ID {13}: 02[\s\S]*?Reference {6}: 2 /,
      /PIN \[SO-PIN\][\s\S]*?initialized, needs-padding, soPin[\s\S]*?Reference {6}: 3 /,
      /Private EC Key \[authentication\][\s\S]*?Usage {10}: \[0x104\], sign, derive[\s\S]*?FieldLength {4}: 256[\s\S]*?Path {11}: 3f0050154b01[\s\S]*?Auth ID {8}: 01/,
      /Private EC Key \[signature\][\s\S]*?Usage {10}: \[0x200\], nonRepudiation[\s\S]*?FieldLength {4}: 384[\s\S]*?Path {11}: 3f0050154b02[\s\S]*?Auth ID {8}: 02/,
      /Public EC Key \[signature\][\s\S]*?FieldLength {4}: 384/,
      /X.509 Certificate \[signature\][\s\S]*?Path {11}: 3f0050154301[\s\S]*?ID {13}: 02/,
      /Data object 'note'[\s\S]*?applicationName: Kart[\s\S]*?applicationOID: {2}1.2.3.4[\s\S]*?Path: {12}3f0050154601/,
    ])
      expect(stdout).toMatch(line)
  })

  it.each(keys.map(({ id, publicKey }) => [id, publicKey] as const))('--read-public-key %i gives the key', async (id, publicKey) => {
    const { code, stdout } = await tool('--read-public-key', `0${id}`)
    expect(code).toBe(0)
    expect(toHex(new Uint8Array(createPublicKey(stdout).export({ type: 'spki', format: 'der' })))).toBe(toHex(publicKey))
  })

  it('--read-certificate gives the certificate', async () => {
    const { code, stdout } = await tool('--read-certificate', '02')
    expect(code).toBe(0)
    const body = stdout.replace(/-----[A-Z ]+-----|\s/g, '')
    expect(toHex(new Uint8Array(Buffer.from(body, 'base64')))).toBe(toHex(certificate))
  })

  it('--read-data-object gives the data object', async () => {
    const { code, stdout } = await tool('--read-data-object', 'note', '--raw')
    expect(code).toBe(0)
    expect(stdout).toContain(new TextDecoder().decode(note))
  })
})
