import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { describe, expect, it } from 'vitest'
import { packages, root } from '../../../scripts/workspace.mjs'

// The published form: what dist/ holds, not the sources. `npm test` builds it first.
const published = packages().filter(({ manifest }) => manifest.private !== true)
const entries = published.flatMap(({ name, folder, entries: names }) =>
  names.map((entry) => ({ id: entry === 'index' ? `@kart/${name}` : `@kart/${name}/${entry}`, folder, entry })),
)

describe('built packages', () => {
  it('are there', () => {
    for (const { folder, entry } of entries)
      expect(existsSync(join(folder, 'dist', `${entry}.js`)), `${folder}: run npm run build`).toBe(true)
  })

  it.each(entries)('$id gives the same exports to import and to require', ({ folder, entry }) => {
    const script = `import { createRequire } from 'node:module'
      const esm = await import(${JSON.stringify(join(folder, 'dist', `${entry}.js`))})
      const cjs = createRequire(import.meta.url)(${JSON.stringify(join(folder, 'dist', `${entry}.cjs`))})
      console.log(JSON.stringify([Object.keys(esm).filter((k) => k !== 'default').sort(), Object.keys(cjs).sort()]))`
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8' })
    const [esm, cjs] = JSON.parse(output) as [string[], string[]]
    expect(esm.length).toBeGreaterThan(0)
    expect(cjs).toEqual(esm)
  })

  it.each(published)(
    '$name: package metadata passes publint and the types resolve for ESM, CJS and bundlers',
    async ({ folder, manifest }) => {
      const { messages } = await publint({ pkgDir: folder, pack: 'npm', strict: true })
      expect(messages.filter(({ type }) => type !== 'suggestion')).toEqual([])
      const packed = JSON.parse(
        execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
          cwd: folder,
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        }),
      ) as { filename: string }[]
      const tarball = join(folder, packed[0]?.filename ?? '')
      try {
        const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))))
        expect(manifest.name).toBe(analysis.packageName)
        // `node10` is the resolution of Node before 12.7, which knows no subpath exports; every other finding counts.
        const problems = 'problems' in analysis ? analysis.problems : ['no types']
        expect(
          problems.filter(
            (problem) => typeof problem === 'string' || !('resolutionKind' in problem) || problem.resolutionKind !== 'node10',
          ),
        ).toEqual([])
      } finally {
        execFileSync(process.execPath, ['-e', `require('node:fs').rmSync(${JSON.stringify(tarball)}, { force: true })`])
      }
    },
  )

  it('require of one package from CommonJS user code works', () => {
    const require = createRequire(import.meta.url)
    const codec = require(join(root, 'packages/codec/dist/index.cjs')) as { toHex(bytes: Uint8Array): string }
    expect(codec.toHex(Uint8Array.of(0x6f, 0x10))).toBe('6f10')
  })
})
