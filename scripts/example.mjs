// Bundles one program of examples/ over the built packages and runs it in the repository's folder:
//   npm run example 05
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleOverDist, unbuilt } from './bundle-over-dist.mjs'
import { root } from './workspace.mjs'

const [wanted = '', ...rest] = process.argv.slice(2)
const names = readdirSync(join(root, 'examples'))
  .filter((name) => name.endsWith('.ts'))
  .sort()
const found = names.filter((name) => wanted !== '' && name.startsWith(wanted))
if (found.length !== 1) {
  console.error(`npm run example NUMBER, such as npm run example 05\n${names.map((name) => `  ${name}`).join('\n')}`)
  process.exit(2)
}
const missing = unbuilt()
if (missing.length > 0) {
  console.error(`not built: ${missing.join(', ')}; run npm run build first`)
  process.exit(2)
}
const folder = mkdtempSync(join(tmpdir(), 'kart-example-'))
try {
  const outfile = join(folder, 'example.mjs')
  await bundleOverDist(join(root, 'examples', found[0]), outfile)
  process.exitCode = spawnSync(process.execPath, [outfile, ...rest], { cwd: root, stdio: 'inherit' }).status ?? 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
