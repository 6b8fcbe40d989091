import type { ResponseApdu } from '@kart/apdu/card'
import { encodeTlv } from '@kart/codec'
import { publicPoint, rsaNumbers } from '../../card-crypto/holder-key.ts'
import type { CardContext } from '../../os/card-context.ts'
import { answer, refuse, SW } from '../../os/status.ts'
import { currentFile } from '../holder-rights.ts'

/** Parts of the current key file's public key that GET DATA gives, by P1-P2 (MyEID command surface). */
const parts = { 257: 'modulus', 258: 'exponent', 390: 'point' } as const

/**
 * GET DATA of the public key in the current key file: RSA modulus and exponent bare, big-endian without leading zeros; EC point as DO'86' { 04 || x || y }. A public key is free to read.
 * Undefined for other data; refuses 6A88 where the file holds no such part.
 */
export function publicKeyData(card: CardContext, wanted: number): ResponseApdu | undefined {
  const part = Object.entries(parts).find(([reference]) => Number(reference) === wanted)?.[1]
  if (part === undefined) return undefined
  const { file } = currentFile(card)
  const privateKey = file.privateKey ?? refuse(SW.dataNotFound)
  if ((file.type === 'ec') !== (part === 'point')) refuse(SW.dataNotFound)
  return answer(part === 'point' ? encodeTlv(0x86, publicPoint(file.size, privateKey)) : rsaNumbers(privateKey)[part])
}
