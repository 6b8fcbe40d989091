import { readdirSync, readlinkSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import type { KoffiModule } from './load-koffi.ts'
import type { SocketCalls } from './service-line.ts'

const again = 11
const unixFamily = 1
/** MSG_NOSIGNAL and MSG_DONTWAIT of Linux. */
const sendFlags = 0x4040
const receiveFlags = 0x40

export interface OwnSockets {
  readonly calls: SocketCalls
  /** Runs `open`, and finds the one socket to the service that was opened meanwhile; `fd` is undefined where it is not certain which. */
  findOpened<T>(open: () => Promise<T>): Promise<{ result: T; fd: number | undefined }>
}

/** The sockets of this process by their inode. */
function listSockets(): Map<string, number> {
  const found = new Map<string, number>()
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      const target = readlinkSync(`/proc/self/fd/${name}`)
      if (target.startsWith('socket:')) found.set(target, Number(name))
    } catch {
      // Closed meanwhile, as the folder's own descriptor is.
    }
  }
  return found
}

let opening: Promise<unknown> = Promise.resolve()

/** What is needed to use the PC/SC library's own sockets, on Linux; undefined where something is missing. */
export function bindOwnSockets(koffi: KoffiModule, platform: NodeJS.Platform = process.platform): OwnSockets | undefined {
  const poll = koffi.node?.poll
  // A worker thread that is ended while koffi watches a socket takes the process with it.
  if (!isMainThread) return undefined
  // With a delegate the socket may not be the library's, and a spy is to see every exchange.
  if (platform !== 'linux' || poll === undefined || process.env.LIBPCSCLITE_DELEGATE) return undefined
  const libc = koffi.load(null)
  const send = libc.func('send', 'long', ['int', 'void *', 'size_t', 'int'])
  const recv = libc.func('recv', 'long', ['int', 'void *', 'size_t', 'int'])
  const getpeername = libc.func('getpeername', 'int', ['int', 'void *', 'void *'])
  const isService = (fd: number): boolean => {
    const [address, length] = [new Uint8Array(128), Uint32Array.of(128)]
    if (Number(getpeername(fd, address, length)) !== 0) return false
    const path = new TextDecoder().decode(address.subarray(2, length[0])).split('\0')[0] ?? ''
    const own = process.env.PCSCLITE_CSOCK_NAME
    return new Uint16Array(address.buffer)[0] === unixFamily && (path.endsWith('/pcscd.comm') || (own !== undefined && path === own))
  }
  const calls: SocketCalls = {
    send: (fd, bytes, count) => Number(send(fd, bytes, count, sendFlags)),
    receive(fd, into) {
      const count = Number(recv(fd, into, into.length, receiveFlags))
      return count < 0 && koffi.errno() === again ? undefined : count
    },
    poll(fd, readable) {
      const handle = poll(fd, readable)
      return {
        start: () => handle.start(readable),
        stop: () => handle.stop(),
        ref: () => handle.ref(),
        unref: () => handle.unref(),
        close: () => handle.close(),
      }
    },
  }
  return {
    calls,
    findOpened(open) {
      const find = async () => {
        const before = listSockets()
        const result = await open()
        const fresh = [...listSockets()].filter(([inode]) => !before.has(inode))
        const fd = fresh.length === 1 ? fresh[0]![1] : undefined
        return { result, fd: fd !== undefined && isService(fd) ? fd : undefined }
      }
      // One after another in this thread, so that what one opens is not taken for what another opens.
      const found = opening.then(find, find)
      opening = found.catch(() => undefined)
      return found
    },
  }
}
