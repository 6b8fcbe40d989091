import { createRequire } from 'node:module'
import { join } from 'node:path'
import { openPcsc, type PcscBackend, systemBackend } from '@kart/pcsc'

/** Cards of several readers, connected by one binding. */
export interface ConnectedCards {
  transmit(index: number, command: Uint8Array): Promise<Uint8Array>
  close(): Promise<void>
}

/** A way from Node to PC/SC. */
export interface Binding {
  readonly name: string
  connect(readers: readonly string[]): Promise<ConnectedCards>
}

async function connectKart(backend: 'system' | 'pcsclite' | PcscBackend, readers: readonly string[]): Promise<ConnectedCards> {
  const context = await openPcsc({ backend })
  const cards = await Promise.all(readers.map((reader) => context.connect(reader, { mode: 'shared' })))
  return { transmit: (index, command) => cards[index]!.transceive(command), close: () => context.close() }
}

const t0OrT1 = 3
const shared = 2
const longestResponse = 4096

interface RawReader {
  readonly name: string
  connect(options: object, callback: (error: unknown, protocol: number) => void): void
  transmit(data: Buffer, length: number, protocol: number, callback: (error: unknown, response: Buffer) => void): void
}

/** The package pcsclite, used as its own examples use it. */
async function connectRawPcsclite(root: string, readers: readonly string[]): Promise<ConnectedCards> {
  const load = createRequire(join(root, 'packages/pcsc/package.json'))
  const service = (load('pcsclite') as () => { on(event: string, listener: (value: never) => void): void; close(): void })()
  const found = new Map<string, RawReader>()
  await new Promise<void>((resolve, reject) => {
    service.on('error', (error: never) => reject(error as Error))
    service.on('reader', (reader: never) => {
      found.set((reader as RawReader).name, reader)
      if (readers.every((name) => found.has(name))) resolve()
    })
  })
  const protocols = await Promise.all(
    readers.map(
      (name) =>
        new Promise<number>((resolve, reject) =>
          found
            .get(name)!
            .connect({ share_mode: shared, protocol: t0OrT1 }, (error, protocol) => (error ? reject(error) : resolve(protocol))),
        ),
    ),
  )
  return {
    transmit: (index, command) =>
      new Promise((resolve, reject) =>
        found
          .get(readers[index]!)!
          .transmit(Buffer.from(command), longestResponse, protocols[index]!, (error, response) =>
            error ? reject(error) : resolve(response),
          ),
      ),
    close: async () => service.close(),
  }
}

interface RawSmartcard {
  Context: new () => {
    listReaders(): { name: string; connect(mode: number, protocols: number): Promise<{ transmit(data: Buffer): Promise<Buffer> }> }[]
    close(): void
  }
}

/** The package smartcard, from a folder of the caller's; a context for each card, so that they do not wait for one another. */
async function connectSmartcard(folder: string, readers: readonly string[]): Promise<ConnectedCards> {
  const { Context } = createRequire(import.meta.url)(folder) as RawSmartcard
  const contexts = readers.map(() => new Context())
  const cards = await Promise.all(
    readers.map((name, i) =>
      contexts[i]!.listReaders()
        .find((reader) => reader.name === name)!
        .connect(shared, t0OrT1),
    ),
  )
  return {
    transmit: (index, command) => cards[index]!.transmit(Buffer.from(command)),
    close: async () => {
      for (const context of contexts) context.close()
    },
  }
}

/** Every binding that can be used here; the package smartcard where KART_BENCH_SMARTCARD names its folder. */
export function bindings(root: string): readonly Binding[] {
  const folder = process.env.KART_BENCH_SMARTCARD
  return [
    { name: 'kart system', connect: (readers) => connectKart('system', readers) },
    // The same with every exchange as a call of the library on a thread: what worker threads and other systems have.
    { name: 'kart by threads', connect: (readers) => connectKart(systemBackend({ threadless: false }), readers) },
    { name: 'kart pcsclite', connect: (readers) => connectKart('pcsclite', readers) },
    { name: 'pcsclite', connect: (readers) => connectRawPcsclite(root, readers) },
    ...(folder ? [{ name: 'smartcard', connect: (readers: readonly string[]) => connectSmartcard(folder, readers) }] : []),
  ]
}
