import { DecodeError, InputError } from '@kart/codec'

/**
 * A certification authority or certificate holder reference (BSI TR-03110-3 v2.21, A.7.1; Doc 9303-12, 8th ed., 7.2.2.2): country code of two capital
 * letters, holder mnemonic of up to nine characters, sequence number of five; ISO/IEC 8859-1 without control characters (D.2.1.4).
 */
const form = /^[A-Z]{2}[\x20-\x7e\xa0-\xff]{5,14}$/

/** The bytes of a reference; `field` names it. Throws InputError. */
export function encodeKeyReference(reference: string, field = 'reference'): Uint8Array {
  if (!form.test(reference))
    throw new InputError(field, 'not a country code, a mnemonic of up to nine characters and a sequence number of five')
  return Uint8Array.from(reference, (character) => character.charCodeAt(0))
}

/** A reference as text. `what` names it in errors. Throws DecodeError. */
export function decodeKeyReference(bytes: Uint8Array, what = 'key reference'): string {
  if (bytes.length > 16) throw new DecodeError(what, `${bytes.length} bytes where at most 16 are allowed`)
  const text = String.fromCharCode(...bytes)
  if (!form.test(text)) throw new DecodeError(what, 'not a country code, a mnemonic and a sequence number of five characters')
  return text
}
