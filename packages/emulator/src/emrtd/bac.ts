import type { ResponseApdu } from '@kart/apdu/card'
import { concatBytes } from '@kart/codec'
import { equalSecrets } from '../card-crypto/constant-time.ts'
import { decryptTripleDes, encryptTripleDes, retailMac } from '../card-crypto/triple-des.ts'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { grantOf } from '../os/grants.ts'
import { answer, refuse, SW } from '../os/status.ts'
import { deriveTripleDesKey } from './key-derivation.ts'
import { SecureMessagingSession } from './secure-messaging.ts'

/** GET CHALLENGE: 8 fresh bytes, good for one authentication (Doc 9303-11, 8th ed., 4.3.4.1). Le must be 08 or 00. */
export function getChallenge(card: CardContext, command: PlainCommand): ResponseApdu {
  if (command.p1 !== 0 || command.p2 !== 0) refuse(SW.wrongParameters)
  if (command.data.length > 0 || (command.ne !== 8 && command.ne !== 256)) refuse(SW.wrongLength)
  const challenge = card.random(8)
  card.session.challenge = challenge
  return answer(challenge.slice())
}

/**
 * EXTERNAL AUTHENTICATE for basic access control (Doc 9303-11, 8th ed., 4.3.4.2; Appendix D.3): E_IFD (32) || M_IFD (8) in, E_ICC || M_ICC out;
 * opens secure messaging. Wrong MAC, wrong challenge and no challenge take the same steps and answer the same 6300.
 */
export function authenticateBac(card: CardContext, command: PlainCommand): ResponseApdu {
  const { session } = card
  const challenge = session.challenge
  session.challenge = undefined
  if (command.protection !== 'none') refuse(SW.conditions)
  if (command.p1 !== 0 || command.p2 !== 0) refuse(SW.wrongParameters)
  if (command.data.length !== 40) refuse(SW.wrongLength)
  const keys = card.store.state.bacKeys
  if (!card.profile.bac || keys === undefined) refuse(SW.conditions)
  const cryptogram = command.data.subarray(0, 32)
  const authentic = equalSecrets(retailMac(keys.mac, cryptogram), command.data.subarray(32))
  const plain = decryptTripleDes(keys.enc, cryptogram)
  const fresh = equalSecrets(plain.subarray(8, 16), challenge ?? card.random(8))
  if (!authentic || !fresh || challenge === undefined) refuse(SW.authenticationFailed)
  const terminalRandom = plain.subarray(0, 8)
  const terminalKey = plain.subarray(16, 32)
  const cardKey = card.random(16)
  const response = encryptTripleDes(keys.enc, concatBytes(challenge, terminalRandom, cardKey))
  const seed = Uint8Array.from(terminalKey, (byte, i) => byte ^ cardKey[i]!)
  const counter = concatBytes(challenge.subarray(4), terminalRandom.subarray(4))
  const messaging = new SecureMessagingSession('3DES', deriveTripleDesKey(seed, 1), deriveTripleDesKey(seed, 2), counter)
  // BAC opens the application in which it was done.
  session.next = { messaging, grants: grantOf('bac', session.application.name) }
  seed.fill(0)
  plain.fill(0)
  return answer(concatBytes(response, retailMac(keys.mac, response)))
}
