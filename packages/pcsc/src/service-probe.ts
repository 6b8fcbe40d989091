import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { endianness } from 'node:os'
import { PcscError } from './errors.ts'

/** Where pcsc-lite listens: what the environment says, else where the distributions build it to. */
export function serviceSocket(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  if (platform !== 'linux' && platform !== 'freebsd') return undefined
  const given = environment.PCSCLITE_CSOCK_NAME
  if (given) return given
  return ['/run/pcscd/pcscd.comm', '/var/run/pcscd/pcscd.comm'].find((path) => existsSync(path))
}

/** The version question of the pcsc-lite protocol: header (size, command 11 hex), then major, minor and return code. */
function versionQuestion(): Uint8Array {
  const bytes = new Uint8Array(20)
  const view = new DataView(bytes.buffer)
  const little = endianness() === 'LE'
  for (const [i, word] of [12, 0x11, 4, 4, 0].entries()) view.setUint32(4 * i, word, little)
  return bytes
}

/**
 * Asks the service whether it is alive, because the native library blocks the whole process when it is not: `silent` when it takes
 * the connection and never answers; `gone` when nothing listens; `alive` when it answers or hangs up (then it has its own reason, which the native call reports).
 */
export function probeService(path: string, timeoutMs: number): Promise<'alive' | 'gone' | 'silent'> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const settle = (outcome: 'alive' | 'gone' | 'silent') => {
      clearTimeout(timer)
      socket.destroy()
      resolve(outcome)
    }
    const timer = setTimeout(() => settle('silent'), timeoutMs)
    let connected = false
    socket.on('connect', () => {
      connected = true
      socket.write(versionQuestion())
    })
    socket.on('data', () => settle('alive'))
    socket.on('close', () => settle(connected ? 'alive' : 'gone'))
    socket.on('error', () => settle(connected ? 'alive' : 'gone'))
  })
}

/** Refuses to open a service that takes the connection and never answers. Throws PcscError. */
export async function refuseSilentService(path: string | undefined, timeoutMs: number): Promise<void> {
  if (path === undefined || (await probeService(path, timeoutMs)) !== 'silent') return
  throw new PcscError('open', 'the smart-card service takes connections but does not answer; restart it (Linux: pcscd)', {
    pcscCode: 0x8010000a,
  })
}

/** Refuses to close over a service that does not answer. Throws PcscError. */
export async function requireAnsweringService(path: string | undefined): Promise<void> {
  if (path === undefined || (await probeService(path, 2000)) !== 'silent') return
  throw new PcscError('close', 'the smart-card service does not answer, so its threads cannot be ended; restart it (Linux: pcscd)', {
    pcscCode: 0x8010000a,
  })
}
