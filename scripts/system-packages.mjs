// Installs by name what the tests on a real PC/SC stack and on a PKCS#11 token need, on Debian and Ubuntu as root; elsewhere says what is needed and what will
// not be run. Never fails, and leaves no pcscd behind that was not there: the tests start their own.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { findProgram, findVpcdDriver } from './pcsc-stack.mjs'
import { hasPcscHeaders } from './pcsclite-build.mjs'
import { findSoftHsm } from './softhsm.mjs'
import { stockPrograms } from './stock-programs.mjs'

/** A system package and how its presence shows. */
const needed = [
  { name: 'pcscd', present: () => findProgram('pcscd') },
  { name: 'vsmartcard-vpcd', present: () => findVpcdDriver() },
  { name: 'opensc', present: () => findProgram('opensc-tool') },
  { name: 'libpcsclite-dev', present: () => hasPcscHeaders() },
  { name: 'pkg-config', present: () => findProgram('pkg-config') },
  { name: 'g++', present: () => findProgram('g++') ?? findProgram('c++') },
  { name: 'gcc', present: () => findProgram('gcc') ?? findProgram('cc') },
  { name: 'make', present: () => findProgram('make') },
  { name: 'python3', present: () => findProgram('python3') },
  { name: 'iproute2', present: () => findProgram('ip') },
  { name: 'util-linux', present: () => findProgram('unshare') },
  { name: 'softhsm2', present: () => findSoftHsm() },
  ...Object.values(stockPrograms).map((program) => ({ name: program.package, present: () => program.find() })),
]

const missing = () => [...new Set(needed.filter(({ present }) => !present()).map(({ name }) => name))]
const isDebian = () => existsSync('/etc/debian_version') && findProgram('apt-get') !== undefined
const isRoot = () => process.getuid?.() === 0

try {
  prepare()
} catch (error) {
  console.log(`system packages: ${error.message}; the tests go on without them`)
}

function prepare() {
  if (process.platform !== 'linux') {
    console.log('The tests on a real PC/SC stack need Linux with pcscd and vsmartcard-vpcd; they will not be run here.')
    return
  }
  const names = missing()
  if (names.length === 0) return
  if (!isDebian() || !isRoot()) {
    const how = isDebian() ? `as root: apt-get install ${names.join(' ')}` : `these, by the names Debian gives them: ${names.join(' ')}`
    console.log(
      `The tests on a real PC/SC stack (packages/conformance/src/pcsc) and on a PKCS#11 token (packages/conformance/src/pkcs11) need more than this machine has: ${how}. Without it they are not run; everything else is.`,
    )
    return
  }
  console.log(`installing system packages for the tests on a real PC/SC stack and on a PKCS#11 token: ${names.join(' ')}`)
  installWithoutServices(names)
  const still = missing()
  if (still.length > 0) console.log(`not installed: ${still.join(' ')}; the tests that need them are named at the end of the run`)
}

/** apt-get, with the start of services that the packages bring held back: the tests need none of them. */
function installWithoutServices(names) {
  const policy = '/usr/sbin/policy-rc.d'
  const ours = !existsSync(policy)
  const before = runningPcscds()
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    if (!aptGet('update')) console.log('apt-get update failed; trying with the lists that are there')
    // One at a time after a failure, so that a package this release does not have keeps none of the others away.
    if (!aptGet('install', ...names)) for (const name of names) aptGet('install', name)
  } finally {
    if (ours) rmSync(policy, { force: true })
    for (const id of runningPcscds()) if (!before.includes(id)) process.kill(id, 'SIGTERM')
  }
}

function aptGet(verb, ...names) {
  const options = verb === 'update' ? ['-qq', '-y'] : ['-qq', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120']
  const { status, stderr } = spawnSync('apt-get', [verb, ...options, ...names], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: 300_000,
  })
  if (status !== 0) console.log(`apt-get ${verb} ${names.join(' ')}: ${(stderr ?? '').trim().split('\n').slice(-3).join(' ')}`)
  return status === 0
}

/** Process ids of every pcscd in this mount namespace's /proc. */
function runningPcscds() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((id) => {
      try {
        const sameNetwork = readlinkSync(`/proc/${id}/ns/net`) === readlinkSync('/proc/self/ns/net')
        return sameNetwork && readFileSync(`/proc/${id}/comm`, 'utf8').trim() === 'pcscd'
      } catch {
        return false
      }
    })
    .map(Number)
}
