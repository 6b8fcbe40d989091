// Builds every package to dist/: ESM, CommonJS and (unless --no-types) declarations for both.
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'tsup'
import { buildKernel } from './build-kernel.mjs'
import { buildTypes } from './build-types.mjs'
import { packages, root } from './workspace.mjs'

// tsup takes the module kind from the package.json of the folder it runs in.
process.chdir(root)
const types = !process.argv.includes('--no-types')
const only = process.argv.slice(2).filter((arg) => !arg.startsWith('--'))
const started = performance.now()
console.log('building the packages; the next line comes when they are done')
await buildKernel()
// Their package.json offers no "require", so that the CommonJS build must carry them.
const importOnly = ['cborg']
const wanted = packages().filter(({ name, entries }) => entries.length > 0 && (only.length === 0 || only.includes(name)))

for (const { folder, entries } of wanted) {
  rmSync(join(folder, 'dist'), { recursive: true, force: true })
  const entry = Object.fromEntries(entries.map((name) => [name, join(folder, 'src', `${name}.ts`)]))
  await build({
    entry,
    outDir: join(folder, 'dist'),
    format: ['esm', 'cjs'],
    target: 'node20',
    platform: 'node',
    silent: true,
    config: false,
    external: [/^[^./]/],
    noExternal: importOnly,
    loader: { '.wasm': 'binary' },
    splitting: true,
    shims: true,
    sourcemap: true,
    clean: false,
  })
}
if (types) await buildTypes(wanted)
// The command carries its specimen citizen with it.
if (wanted.some(({ name }) => name === 'cli'))
  cpSync(join(root, 'test-vectors/specimen'), join(root, 'packages/cli/dist/specimen'), { recursive: true })
console.log(`built ${wanted.length} packages ${types ? 'with' : 'without'} types in ${((performance.now() - started) / 1000).toFixed(1)} s`)
