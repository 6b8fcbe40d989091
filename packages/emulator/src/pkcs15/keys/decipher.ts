import type { ResponseApdu } from '@kart/apdu/card'
import { concatBytes, DecodeError, decodeTlv } from '@kart/codec'
import { agreeWith, applyRsaKey } from '../../card-crypto/checked-private-key.ts'
import { groupOfBits } from '../../card-crypto/holder-key.ts'
import { contentOf } from '../../card-crypto/implicit-rejection.ts'
import type { CardContext, PlainCommand } from '../../os/card-context.ts'
import { answer, refuse, SW } from '../../os/status.ts'
import { beginKeyUse } from '../holder-rights.ts'
import { chosenKey } from './key-environment.ts'

/** Padding indicators (MyEID command surface): a cryptogram whole, the first and the second half of one of RSA-2048, which a tool that knows no chaining sends in two commands. */
const indicators = { whole: 0x00, firstHalf: 0x81, secondHalf: 0x82 } as const

/**
 * PERFORM SECURITY OPERATION, DECIPHER (ISO/IEC 7816-8:2021, 11.7): padding indicator and a cryptogram as long as the RSA modulus in; the block out, or with the padded algorithm
 * its content (RFC 8017, 7.2.2), and a made-up one where the padding is wrong, so that the card is no oracle of it. The first half answers 9000 and uses no key. Refuses 6700 for a length, 6985 for a second
 * half without a first, 6A80 for another indicator or a cryptogram not below the modulus.
 */
export function decipher(card: CardContext, command: PlainCommand): ResponseApdu {
  const { algorithm, file, privateKey } = chosenKey(card, 'confidentiality')
  if (algorithm === 'ec') refuse(SW.conditions)
  const { session } = card
  const { firstHalf, ...environment } = session.keyEnvironment ?? refuse(SW.conditions)
  session.keyEnvironment = environment
  const [indicator] = command.data
  const part = command.data.subarray(1)
  const length = file.size / 8
  if (indicator === indicators.firstHalf) {
    if (part.length !== length / 2) refuse(SW.wrongLength)
    session.keyEnvironment = { ...environment, firstHalf: part.slice() }
    return answer()
  }
  if (indicator === indicators.secondHalf && firstHalf === undefined) refuse(SW.conditions)
  const cryptogram = indicator === indicators.secondHalf && firstHalf ? concatBytes(firstHalf, part) : part
  if (cryptogram.length !== length) refuse(SW.wrongLength)
  if (indicator !== indicators.whole && indicator !== indicators.secondHalf) refuse(SW.wrongData)
  beginKeyUse(card, command, file)
  const block = applyRsaKey(privateKey, cryptogram) ?? refuse(SW.wrongData)
  return answer(algorithm === 'rsaRaw' ? block : contentOf(privateKey, cryptogram, block))
}

/**
 * Key agreement by GENERAL AUTHENTICATE, as MyEID does it (ISO/IEC 7816-4:2020, 11.5.5): DO'7C' { DO'85' point } in, the bare x coordinate of the shared point out
 * (NIST SP 800-56A rev. 3, 5.7.1.2). Refuses 6A80 for a point that is not on the key's curve.
 */
export function agreeOnSecret(card: CardContext, command: PlainCommand): ResponseApdu {
  if (command.p1 !== 0x00 || command.p2 !== 0x00) refuse(SW.wrongParameters)
  const { algorithm, file, privateKey } = chosenKey(card, 'authentication')
  if (algorithm !== 'ec') refuse(SW.conditions)
  const point = readPoint(command.data)
  if (groupOfBits(file.size).take(point) === undefined) refuse(SW.wrongData)
  beginKeyUse(card, command, file)
  return answer(agreeWith(file.size, privateKey, point) ?? refuse(SW.wrongData))
}

function readPoint(data: Uint8Array): Uint8Array {
  try {
    const [object, ...others] = decodeTlv(data, 0x7c).children ?? []
    return object?.tag === 0x85 && others.length === 0 ? object.value : refuse(SW.wrongData)
  } catch (error) {
    if (error instanceof DecodeError) return refuse(SW.wrongData)
    throw error
  }
}
