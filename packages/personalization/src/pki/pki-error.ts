import { CardError } from '@kart/codec'

/** A key, a certificate or a folder of them cannot be used. The message never holds key material. */
export class PkiError extends CardError {
  readonly code = 'pki'
}
