import { type CardChannel, getChallenge, mutualAuthenticate, StatusWordError, send } from '@kart/apdu/host'
import { DecodeError } from '@kart/codec'
import { randomBytes, wipe } from '@kart/crypto'
import { AuthenticationError } from '../channel-error.ts'
import { type Secure3desSession, start3desSession } from '../secure-messaging/emrtd-session.ts'
import type { BacKeys } from './bac-keys.ts'
import { bacSessionKeys, mutualAuthenticationData, openMutualAuthentication } from './mutual-authentication.ts'

/** Options of {@link performBac}. */
export interface BacOptions {
  /** Gives `length` random bytes, called for RND.IFD (8) and then K.IFD (16); the system's generator unless told. For tests with a standard's values. */
  readonly random?: (length: number) => Uint8Array
}

/**
 * Basic access control with the selected eMRTD application (Doc 9303-11, 8th ed., 4.3.3): GET CHALLENGE, EXTERNAL AUTHENTICATE (used as MUTUAL
 * AUTHENTICATE), session keys. Throws StatusWordError when the card gives no challenge, AuthenticationError when it refuses the terminal or does not prove
 * itself, TransportError.
 */
export async function performBac(channel: CardChannel, keys: BacKeys, options: BacOptions = {}): Promise<Secure3desSession> {
  const random = options.random ?? randomBytes
  const rndIc = await send(channel, getChallenge(8, { label: 'BAC' }))
  const nonces = { rndIc, rndIfd: random(8), kIfd: random(16) }
  try {
    const answer = await exchange(channel, mutualAuthenticationData(keys, nonces))
    const kIc = openMutualAuthentication(keys, nonces, answer)
    const sessionKeys = bacSessionKeys(nonces, kIc)
    const session = start3desSession(sessionKeys)
    wipe(kIc, sessionKeys.ksEnc, sessionKeys.ksMac)
    return session
  } finally {
    wipe(nonces.kIfd)
  }
}

async function exchange(channel: CardChannel, data: Uint8Array): Promise<Uint8Array> {
  try {
    return await send(channel, mutualAuthenticate(data, 40, { label: 'BAC' }))
  } catch (error) {
    if (error instanceof StatusWordError)
      throw new AuthenticationError('BAC', 'the card refused the keys: the MRZ data are not this document’s', { sw: error.sw })
    if (error instanceof DecodeError) throw new AuthenticationError('BAC', 'the card did not prove that it holds the document’s keys')
    throw error
  }
}
