// The optional package pcsclite and its native build.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { root } from './workspace.mjs'

/** The folder of the package, or undefined when pnpm left it out. */
function pcscliteFolder() {
  try {
    return dirname(createRequire(join(root, 'packages', 'pcsc', 'package.json')).resolve('pcsclite/package.json'))
  } catch {
    return undefined
  }
}

/** `built` when it loads, `unbuilt` when it is there without its native part, `absent` when it is not there. */
export function pcscliteState() {
  const folder = pcscliteFolder()
  if (!folder) return 'absent'
  const loads = spawnSync(process.execPath, ['-e', `require(${JSON.stringify(folder)})`], { stdio: 'ignore', timeout: 30_000 }).status === 0
  return loads ? 'built' : 'unbuilt'
}

/** Whether the headers that the build needs are there. */
export function hasPcscHeaders() {
  return ['/usr/include/PCSC/winscard.h', '/usr/local/include/PCSC/winscard.h'].some((path) => existsSync(path))
}

/** Builds it, where there is something to build and to build it with; true when it loads afterwards. A failure is not an error: the package is optional. */
export function rebuildPcsclite() {
  const state = pcscliteState()
  if (state === 'built') return true
  if (process.platform === 'linux' && !hasPcscHeaders()) return false
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const pnpm = (...args) =>
    spawnSync('npx', ['--yes', `pnpm@${devDependencies.pnpm}`, ...args], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: 300_000,
      shell: process.platform === 'win32',
    })
  console.log(`pcsclite ${state === 'absent' ? 'was left out' : 'has no native build'}: building it now`)
  // Without -r pnpm looks at the root's own dependencies alone, and says nothing.
  pnpm('-r', 'rebuild', 'pcsclite')
  return pcscliteState() === 'built'
}
