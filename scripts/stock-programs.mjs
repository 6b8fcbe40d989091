// Debian's programs that know signature cards and not us, by which the card's PKCS#15 application is proved: where each lies, and the package that brings it.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
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
