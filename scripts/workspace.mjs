// What the workspace holds: every package, its entries, and where each entry's source lies. Read by the build, vitest and the tests.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Every package of the workspace: short name, folder, package.json, and its entries (`index`, `host`, ...). */
export function packages() {
  const folder = join(root, 'packages')
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'package.json')))
    .map((name) => {
      const manifest = JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8'))
      const entries = Object.keys(manifest.exports ?? {})
        .filter((key) => key === '.' || (key.startsWith('./') && !key.endsWith('.json')))
        .map((key) => (key === '.' ? 'index' : key.slice(2)))
      return { name, folder: join(folder, name), manifest, entries }
    })
}

/** Import name to source file, longest first, so that tests run the sources without a build. */
export function sourceAliases() {
  const aliases = []
  for (const { folder, manifest, entries } of packages()) {
    for (const entry of entries) {
      const find = entry === 'index' ? manifest.name : `${manifest.name}/${entry}`
      aliases.push({ find: new RegExp(`^${find}$`), replacement: join(folder, 'src', `${entry}.ts`) })
    }
  }
  return aliases
}
