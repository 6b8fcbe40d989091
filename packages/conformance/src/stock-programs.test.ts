import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { programObstacle, programsOf, stockPrograms } from '../../../scripts/stock-programs.mjs'
import { root } from '../../../scripts/workspace.mjs'

const onStack = (name: string): string => join(root, 'packages/conformance/src/pcsc', name)
const folder = mkdtempSync(join(tmpdir(), 'kart-programs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => vi.restoreAllMocks())

describe('stock programs that tests need', () => {
  it.each([
    [
      'kart/stock-clients.test.ts',
      ['p11tool', 'opensc-pkcs11.so', 'engine pkcs11 of openssl', 'scdaemon', 'pyscard', 'pkcs15-tool', 'openssl'],
    ],
    ['kart/stock-issued.test.ts', ['pkcs15-tool', 'pkcs11-tool', 'pkcs15-crypt', 'opensc-pkcs11.so', 'openssl']],
    ['kart/stock-keys.test.ts', ['pkcs15-init', 'pkcs15-tool', 'pkcs11-tool', 'pkcs15-crypt', 'openssl']],
    ['kart/stock-card.test.ts', ['pkcs15-init', 'pkcs15-tool']],
    ['opensc-tool.test.ts', ['opensc-tool']],
  ])('are found in %s and what it imports', (file, names) => {
    expect(programsOf(onStack(file))).toEqual(expect.arrayContaining(names))
  })

  it('are none where a test runs nothing but Kart', () => {
    expect(programsOf(onStack('main-job.test.ts'))).toEqual([])
  })

  it('that are missing are named, with the package that brings each; those that are there stop nothing', () => {
    const helper = join(folder, 'helper.ts')
    const file = join(folder, 'x.test.ts')
    writeFileSync(helper, "import './x.test.ts'\nrun('scdaemon')")
    writeFileSync(file, "import { a } from './helper.ts'\nrun('pyscard')")
    const scdaemon = vi.spyOn(stockPrograms.scdaemon, 'find').mockReturnValue(undefined)
    vi.spyOn(stockPrograms.pyscard, 'find').mockReturnValue('/usr/bin/python3')
    expect(programObstacle(file)).toBe('not installed: scdaemon (Debian, Ubuntu: apt-get install scdaemon)')
    scdaemon.mockReturnValue('/usr/lib/gnupg/scdaemon')
    expect(programObstacle(file)).toBeUndefined()
  })
})
