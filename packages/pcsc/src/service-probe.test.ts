import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openPcsc } from './context.ts'
import { pcscliteBackend } from './pcsclite-backend.ts'
import { probeService, serviceSocket } from './service-probe.ts'
import { FakeService } from './testing/fake-pcsclite.ts'

let folder: string
let server: Server | undefined
const sockets: Socket[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kart-probe-'))
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  const old = server
  server = undefined
  if (old) await new Promise((resolve) => old.close(resolve))
  rmSync(folder, { recursive: true, force: true })
})

/** A service whose socket is treated by `treat`. */
async function listen(treat: (socket: Socket) => void): Promise<string> {
  const path = join(folder, 'pcscd.comm')
  const made = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    treat(socket)
  })
  server = made
  await new Promise<void>((resolve) => made.listen(path, resolve))
  return path
}

describe('asking the service whether it is alive', () => {
  it('tells an answering, a hanging-up and a missing service apart', async () => {
    const asked: number[] = []
    const path = await listen((socket) => {
      socket.on('data', (chunk) => {
        asked.push(chunk.length)
        socket.write(chunk)
      })
    })
    expect(await probeService(path, 5000)).toBe('alive')
    expect(asked).toEqual([20])
    expect(await probeService(join(folder, 'nothing'), 5000)).toBe('gone')
  })

  it('leaves it to the native call to say why the service hung up', async () => {
    const path = await listen((socket) => socket.end())
    expect(await probeService(path, 5000)).toBe('alive')
  })

  it('T02 refuses a silent service before the native call that would block the process', async () => {
    const path = await listen(() => undefined)
    const fake = new FakeService()
    const backend = pcscliteBackend({ load: () => fake.module, inWorker: false, socket: () => path })
    await expect(openPcsc({ backend, timeoutMs: 50 })).rejects.toMatchObject({
      code: 'reader',
      operation: 'open',
      pcscName: 'SCARD_E_TIMEOUT',
    })
    expect(fake.threads.size).toBe(0)
  })

  it('looks where the environment says, and nowhere on systems without such a socket', () => {
    expect(serviceSocket({ PCSCLITE_CSOCK_NAME: '/some/socket' }, 'linux')).toBe('/some/socket')
    expect(serviceSocket({ PCSCLITE_CSOCK_NAME: '/some/socket' }, 'win32')).toBeUndefined()
    expect(serviceSocket({}, 'darwin')).toBeUndefined()
  })
})
