// Installs the workspace with the pinned pnpm. Nothing but Node and npm is needed.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './workspace.mjs'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Kart needs Node 20.19 or newer; this is ${process.version}.`)
  process.exit(2)
}
if (process.platform === 'linux' && !existsSync('/usr/include/PCSC/winscard.h'))
  console.log(
    'Note: the PC/SC headers are not installed (Debian: libpcsclite-dev), so the optional package pcsclite is not built. What it prints below does no harm: everything but the reader commands works.',
  )
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const args = [
  '--yes',
  `pnpm@${devDependencies.pnpm}`,
  'install',
  '--reporter=append-only',
  ...(process.argv.includes('--update-lock') ? ['--no-frozen-lockfile'] : ['--frozen-lockfile']),
]
const { status, error } = spawnSync('npx', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' })
if (error) console.error(`npx could not be started: ${error.message}`)
process.exit(status ?? 2)
