import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleOverDist } from '../../../scripts/bundle-over-dist.mjs'
import { root } from '../../../scripts/workspace.mjs'

const readme = readFileSync(join(root, 'README.md'), 'utf8')
const programs = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code ?? '')

/** What the README's programs import from the reader's own files. */
const readersFiles = {
  'my-record.ts': `import { readFileSync } from 'node:fs'
import { parseEnrollmentRecord } from '@kart/personalization'
const load = (name: string) => new Uint8Array(readFileSync('test-vectors/specimen/' + name))
export const record = parseEnrollmentRecord(new TextDecoder().decode(load('record.json')), load)`,
  'my-office.ts': `import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout/profile'
import { buildImage, execute, initTestCvc, initTestPki, signerOf, softwareSigner } from '@kart/personalization'
import { record } from './my-record.ts'
const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: new Uint8Array(10) })
const [pki, cvc] = [initTestPki(), await initTestCvc()]
const image = buildImage(record, nationalId, { iccSerial: new Uint8Array(10), cvcaCertificate: cvc.cvca.certificate.raw })
await execute(card.transport(), image, { keys: testTransportKeys, signer: softwareSigner(pki.documentSigner) })
export const transport = card.transport()
export const terminal = { certificates: [cvc.documentVerifier.certificate], certificate: cvc.terminal.certificate, signer: signerOf(cvc.terminal) }
export const cscaCertificate = pki.csca.certificate
export const liveFinger = record.fingers[0]!.template
export const printed = image.access`,
}

describe('README', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kart-readme-'))
    for (const [name, text] of Object.entries(readersFiles)) writeFileSync(join(folder, name), text)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('has one program for each of the three users, none longer than ten lines', () => {
    expect(programs).toHaveLength(3)
    for (const program of programs) expect(program.trim().split('\n').length).toBeLessThanOrEqual(10)
  })

  it.each([
    [0, /^EF\.DG1 95$/m],
    [1, /^SECURED \d+ APDUs$/m],
    [2, /^accepted Every required check passed\.$/m],
  ] as const)('its program %i runs as printed, over the built packages', async (index, telling) => {
    const entry = join(folder, `program-${index}.ts`)
    const out = join(folder, `program-${index}.mjs`)
    writeFileSync(entry, programs[index] ?? '')
    await bundleOverDist(entry, out)
    const { status, stdout, stderr } = spawnSync(process.execPath, [out], { cwd: root, encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(telling)
  })

  it('names only files that are there', () => {
    const named = [...readme.matchAll(/`((?:docs|examples|packages|test-vectors)\/[\w./-]*|[A-Z]+\.md)`/g)].map(([, path]) => path ?? '')
    expect(named.length).toBeGreaterThan(4)
    for (const path of named) expect(() => readFileSync(join(root, path.endsWith('/') ? `${path}README.md` : path)), path).not.toThrow()
  })
})
