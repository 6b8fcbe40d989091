import type { ResponseApdu } from '@kart/apdu/card'
import { findFile } from '@kart/layout/profile'
import { signRecoverably } from '../card-crypto/rsa-key.ts'
import { signPlain } from '../card-crypto/signature-key.ts'
import { isAllowed } from '../os/access.ts'
import { type CardContext, type PlainCommand, rightsOf } from '../os/card-context.ts'
import { answer, refuse, SW } from '../os/status.ts'

/**
 * INTERNAL AUTHENTICATE for active authentication (Doc 9303-11, 8th ed., 6.1): signs the terminal's 8 bytes, with plain ECDSA or RSA with
 * message recovery. Open to whoever may read EF.DG15, which holds the public key.
 */
export function authenticateActively(card: CardContext, command: PlainCommand): ResponseApdu {
  const publicKeyFile = findFile(card.profile, card.session.application.name, 'EF.DG15')
  if (publicKeyFile === undefined || !isAllowed(publicKeyFile.read, rightsOf(card.session, command.protection))) refuse(SW.securityStatus)
  if (command.p1 !== 0 || command.p2 !== 0) refuse(SW.wrongParameters)
  if (command.data.length !== 8 || command.ne === 0) refuse(SW.wrongLength)
  return answer(sign(card, command.data) ?? refuse(SW.internal))
}

function sign(card: CardContext, challenge: Uint8Array): Uint8Array | undefined {
  const key = card.store.state.aaKey ?? refuse(SW.dataNotFound)
  const { activeAuthentication: protocol } = card.profile
  if (protocol.algorithm === 'rsa')
    return 'modulusBits' in key ? signRecoverably(key, protocol.hash, challenge, card.random) : refuse(SW.dataNotFound)
  return 'curve' in key ? signPlain(key, protocol.hash, challenge) : refuse(SW.dataNotFound)
}
