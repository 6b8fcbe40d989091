// Debian's programs that know signature cards and not us, by which the card's PKCS#15 application is proved: where each lies, and the package that brings it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findProgram } from './pcsc-stack.mjs'

const libraries = ['/usr/lib', '/usr/lib64', ...multiarch()]

function multiarch() {
  if (!existsSync('/usr/lib')) return []
  return readdirSync('/usr/lib')
    .filter((name) => /-linux-gnu/.test(name))
    .map((name) => join('/usr/lib', name))
}

/** A file below one of the system's folders of libraries; undefined where it is in none. */
function findLibrary(...names) {
  return libraries.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path))
}

/** Each program with its package's name (Debian, Ubuntu), and `find`: its path, undefined where it is not installed. */
export const stockPrograms = {
  'opensc-tool': { package: 'opensc', find: () => findProgram('opensc-tool') },
  'pkcs15-init': { package: 'opensc', find: () => findProgram('pkcs15-init') },
  'pkcs15-tool': { package: 'opensc', find: () => findProgram('pkcs15-tool') },
  'pkcs11-tool': { package: 'opensc', find: () => findProgram('pkcs11-tool') },
  'pkcs15-crypt': { package: 'opensc', find: () => findProgram('pkcs15-crypt') },
  'opensc-pkcs11.so': { package: 'opensc-pkcs11', find: () => findLibrary('opensc-pkcs11.so', 'pkcs11/opensc-pkcs11.so') },
  openssl: { package: 'openssl', find: () => findProgram('openssl') },
  'engine pkcs11 of openssl': {
    package: 'libengine-pkcs11-openssl',
    find: () => findLibrary('engines-3/pkcs11.so', 'engines-3/libpkcs11.so'),
  },
  p11tool: { package: 'gnutls-bin', find: () => findProgram('p11tool') },
  scdaemon: { package: 'scdaemon', find: () => findLibrary('gnupg/scdaemon') ?? findProgram('scdaemon') },
  // The system's own interpreter: another one in the PATH does not see the package.
  pyscard: {
    package: 'python3-pyscard',
    find: () => findLibrary('python3/dist-packages/smartcard/scard/__init__.py') && '/usr/bin/python3',
  },
}

/** The path of a stock program. Throws, naming the package to install, where it is missing. */
export function stockProgram(name) {
  const { package: from, find } = stockPrograms[name]
  const path = find()
  if (path === undefined) throw new Error(`${name} is not installed, and the test cannot be run (Debian, Ubuntu: apt-get install ${from})`)
  return path
}

/** The stock programs that a test file names in quotes, in itself or in what it imports beside it. */
export function programsOf(file, seen = new Set()) {
  if (seen.has(file)) return []
  seen.add(file)
  const source = readFileSync(file, 'utf8')
  const named = Object.keys(stockPrograms).filter((name) => source.includes(`'${name}'`))
  const imported = [...source.matchAll(/from '(\.{1,2}\/[^']+\.ts)'/g)].map(([, path]) => join(dirname(file), path))
  return [...new Set([...named, ...imported.flatMap((path) => programsOf(path, seen))])]
}

/** Why a test file cannot be run here, with what to do about it; undefined when every stock program that it names is installed. */
export function programObstacle(file) {
  const missing = programsOf(file).filter((name) => stockPrograms[name].find() === undefined)
  if (missing.length === 0) return undefined
  const names = [...new Set(missing.map((name) => stockPrograms[name].package))].join(' ')
  return `not installed: ${missing.join(', ')} (Debian, Ubuntu: apt-get install ${names})`
}
