// Runs a command inside a PC/SC stack of its own: a private network and mount namespace, its own pcscd with virtual readers alone.
// A pcscd that already runs, and every real reader, is out of its reach.
//   node scripts/pcsc-stack.mjs [--kart-readers N] COMMAND [ARGUMENTS]
// The readers are vpcd's two, or with --kart-readers N (1 to 16) so many of Kart's own; KART_READER_SOCKETS then names the folder of their sockets.
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildVirtualReader, readerConf, socketNames, virtualReaderObstacle } from './virtual-reader.mjs'

const self = fileURLToPath(import.meta.url)
const vpcdPort = 35963
const driverFolders = ['/usr/lib/pcsc/drivers', '/usr/lib64/pcsc/drivers', '/usr/local/lib/pcsc/drivers', '/usr/local/pcsc/drivers']

/** The full path of a program, also where a plain user's PATH does not look; undefined when it is not there. */
export function findProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin']
  return folders
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path))
}

export function findVpcdDriver() {
  for (const folder of driverFolders) {
    if (!existsSync(folder)) continue
    const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('/libifdvpcd.so'))
    if (found) return join(folder, found)
  }
  return undefined
}

/** The arguments with which unshare gives private namespaces here: as root, else in a user namespace; undefined when neither is allowed. */
function namespaceArguments() {
  const unshare = findProgram('unshare')
  if (!unshare) return undefined
  const ways = [
    ['--net', '--mount'],
    ['--map-root-user', '--net', '--mount'],
  ]
  // What is asked of the namespaces is tried, not guessed from the user: containers forbid one or the other.
  const trial = `mount -t tmpfs tmpfs /run && ${findProgram('ip') ?? 'ip'} link set lo up`
  return ways.find((way) => spawnSync(unshare, [...way, 'sh', '-c', trial], { stdio: 'ignore', timeout: 20_000 }).status === 0)
}

/** Why no private PC/SC stack can be had here, with what to do about it; undefined when it can. `kartReaders` asks for Kart's own readers. */
export function stackObstacle({ kartReaders = 0 } = {}) {
  if (process.platform !== 'linux') return `a private PC/SC stack needs Linux, and this is ${process.platform}`
  const missing = []
  if (!findProgram('pcscd')) missing.push('pcscd')
  if (kartReaders === 0 && !findVpcdDriver()) missing.push('vsmartcard-vpcd')
  if (!findProgram('unshare')) missing.push('util-linux')
  if (!findProgram('ip')) missing.push('iproute2')
  if (missing.length > 0)
    return `these system packages are missing: ${missing.join(' ')} (Debian, Ubuntu: apt-get install ${missing.join(' ')})`
  if (!namespaceArguments())
    return 'this machine allows no private network and mount namespaces (needed: root, or unprivileged user namespaces; in a container, CAP_SYS_ADMIN)'
  if (kartReaders > 0) return virtualReaderObstacle()
  return undefined
}

/** The command line that runs `command` inside a stack of its own. */
export function stackCommand(command, { kartReaders = 0 } = {}) {
  if (kartReaders > 0) buildVirtualReader()
  return [findProgram('unshare'), ...namespaceArguments(), process.execPath, self, '--inside', String(kartReaders), ...command]
}

