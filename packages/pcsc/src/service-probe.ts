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

/** How the service answered, and whether it takes version 4.4 of pcsc-lite's protocol. */
export interface ProbeAnswer {
  readonly outcome: 'alive' | 'gone' | 'silent'
  readonly speaksVersion4: boolean
}

/** Whether the answer to the version question (major, minor, return code) takes the version asked for. */
function acceptsVersion(answer: Uint8Array): boolean {
  if (answer.length !== 12) return false
  const view = new DataView(answer.buffer, answer.byteOffset)
  const little = endianness() === 'LE'
  return view.getUint32(0, little) === 4 && view.getUint32(8, little) === 0
}

/**
 * Asks the service whether it is alive, because the native library blocks the whole process when it is not: `silent` when it takes
 * the connection and never answers; `gone` when nothing listens; `alive` when it answers or hangs up (then it has its own reason, which the native call reports).
 */
export async function probeService(path: string, timeoutMs: number): Promise<'alive' | 'gone' | 'silent'> {
  return (await askService(path, timeoutMs)).outcome
}

function askService(path: string, timeoutMs: number): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const settle = (outcome: 'alive' | 'gone' | 'silent', speaksVersion4 = false) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ outcome, speaksVersion4 })
    }
    const timer = setTimeout(() => settle('silent'), timeoutMs)
    let connected = false
    socket.on('connect', () => {
      connected = true
      socket.write(versionQuestion())
    })
    socket.on('data', (answer) => settle('alive', acceptsVersion(answer)))
    socket.on('close', () => settle(connected ? 'alive' : 'gone'))
    socket.on('error', () => settle(connected ? 'alive' : 'gone'))
  })
}

/** Refuses to open a service that takes the connection and never answers. Throws PcscError. */
export async function refuseSilentService(path: string | undefined, timeoutMs: number): Promise<ProbeAnswer> {
  const answer: ProbeAnswer = path === undefined ? { outcome: 'alive', speaksVersion4: false } : await askService(path, timeoutMs)
  if (answer.outcome !== 'silent') return answer
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
