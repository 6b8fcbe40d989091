// Bundles one TypeScript program whose `@kart/...` imports stay what a user of the published packages would get: the built files in packages/*/dist.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { packages } from './workspace.mjs'

/** Import name to built file, one for each entry of each published package. */
function builtEntries() {
  return new Map(
    packages().flatMap(({ folder, manifest, entries }) =>
      entries.map((entry) => [entry === 'index' ? manifest.name : `${manifest.name}/${entry}`, join(folder, 'dist', `${entry}.js`)]),
    ),
  )
}

/** Names of the entries that have no built file. */
export function unbuilt() {
  return [...builtEntries()].filter(([, file]) => !existsSync(file)).map(([name]) => name)
}

/** Bundles `entry` into `outfile` (ESM for Node 20). Fails on an `@kart/...` import that no package exports. */
export async function bundleOverDist(entry, outfile) {
  const built = builtEntries()
  const overDist = {
    name: 'over-dist',
    setup(context) {
      context.onResolve({ filter: /^@kart\// }, ({ path }) => {
        const file = built.get(path)
        return file === undefined
          ? { errors: [{ text: `no package exports ${path}` }] }
          : { path: pathToFileURL(file).href, external: true }
      })
    },
  }
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    plugins: [overDist],
    logLevel: 'warning',
  })
}
