import { CardError } from '@kart/codec'

/**
 * Why a key store refuses. Of what is named: `description` (the key description is not one), `missing` (no such key, set, file, token or module),
 * `check-value` (another key than the one described), `unfit` (a key that may leave its token, or may not do what is asked), `out-of-date` (a key set before
 * its first day or past its last), `access` (PIN or file mode). Of the token at work: `lost` (session or token gone), `failed` (it answered with an error).
 */
export type KeyStoreProblem = 'description' | 'missing' | 'check-value' | 'unfit' | 'out-of-date' | 'access' | 'lost' | 'failed'

/** A key store refuses or fails; nothing falls back to another store or to software. The message names keys and sets, and holds no key, PIN or derived byte. */
export class KeyStoreError extends CardError {
  readonly code: 'key-store' | 'hsm'
  readonly problem: KeyStoreProblem

  constructor(problem: KeyStoreProblem, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = problem === 'lost' || problem === 'failed' ? 'hsm' : 'key-store'
    this.problem = problem
  }
}
