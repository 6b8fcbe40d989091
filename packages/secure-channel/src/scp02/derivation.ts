import { concatBytes, InputError } from '@kart/codec'
import { desEde3CbcEncrypt, padMethod2, retailMac } from '@kart/crypto'

/** One static SCP02 key set: two-key triple-DES keys of 16 bytes. The caller owns and erases it. */
export interface Scp02Keys {
  /** Key version number, 1..127; 0 lets the card choose its first set. */
  readonly version: number
  readonly enc: Uint8Array
  readonly mac: Uint8Array
  readonly dek: Uint8Array
}

/** The keys of one SCP02 session, 16 bytes each. */
export interface Scp02SessionKeys {
  readonly sEnc: Uint8Array
  readonly sMac: Uint8Array
  /** Data encryption key of the session: SCP02 wraps keys under a session key, SCP03 under the static one. */
  readonly sDek: Uint8Array
}

/** Derivation constants (GlobalPlatform Card Specification 2.3.1, E.4.1, table E-3). */
const constants = { cMac: [0x01, 0x01], dek: [0x01, 0x81], enc: [0x01, 0x82] } as const

const zeroIv = new Uint8Array(8)

function derive(key: Uint8Array, constant: readonly [number, number], sequenceCounter: Uint8Array): Uint8Array {
  return desEde3CbcEncrypt(key, zeroIv, concatBytes(Uint8Array.from(constant), sequenceCounter, new Uint8Array(12)))
}

/** Session keys from the static keys and the card's sequence counter of 2 bytes (GlobalPlatform Card Specification 2.3.1, E.4.1). Throws InputError. */
export function scp02SessionKeys(keys: Scp02Keys, sequenceCounter: Uint8Array): Scp02SessionKeys {
  if ([keys.enc, keys.mac, keys.dek].some(({ length }) => length !== 16))
    throw new InputError('SCP02 keys', 'not three triple-DES keys of 16 bytes')
  if (sequenceCounter.length !== 2) throw new InputError('sequenceCounter', 'not 2 bytes')
  return {
    sEnc: derive(keys.enc, constants.enc, sequenceCounter),
    sMac: derive(keys.mac, constants.cMac, sequenceCounter),
    sDek: derive(keys.dek, constants.dek, sequenceCounter),
  }
}

/** An authentication cryptogram of 8 bytes: triple-DES CBC MAC under S-ENC (GlobalPlatform Card Specification 2.3.1, E.4.2). */
export function scp02Cryptogram(
  whose: 'card' | 'host',
  sEnc: Uint8Array,
  { hostChallenge, sequenceCounter, cardChallenge }: { hostChallenge: Uint8Array; sequenceCounter: Uint8Array; cardChallenge: Uint8Array },
): Uint8Array {
  const ofCard = concatBytes(sequenceCounter, cardChallenge)
  const data = whose === 'card' ? concatBytes(hostChallenge, ofCard) : concatBytes(ofCard, hostChallenge)
  return desEde3CbcEncrypt(sEnc, zeroIv, padMethod2(data, 8)).slice(-8)
}

/** The pseudo-random card challenge of i = 55, 6 bytes: the retail MAC of the AID under the C-MAC session key (GlobalPlatform Card Specification 2.3.1, E.4.2.3). */
export function scp02CardChallenge(sMac: Uint8Array, aid: Uint8Array): Uint8Array {
  return retailMac(sMac, aid).slice(0, 6)
}

/**
 * The C-MAC of one command, 8 bytes (GlobalPlatform Card Specification 2.3.1, E.4.4): retail MAC under S-MAC of header, Lc with the MAC counted in and plain
 * data. `previous` is the C-MAC before, which goes in encrypted with single DES (i bit 5); undefined for the first, whose chaining value is zero.
 */
export function scp02Mac(sMac: Uint8Array, previous: Uint8Array | undefined, message: Uint8Array): Uint8Array {
  const half = sMac.subarray(0, 8)
  const icv = previous === undefined ? zeroIv : desEde3CbcEncrypt(concatBytes(half, half), zeroIv, previous)
  const blocks = padMethod2(message, 8)
  for (const [i, byte] of icv.entries()) blocks[i]! ^= byte
  return retailMac(sMac, blocks, 'none')
}
