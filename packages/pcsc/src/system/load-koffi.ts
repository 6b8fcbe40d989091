import { createRequire } from 'node:module'
import { PcscError } from '../errors.ts'

// The parts of the package koffi 3.3 that Kart uses, in types of our own: the package is optional, and its types with it.

/** A C type made by koffi. */
export type KoffiType = object

/** A native function: called as it is it blocks; `async` runs it on a thread of libuv's pool and calls back. */
export interface KoffiFunction {
  (...args: readonly unknown[]): number | bigint
  async(...args: readonly unknown[]): void
}

export interface KoffiLibrary {
  func(name: string, result: string, args: readonly (string | KoffiType)[]): KoffiFunction
  func(convention: string, name: string, result: string, args: readonly (string | KoffiType)[]): KoffiFunction
  symbol(name: string): unknown
}

/** Calls back whenever a file descriptor can be read (uv_poll). */
export interface KoffiPoll {
  start(readable: () => void): void
  stop(): void
  ref(): void
  unref(): void
  close(): void
}

export interface KoffiModule {
  /** Not there in every release. */
  readonly node?: { poll?(fd: number, readable: () => void): KoffiPoll }
  errno(): number
  config(settings: { resident_async_pools: number }): unknown
  /** A library; without a path, what the program has loaded already. */
  load(path: string | null): KoffiLibrary
  struct(definition: Record<string, string | KoffiType>): KoffiType
  pack(definition: Record<string, string | KoffiType>): KoffiType
  array(type: string, length: number, hint: 'Typed'): KoffiType
  pointer(type: KoffiType): KoffiType
  inout(type: KoffiType): KoffiType
  sizeof(type: KoffiType): number
}

/** Loads the optional package koffi, which carries its native part prebuilt. Throws PcscError that says what to install. */
export function loadKoffi(load: (name: string) => unknown = createRequire(import.meta.url)): KoffiModule {
  try {
    const koffi = load('koffi') as KoffiModule
    keepMemory(koffi)
    return koffi
  } catch (cause) {
    const absent = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND' && /'koffi'/.test(String((cause as Error).message))
    throw new PcscError(
      'open',
      `the package koffi, which calls the system's PC/SC library, ${absent ? 'is not installed; npm install koffi' : 'has no native part for this system; use the backend pcsclite'}`,
      { cause },
    )
  }
}

/** Lets koffi keep the memory of as many calls at once as sixteen readers need; it keeps eight by itself, and maps the rest anew for each call. */
function keepMemory(koffi: KoffiModule): void {
  try {
    koffi.config({ resident_async_pools: 32 })
  } catch {
    // Another part of the program uses koffi already, and its settings stand.
  }
}

const remedies: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'install the PC/SC service (Debian, Ubuntu: apt-get install pcscd; Fedora: dnf install pcsc-lite; Alpine: apk add pcsc-lite)',
  freebsd: 'install the PC/SC service (pkg install pcsc-lite)',
}

/** The error for a system without the PC/SC library. */
export function libraryMissing(library: string, cause: unknown, platform: NodeJS.Platform = process.platform): PcscError {
  const remedy = remedies[platform] ?? 'it comes with the system: repair the installation'
  return new PcscError('open', `this system has no PC/SC library (${library}); ${remedy}`, { cause })
}
