// SoftHSM2, a PKCS#11 token in software, that the tests of key stores run on; and whether the binding to PKCS#11 modules is there.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { findProgram } from './pcsc-stack.mjs'
import { root } from './workspace.mjs'

const modules = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
]

/** The module and the program that makes tokens; undefined where either is missing. */
export function findSoftHsm() {
  const module = modules.find((path) => existsSync(path))
  const util = findProgram('softhsm2-util')
  return module !== undefined && util !== undefined ? { module, util } : undefined
}

/** Why the tests on a token cannot be run here, with what to do about it; undefined when they can. */
export function tokenObstacle() {
  if (findSoftHsm() === undefined) return 'SoftHSM2 is missing (Debian, Ubuntu: apt-get install softhsm2)'
  let folder
  try {
    folder = dirname(createRequire(join(root, 'packages', 'keys', 'package.json')).resolve('pkcs11js/package.json'))
  } catch {
    return 'the package pkcs11js is not installed (npx pnpm install, with a compiler)'
  }
  const loads = spawnSync(process.execPath, ['-e', `require(${JSON.stringify(folder)})`], { stdio: 'ignore', timeout: 30_000 }).status === 0
  return loads
    ? undefined
    : 'pkcs11js has no native build (Debian, Ubuntu: apt-get install g++ make python3; then npx pnpm -r rebuild pkcs11js)'
}
