// Bundles the benchmark over the built packages and runs it:
//   node scripts/bench.mjs [--json] [--quick] [--out DIR]
// Results also go to DIR (bench-results unless told) as JSON, with the two CPU profiles beside them. --quick only shows that everything runs.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleOverDist, unbuilt } from './bundle-over-dist.mjs'
import { root } from './workspace.mjs'

const missing = unbuilt()
if (missing.length > 0) {
  console.error(`not built: ${missing.join(', ')}; run npm run build first, or npm run bench`)
  process.exit(2)
}
const folder = mkdtempSync(join(tmpdir(), 'kart-bench-'))
try {
  const outfile = join(folder, 'bench.mjs')
  await bundleOverDist(join(root, 'packages/conformance/bench/main.ts'), outfile)
  process.exitCode = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' }).status ?? 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