function must(program, ...args) {
  const { status, stderr, error } = spawnSync(findProgram(program) ?? program, args, { encoding: 'utf8', timeout: 20_000 })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`)
}

/** Waits until something listens; `target` is what net.connect takes. */
async function listening(target, child, untilMs) {
  for (;;) {
    const open = await new Promise((resolve) => {
      const socket = createConnection(target)
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (open) return
    if (child.exitCode !== null) throw new Error(`pcscd ended with exit code ${child.exitCode}`)
    if (Date.now() > untilMs) throw new Error(`pcscd is not ready: nothing listens on ${JSON.stringify(target)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const confFolder = '/run/kart/readers'
const confFile = join(confFolder, 'readers')

/** Writes pcscd's configuration, and gives what the command must know of the readers. */
function configureReaders(kartReaders) {
  mkdirSync(confFolder, { recursive: true })
  if (kartReaders > 0) {
    const sockets = '/run/kart/sockets'
    mkdirSync(sockets, { mode: 0o700 })
    writeFileSync(confFile, readerConf(buildVirtualReader(), socketNames(sockets, kartReaders)))
    return { KART_READER_SOCKETS: sockets, KART_READER_COUNT: String(kartReaders) }
  }
  const port = `0x${vpcdPort.toString(16)}`
  writeFileSync(confFile, `FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:${port}\nLIBPATH ${findVpcdDriver()}\nCHANNELID ${port}\n`)
  return {}
}

async function inside(kartReaders, command) {
  // /run holds the sockets of the system's own services; behind an empty one none of them can be reached.
  must('mount', '-t', 'tmpfs', 'tmpfs', '/run')
  mkdirSync('/run/pcscd', { recursive: true })
  // Without the USB drivers, real readers stay with whoever uses them.
  for (const folder of driverFolders.filter((path) => existsSync(path))) {
    for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.bundle')))
      must('mount', '-t', 'tmpfs', 'tmpfs', join(folder, name))
  }
  must('ip', 'link', 'set', 'lo', 'up')
  // vpcd writes length and APDU apart and leaves Nagle's algorithm on: without quick acknowledgement each APDU takes 44 ms. Only speed: may fail.
  const quick = ['dev', 'lo', 'proto', 'kernel', 'scope', 'host', 'src', '127.0.0.1', 'table', 'local', 'quickack', '1']
  // KART_PCSC_PLAIN_LOOPBACK leaves that be, to measure vpcd as it is packaged.
  for (const target of process.env.KART_PCSC_PLAIN_LOOPBACK ? [] : ['127.0.0.0/8', '127.0.0.1'])
    spawnSync(findProgram('ip'), ['route', 'replace', 'local', target, ...quick], { stdio: 'ignore' })

  const environment = configureReaders(kartReaders)
  const log = '/run/kart/pcscd.log'
  const logFile = openSync(log, 'w')
  const setpriv = findProgram('setpriv')
  const pcscd = [findProgram('pcscd'), '--foreground', '--config', confFolder]
  // Tied to this process, so that it ends with it whatever happens.
  const [program, ...args] = setpriv ? [setpriv, '--pdeathsig', 'KILL', ...pcscd] : pcscd
  const service = spawn(program, args, { stdio: ['ignore', logFile, logFile] })
  closeSync(logFile)
  const ended = new Promise((resolve) => service.once('exit', resolve))
  const stop = async () => {
    service.kill('SIGTERM')
    const hard = setTimeout(() => service.kill('SIGKILL'), 3000)
    await ended
    clearTimeout(hard)
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop().then(() => process.exit(1)))
  let code = 1
  try {
    const untilMs = Date.now() + 15_000
    await listening({ path: '/run/pcscd/pcscd.comm' }, service, untilMs)
    const { PCSCLITE_CSOCK_NAME: _, ...inherited } = process.env
    const child = spawn(command[0], command.slice(1), {
      stdio: 'inherit',
      env: {
        ...inherited,
        ...environment,
        KART_PCSC_STACK: 'private',
        KART_PCSC_PID: String(service.pid),
        // How the service is started, for tests that stop it and start it again.
        KART_PCSC_COMMAND: JSON.stringify(pcscd),
      },
    })
    code = await new Promise((resolve) => {
      child.once('error', (error) => {
        console.error(`${command[0]} could not be started: ${error.message}`)
        resolve(127)
      })
      child.once('exit', (status, signal) => resolve(signal ? 1 : status))
    })
    if (service.exitCode !== null || service.signalCode !== null) {
      console.error(`pcscd ended while the command ran (${service.signalCode ?? `exit code ${service.exitCode}`})`)
      code ||= 1
    }
  } catch (error) {
    console.error(`private PC/SC stack: ${error.message}`)
  }
  await stop()
  if (code !== 0) {
    const lines = readFileSync(log, 'utf8').trim().split(`\n`).slice(-20).join('\n')
    if (lines) console.error(`last lines of pcscd:\n${lines}`)
  }
  process.exit(code)
}

if (process.argv[1] === self) {
  const args = process.argv.slice(2)
  if (args[0] === '--inside') await inside(Number(args[1]), args.slice(2))
  const usage = 'usage: node scripts/pcsc-stack.mjs [--kart-readers 1..16] COMMAND [ARGUMENTS]'
  if (args[0] === '--help' || args[0] === '-h') {
    console.log(`${usage}

Runs a command beside a pcscd of its own with virtual readers, in private network and mount namespaces (Linux): vpcd's two readers,
or with --kart-readers as many of Kart's own. Real readers and a pcscd that runs already stay out of its reach.

Example:
  $ node scripts/pcsc-stack.mjs sh -c 'npx kart emulate --card citizen.card & sleep 3; pkcs15-tool --dump; kill $!'`)
    process.exit(0)
  }
  const asked = args[0] === '--kart-readers' ? Number(args[1]) : 0
  const command = args[0] === '--kart-readers' ? args.slice(2) : args
  if (command.length === 0 || command[0].startsWith('-') || !Number.isInteger(asked) || asked < 0 || asked > 16) {
    console.error(usage)
    process.exit(2)
  }
  const obstacle = stackObstacle({ kartReaders: asked })
  if (obstacle) {
    console.error(obstacle)
    process.exit(3)
  }
  const [program, ...rest] = stackCommand(command, { kartReaders: asked })
  process.exit(spawnSync(program, rest, { stdio: 'inherit' }).status ?? 1)
}
