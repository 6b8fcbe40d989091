// Builds Kart's virtual reader (packages/emulator/ifd/kart-ifd.c), the driver that pcscd loads, and writes pcscd's configuration for it.
//   node scripts/virtual-reader.mjs [--out FILE] [--conf FILE --readers N --sockets FOLDER]
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { root } from './workspace.mjs'

const source = join(root, 'packages/emulator/ifd/kart-ifd.c')
/** Where the build goes unless told otherwise. */
export const driverFile = join(root, 'packages/emulator/ifd/build/libifdkart.so')
/** pcscd has room for so many readers. */
const mostReaders = 16
const headerFolders = ['/usr/include/PCSC', '/usr/local/include/PCSC']

const findCompiler = () =>
  ['cc', 'gcc', 'clang'].find((name) => (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name))))
const findHeaders = () => headerFolders.find((folder) => existsSync(join(folder, 'ifdhandler.h')))

/** Why the driver cannot be built here, with what to do about it; undefined when it can, or is built already. */
export function virtualReaderObstacle() {
  if (process.platform !== 'linux') return `the virtual reader is a driver of pcscd on Linux, and this is ${process.platform}`
  if (isCurrent(driverFile)) return undefined
  const missing = []
  if (!findCompiler()) missing.push('gcc')
  if (!findHeaders()) missing.push('libpcsclite-dev')
  if (missing.length === 0) return undefined
  return `to build the virtual reader these are missing: ${missing.join(' ')} (Debian, Ubuntu: apt-get install ${missing.join(' ')} libc6-dev)`
}

const isCurrent = (file) => existsSync(file) && statSync(file).mtimeMs >= statSync(source).mtimeMs

/** Builds the driver where the source is newer, and gives its file. Throws where something is missing or the compiler refuses. */
export function buildVirtualReader(out = driverFile) {
  if (isCurrent(out)) return out
  const obstacle = virtualReaderObstacle()
  if (obstacle) throw new Error(obstacle)
  mkdirSync(dirname(out), { recursive: true })
  const options = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-fPIC', '-shared', `-I${findHeaders()}`]
  const { status, stderr, error } = spawnSync(findCompiler(), [...options, '-o', out, source, '-lpthread'], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the virtual reader was not built: ${error?.message ?? stderr}`)
  return out
}

/** The sockets of so many readers: reader-00.sock, reader-01.sock, ... */
export function socketNames(folder, count) {
  return Array.from({ length: count }, (_, i) => join(folder, `reader-${String(i).padStart(2, '0')}.sock`))
}

/** pcscd's configuration: one reader a socket. */
export function readerConf(driver, sockets, name = 'Kart Reader') {
  return sockets
    .map(
      (socket, i) =>
        `FRIENDLYNAME "${name}"\nDEVICENAME ${dirname(socket)}:${basename(socket)}\nLIBPATH ${driver}\nCHANNELID 0x${(0x4b00 + i).toString(16)}\n`,
    )
    .join('\n')
}

function main() {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      conf: { type: 'string' },
      readers: { type: 'string', default: '1' },
      sockets: { type: 'string', default: '/run/kart' },
    },
  })
  const count = Number(values.readers)
  if (!Number.isInteger(count) || count < 1 || count > mostReaders) {
    console.error(`--readers takes 1 to ${mostReaders}`)
    return 2
  }
  try {
    const driver = buildVirtualReader(values.out === undefined ? driverFile : resolve(values.out))
    console.log(`the virtual reader: ${driver}`)
    if (values.conf !== undefined) {
      const sockets = resolve(values.sockets)
      writeFileSync(values.conf, readerConf(driver, socketNames(sockets, count)))
      console.log(
        `${values.conf}: ${count} reader(s), sockets in ${sockets} (the folder must be there before pcscd starts; its owner may put cards in)`,
      )
    }
    return 0
  } catch (error) {
    console.error(error.message)
    return 3
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit(main())
