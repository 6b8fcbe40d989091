// Bundles a TypeScript program of this folder from the sources, so that no build is needed, and runs it with this process's arguments.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { buildKernel } from '../../../scripts/build-kernel.mjs'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

export async function runBundled(name) {
  await buildKernel()
  const folder = mkdtempSync(join(tmpdir(), 'kart-bench-'))
  const outfile = join(folder, 'program.mjs')
  try {
    const tsconfig = here('../../../tsconfig.json')
    await build({ entryPoints: [here(name)], outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', tsconfig })
    process.exitCode = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
