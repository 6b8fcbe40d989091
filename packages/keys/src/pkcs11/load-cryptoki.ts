import { createRequire } from 'node:module'
import { KeyStoreError } from '../key-store-error.ts'
import { type Cryptoki, returnValueOf } from './cryptoki.ts'

const remedy =
  'install a compiler (Debian, Ubuntu: apt-get install g++ make python3), then run: npm install pkcs11js, or npm rebuild pkcs11js (in the workspace of Kart itself: npx pnpm -r rebuild pkcs11js)'

/** A module that is in use: C_Initialize and C_Finalize are for the whole process, however many tokens are open. */
interface Loaded {
  readonly cryptoki: Cryptoki
  users: number
  /** Whether C_Initialize was ours, and so is C_Finalize. */
  readonly initialized: boolean
}

const modules = new Map<string, Loaded>()

/** The optional package pkcs11js. Throws KeyStoreError that says what to install when it is absent or was not built. */
function createCryptoki(load: (name: string) => unknown): Cryptoki {
  try {
    const { PKCS11 } = load('pkcs11js') as { PKCS11: new () => Cryptoki }
    return new PKCS11()
  } catch (cause) {
    const absent = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND' && /'pkcs11js'/.test(String((cause as Error).message))
    const state = absent ? 'is not installed' : 'is installed but its native part was not built or does not load'
    throw new KeyStoreError('missing', `the package pkcs11js, which HSMs need, ${state}; ${remedy}`, { cause })
  }
}

function initialize(cryptoki: Cryptoki, modulePath: string): boolean {
  try {
    cryptoki.load(modulePath)
  } catch (cause) {
    throw new KeyStoreError(
      'missing',
      'the PKCS#11 module cannot be loaded: name the shared library of the HSM’s maker (--pkcs11 MODULE)',
      { cause },
    )
  }
  try {
    cryptoki.C_Initialize()
    return true
  } catch (cause) {
    if (returnValueOf(cause) === 'CKR_CRYPTOKI_ALREADY_INITIALIZED') return false
    throw new KeyStoreError('failed', `the PKCS#11 module does not start (${returnValueOf(cause) ?? 'no return value'})`, { cause })
  }
}

/**
 * Loads the PKCS#11 module at `modulePath`, once a process; each call is paired with one of the `release` that it gives.
 * Throws KeyStoreError. `load` stands for `require`, for tests.
 */
export function loadCryptoki(
  modulePath: string,
  load: (name: string) => unknown = createRequire(import.meta.url),
): { readonly cryptoki: Cryptoki; release(): void } {
  let loaded = modules.get(modulePath)
  if (loaded === undefined) {
    const cryptoki = createCryptoki(load)
    loaded = { cryptoki, users: 0, initialized: initialize(cryptoki, modulePath) }
    modules.set(modulePath, loaded)
  }
  const current = loaded
  current.users++
  let released = false
  return {
    cryptoki: current.cryptoki,
    release() {
      if (released) return
      released = true
      if (--current.users > 0) return
      modules.delete(modulePath)
      try {
        if (current.initialized) current.cryptoki.C_Finalize()
        current.cryptoki.close()
      } catch {
        // The process is done with the module either way.
      }
    },
  }
}
