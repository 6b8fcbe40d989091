import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { preProcessFile } from 'typescript'
import { describe, expect, it } from 'vitest'
import { packages, root } from '../../../scripts/workspace.mjs'

interface Manifest {
  devDependencies?: Record<string, string>
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}
interface Package {
  name: string
  folder: string
  manifest: Manifest
}

const layers = JSON.parse(readFileSync(join(root, 'layers.json'), 'utf8')) as Record<string, readonly string[]>
const testTools = ['vitest', 'fast-check']

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
}

/** Why this import breaks the layer table, or undefined when it does not. */
function objection(pkg: Pick<Package, 'name' | 'folder' | 'manifest'>, file: string, specifier: string): string | undefined {
  const isTest = /\.test\.ts$|\/testing\//.test(file)
  if (specifier.startsWith('node:')) return undefined
  if (specifier.startsWith('.')) {
    const target = join(file, '..', specifier)
    if (target.startsWith(join(pkg.folder, 'src')) || target === join(pkg.folder, 'package.json')) return undefined
    return isTest && target.startsWith(join(root, 'test-vectors')) ? undefined : 'a relative import leaves the package'
  }
  if (specifier.startsWith('@kart/')) {
    const wanted = specifier.slice('@kart/'.length)
    const allowed = layers[pkg.name] ?? []
    const [base = ''] = wanted.split('/')
    if (allowed.includes(wanted)) return undefined
    if (base !== 'apdu' && base !== 'matcher' && allowed.includes(base)) return undefined
    return `layers.json does not let ${pkg.name} import ${wanted}`
  }
  if (isTest && testTools.includes(specifier)) return undefined
  const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : (specifier.split('/')[0] ?? '')
  return name in { ...pkg.manifest.dependencies, ...pkg.manifest.optionalDependencies, ...(isTest ? pkg.manifest.devDependencies : {}) }
    ? undefined
    : `${name} is not among the package's dependencies`
}

function objections(pkg: Package): string[] {
  const found: string[] = []
  for (const file of sources(join(pkg.folder, 'src'))) {
    for (const { fileName } of preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles) {
      const why = objection(pkg, file, fileName)
      if (why) found.push(`${relative(root, file)}: '${fileName}': ${why}`)
    }
  }
  return found
}

describe('layers', () => {
  const libraries = (packages() as Package[]).filter(({ name }) => name !== 'conformance')

  it('layers.json names every package and nothing else', () => {
    expect(
      Object.keys(layers)
        .filter((key) => key !== 'comment')
        .sort(),
    ).toEqual(libraries.map(({ name }) => name).sort())
  })

  it.each(libraries)('$name imports only what layers.json allows', (pkg) => {
    expect(objections(pkg)).toEqual([])
  })

  it('every @kart import is a declared dependency, and every declared one is imported', () => {
    for (const pkg of libraries) {
      const imported = new Set<string>()
      for (const file of sources(join(pkg.folder, 'src')))
        for (const { fileName } of preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles)
          if (fileName.startsWith('@kart/')) imported.add(fileName.split('/').slice(0, 2).join('/'))
      const declared = Object.keys(pkg.manifest.dependencies ?? {}).filter((name) => name.startsWith('@kart/'))
      expect({ [pkg.name]: [...imported].sort() }).toEqual({ [pkg.name]: declared.sort() })
    }
  })

  it('the wall: the emulator cannot reach the terminal side', () => {
    const pkg = libraries.find(({ name }) => name === 'emulator')
    if (!pkg) throw new Error('no emulator package')
    const file = join(pkg.folder, 'src', 'x.ts')
    for (const forbidden of [
      '@kart/crypto',
      '@kart/secure-channel',
      '@kart/apdu/host',
      '@kart/apdu',
      '@kart/layout',
      '@kart/verification',
      '../../crypto/src/index.ts',
    ])
      expect(objection(pkg, file, forbidden), forbidden).toBeDefined()
    expect(objection(pkg, file, '@kart/apdu/card')).toBeUndefined()
  })
})
