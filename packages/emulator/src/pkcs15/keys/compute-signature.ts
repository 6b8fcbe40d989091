import type { ResponseApdu } from '@kart/apdu/card'
import { applyRsaKey, digestInteger, signDigest } from '../../card-crypto/checked-private-key.ts'
import { padForSignature } from '../../card-crypto/pkcs1-padding.ts'
import type { CardContext, PlainCommand } from '../../os/card-context.ts'
import { answer, refuse, SW } from '../../os/status.ts'
import { beginKeyUse } from '../holder-rights.ts'
import { type ChosenKey, chosenKey } from './key-environment.ts'

/**
 * PERFORM SECURITY OPERATION, COMPUTE DIGITAL SIGNATURE (ISO/IEC 7816-8:2021, 11.4): with an EC key a digest in, DER (r, s) out; with RSA a block as long as the modulus,
 * or a DigestInfo that the card pads (RFC 8017, 9.2). Refuses 6700 for a length, 6A80 for a value that the key cannot sign.
 */
export function computeSignature(card: CardContext, command: PlainCommand): ResponseApdu {
  return answer(sign(card, command, chosenKey(card, 'signature')))
}

/** INTERNAL AUTHENTICATE (ISO/IEC 7816-4:2020, 11.5.2) with the key chosen for authentication: signs the challenge as {@link computeSignature} does its input. */
export function authenticateInternally(card: CardContext, command: PlainCommand): ResponseApdu {
  if (command.p1 !== 0x00 || command.p2 !== 0x00) refuse(SW.wrongParameters)
  return answer(sign(card, command, chosenKey(card, 'authentication')))
}

function sign(card: CardContext, command: PlainCommand, { algorithm, file, privateKey }: ChosenKey): Uint8Array {
  const { data } = command
  if (data.length === 0) refuse(SW.wrongLength)
  if (algorithm === 'ec') {
    if (digestInteger(file.size, data) === undefined) refuse(SW.wrongData)
    beginKeyUse(card, command, file)
    return signDigest(file.size, privateKey, data, card.random) ?? refuse(SW.wrongData)
  }
  const length = file.size / 8
  const block = algorithm === 'rsaPadded' ? padForSignature(data, length) : data
  if (block?.length !== length) return refuse(SW.wrongLength)
  beginKeyUse(card, command, file)
  return applyRsaKey(privateKey, block) ?? refuse(SW.wrongData)
}
