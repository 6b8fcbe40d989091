import { concatBytes, InputError, uintToBytes } from '@kart/codec'
import { aesCmac, kbkdfCmacCounter } from '@kart/crypto'

/** One static SCP03 key set; the caller owns and erases it. The keys are AES keys of 16, 24 or 32 bytes, all of one length. */
export interface Scp03Keys {
  /** Key version number, 1..127; 0 lets the card choose its first set. */
  readonly version: number
  /** Key-ENC. */
  readonly enc: Uint8Array
  /** Key-MAC. */
  readonly mac: Uint8Array
  /** Key-DEK. */
  readonly dek: Uint8Array
}

/** The keys of one session, as long as the static ones. */
export interface Scp03SessionKeys {
  readonly sEnc: Uint8Array
  readonly sMac: Uint8Array
  readonly sRmac: Uint8Array
}

/** Data derivation constants (GlobalPlatform Card Specification Amendment D 1.2, 4.1.5, table 4-1). */
export const derivationConstants = {
  cardCryptogram: 0x00,
  hostCryptogram: 0x01,
  cardChallenge: 0x02,
  sEnc: 0x04,
  sMac: 0x06,
  sRmac: 0x07,
} as const satisfies Record<string, number>

/** Key and data derivation (Amendment D 1.2, 4.1.5): SP 800-108 counter mode; 11 zero bytes, constant, 00, length in bits, counter, context. */
export function deriveScp03(key: Uint8Array, constant: number, context: Uint8Array, bits: number): Uint8Array {
  const before = concatBytes(new Uint8Array(11), Uint8Array.of(constant, 0), uintToBytes(bits, 2))
  return kbkdfCmacCounter({ key, before, after: context, bits })
}

/** Throws InputError for anything but three AES keys of one length. */
export function checkScp03Keys({ enc, mac, dek }: Scp03Keys): void {
  if (![16, 24, 32].includes(enc.length) || mac.length !== enc.length || dek.length !== enc.length)
    throw new InputError('SCP03 keys', 'not three AES keys of one length')
}

/** Session keys from the static keys and both challenges (Amendment D 1.2, 6.2.1). Throws InputError for keys that are not one AES size. */
export function scp03SessionKeys(keys: Scp03Keys, hostChallenge: Uint8Array, cardChallenge: Uint8Array): Scp03SessionKeys {
  checkScp03Keys(keys)
  const { enc, mac } = keys
  const context = concatBytes(hostChallenge, cardChallenge)
  const bits = enc.length * 8
  return {
    sEnc: deriveScp03(enc, derivationConstants.sEnc, context, bits),
    sMac: deriveScp03(mac, derivationConstants.sMac, context, bits),
    sRmac: deriveScp03(mac, derivationConstants.sRmac, context, bits),
  }
}

/** An authentication cryptogram, as long as the challenges (Amendment D 1.2, 6.2.2.2 and 6.2.2.3). */
export function scp03Cryptogram(
  whose: 'card' | 'host',
  sMac: Uint8Array,
  hostChallenge: Uint8Array,
  cardChallenge: Uint8Array,
): Uint8Array {
  const constant = whose === 'card' ? derivationConstants.cardCryptogram : derivationConstants.hostCryptogram
  return deriveScp03(sMac, constant, concatBytes(hostChallenge, cardChallenge), hostChallenge.length * 8)
}

/** The pseudo-random card challenge of `length` bytes: from Key-ENC, the sequence counter and the application's AID (Amendment D 1.2, 6.2.2.1). */
export function scp03CardChallenge(enc: Uint8Array, sequenceCounter: Uint8Array, aid: Uint8Array, length: number): Uint8Array {
  return deriveScp03(enc, derivationConstants.cardChallenge, concatBytes(sequenceCounter, aid), length * 8)
}

/** The whole C-MAC of EXTERNAL AUTHENTICATE, over a zero chaining value (Amendment D 1.2, 6.2.4): the first chaining value of the session. */
export function externalAuthenticateMac(sMac: Uint8Array, securityLevel: number, hostCryptogram: Uint8Array): Uint8Array {
  const header = Uint8Array.of(0x84, 0x82, securityLevel, 0, 2 * hostCryptogram.length)
  return aesCmac(sMac, concatBytes(new Uint8Array(16), header, hostCryptogram))
}
