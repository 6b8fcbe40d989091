import type { ResponseApdu } from '@kart/apdu/card'
import type { CardContext, PlainCommand } from '../../os/card-context.ts'
import { refuse, SW } from '../../os/status.ts'
import { authenticateInternally, computeSignature } from './compute-signature.ts'
import { agreeOnSecret, decipher } from './decipher.ts'
import { generatePair } from './generate.ts'
import { setKeyEnvironment } from './key-environment.ts'
import { publicKeyData } from './public-key.ts'

/** Key components that MyEID takes by PUT DATA 01xx (P2): RSA 80..89, EC 86 and 87, symmetric A0. */
const isKeyComponent = (p2: number): boolean => (p2 >= 0x80 && p2 <= 0x89) || p2 === 0xa0

/** Commands of the PKCS#15 application on the holder's keys; undefined = not one of them. */
export function handleKeys(card: CardContext, command: PlainCommand): ResponseApdu | undefined {
  const { p1, p2 } = command
  if (command.cla !== 0x00) return undefined
  switch (command.ins) {
    case 0x22:
      return setKeyEnvironment(card, command)
    case 0x2a:
      if (p1 === 0x9e && p2 === 0x9a) return computeSignature(card, command)
      if (p1 === 0x80 && p2 === 0x86) return decipher(card, command)
      return refuse(SW.wrongParameters)
    case 0x46:
      return generatePair(card, command)
    case 0x86:
      return agreeOnSecret(card, command)
    case 0x88:
      return authenticateInternally(card, command)
    case 0xca:
      return publicKeyData(card, (p1 << 8) | p2)
    case 0xda:
      // Keys are made on the card alone: no component comes in from outside.
      return p1 === 0x01 && isKeyComponent(p2) ? refuse(SW.notSupported) : undefined
    default:
      return undefined
  }
}
