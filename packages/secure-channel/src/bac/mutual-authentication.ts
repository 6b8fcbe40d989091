import { concatBytes, InputError } from '@kart/codec'
import { constantTimeEqual, desEde3CbcDecrypt, desEde3CbcEncrypt, kdf9303, retailMac, wipe } from '@kart/crypto'
import { AuthenticationError } from '../channel-error.ts'
import type { SessionKeys } from '../secure-messaging/emrtd-session.ts'
import type { BacKeys } from './bac-keys.ts'

/** The terminal's randomness and the card's challenge. */
export interface BacNonces {
  /** RND.IC, 8 bytes, from GET CHALLENGE. */
  readonly rndIc: Uint8Array
  /** RND.IFD, 8 bytes. */
  readonly rndIfd: Uint8Array
  /** K.IFD, 16 bytes, secret. */
  readonly kIfd: Uint8Array
}

const zeroIv = new Uint8Array(8)

function checkNonces({ rndIc, rndIfd, kIfd }: BacNonces): void {
  if (rndIc.length !== 8 || rndIfd.length !== 8 || kIfd.length !== 16) throw new InputError('BAC nonces', 'not 8, 8 and 16 bytes')
}

/** Data field of EXTERNAL AUTHENTICATE, E.IFD || M.IFD, 40 bytes (Doc 9303-11, 8th ed., 4.3.3, steps 2a to 2d). Throws InputError. */
export function mutualAuthenticationData(keys: BacKeys, nonces: BacNonces): Uint8Array {
  checkNonces(nonces)
  const s = concatBytes(nonces.rndIfd, nonces.rndIc, nonces.kIfd)
  const eIfd = desEde3CbcEncrypt(keys.kEnc, zeroIv, s)
  wipe(s)
  return concatBytes(eIfd, retailMac(keys.kMac, eIfd))
}

/**
 * Checks the card's answer, E.IC || M.IC, and gives K.IC (Doc 9303-11, 8th ed., 4.3.3, steps 4a to 4c): the MAC first, then both nonces.
 * Throws AuthenticationError, the same for each.
 */
export function openMutualAuthentication(keys: BacKeys, nonces: BacNonces, answer: Uint8Array): Uint8Array {
  checkNonces(nonces)
  const refused = () => new AuthenticationError('BAC', 'the card did not prove that it holds the document’s keys')
  if (answer.length !== 40) throw refused()
  const eIc = answer.slice(0, 32)
  if (!constantTimeEqual(retailMac(keys.kMac, eIc), answer.slice(32))) throw refused()
  const r = desEde3CbcDecrypt(keys.kEnc, zeroIv, eIc)
  const ours = constantTimeEqual(r.slice(0, 16), concatBytes(nonces.rndIc, nonces.rndIfd))
  const kIc = r.slice(16)
  wipe(r)
  if (!ours) throw refused()
  return kIc
}

/** Session keys and send sequence counter from both halves of the key seed (Doc 9303-11, 8th ed., 4.3.3 step 5, 9.8.2 and Appendix D.3). Throws InputError. */
export function bacSessionKeys(nonces: BacNonces, kIc: Uint8Array): SessionKeys {
  checkNonces(nonces)
  if (kIc.length !== 16) throw new InputError('K.IC', 'not 16 bytes')
  const seed = nonces.kIfd.map((byte, i) => byte ^ kIc[i]!)
  const keys = {
    ksEnc: kdf9303(seed, 1, 'desede'),
    ksMac: kdf9303(seed, 2, 'desede'),
    ssc: concatBytes(nonces.rndIc.slice(4), nonces.rndIfd.slice(4)),
  }
  wipe(seed)
  return keys
}
