import { InputError } from '@kart/codec'
import type { PcscBackend } from './backend.ts'
import { PcscError } from './errors.ts'
import { pcscliteBackend } from './pcsclite-backend.ts'
import { loadPcsclite } from './pcsclite-load.ts'
import { systemBackend, systemObstacle } from './system/system-backend.ts'

/** The two ways to PC/SC: `system`, the system's own library called directly; `pcsclite`, the npm package of that name. */
export type BackendName = 'system' | 'pcsclite'

const names: readonly string[] = ['system', 'pcsclite'] satisfies readonly BackendName[]

/** What the choice takes from its surroundings; the tests hand in others. */
export interface Choosable {
  /** Why `system` cannot be used; undefined where it can. */
  systemObstacle(): unknown
  /** Why `pcsclite` cannot be used; undefined where it can. */
  pcscliteObstacle(): unknown
}

const reallyChoosable: Choosable = {
  systemObstacle,
  pcscliteObstacle() {
    try {
      loadPcsclite()
      return undefined
    } catch (error) {
      return error
    }
  },
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/**
 * The backend to use: the one named, by the argument or else by the environment's KART_PCSC_BACKEND; else `system` where koffi and the
 * system's library are there, else `pcsclite`. Throws PcscError that says what to install where there is neither, InputError for another name.
 */
export function chooseBackend(
  wanted: BackendName | PcscBackend | undefined,
  environment: NodeJS.ProcessEnv = process.env,
  choosable: Choosable = reallyChoosable,
): PcscBackend {
  if (typeof wanted === 'object') return wanted
  const name = wanted ?? (environment.KART_PCSC_BACKEND || undefined)
  if (name !== undefined && !names.includes(name)) throw new InputError('backend', `not one of ${names.join(', ')}`)
  if (name === 'pcsclite') return pcscliteBackend()
  const obstacle = choosable.systemObstacle()
  if (name === 'system' && obstacle !== undefined) throw obstacle
  if (obstacle === undefined) return systemBackend()
  if (choosable.pcscliteObstacle() === undefined) return pcscliteBackend()
  // The system's library is what both need; koffi needs no compiler, so that it is the one to install.
  throw new PcscError('open', `smart-card readers cannot be reached: ${textOf(obstacle)}`, { cause: obstacle })
}
