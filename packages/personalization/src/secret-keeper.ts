import type { PersonalizationReport } from './personalization-report.ts'

/**
 * Keeps what is told once (PINs, PUKs, card access number) where a power cut does not reach it. PINs of a card that is not SECURED are worth nothing: whoever writes it
 * anew gives it others.
 */
export interface SecretKeeper {
  /**
   * Awaited once, when everything on the card has been proved and before anything that cannot be undone. Resolve when the secrets are kept for good; a rejection ends the
   * run, and the card stays INITIALIZED. Once it has resolved keep them whatever becomes of the run, unless {@link drop} is called.
   */
  keep(secrets: PersonalizationReport['forPrinter']): void | Promise<void>
  /** Called when the run fails after {@link keep} and before SET STATUS left for the card: it is certainly not SECURED. Should not throw: its error would hide the run's. */
  drop(): void | Promise<void>
}
