// Cards with enrolled fingers for the tests of on-card comparison. The fingers are synthetic: no person has them.
import { concatBytes, encodeTlv, fromHex, toHex } from '@kart/codec'
import type { CardProfile } from '@kart/layout/profile'
import { cardTemplate, compactCardCodec, type MinutiaeTemplate, syntheticImpression, syntheticTemplate } from '@kart/minutiae'
import type { EmulatedCard } from '../emulated-card.ts'
import { decodeImage } from '../memory/card-image.ts'
import type { CardMemory } from '../memory/card-memory.ts'
import type { CardState } from '../memory/card-state.ts'
import { withPasswords } from './pace-terminal.ts'
import { cardInState, selectAid, sendHex } from './terminal.ts'

export const fingerprintAid = 'f04b41525446'

/** Minutiae of a print as this card takes them. */
export const coded = (template: MinutiaeTemplate): Uint8Array =>
  compactCardCodec.encode(cardTemplate(template, { most: 60, order: 'x-then-y' }))

const fingers = [syntheticTemplate(11), syntheticTemplate(29), syntheticTemplate(47)] as const

/** The prints that are enrolled under 96 and 97. */
export const enrolled = { 150: coded(fingers[0]), 151: coded(fingers[1]) } as const
/** Another print of the finger under 96, of that under 97, and of somebody else's. */
export const live = {
  first: coded(syntheticImpression(fingers[0], 5).template),
  second: coded(syntheticImpression(fingers[1], 5).template),
  stranger: coded(syntheticImpression(fingers[2], 5).template),
} as const

/** DO'7F2E' { DO'81' minutiae }. */
export const probe = (minutiae: Uint8Array): Uint8Array => encodeTlv(0x7f2e, encodeTlv(0x81, minutiae))

/** VERIFY as hex, short where it fits. */
export function verify(reference: number, data: Uint8Array, ins = '21', p1 = '00'): string {
  const lc = data.length < 256 ? data.length.toString(16).padStart(2, '0') : `00${data.length.toString(16).padStart(4, '0')}`
  return `00${ins}${p1}${reference.toString(16)}${data.length === 0 ? '' : lc}${toHex(data)}`
}

export const group = fromHex(
  '7f61470201027f601f830196a11a8101088201058702010188020005b10a81020c3c8201058301007f601f830197a11a8101088201098702010188020005b10a81020c3c820105830100',
)

/** The state with both fingers, five tries each, and the PACE passwords. */
export function withFingers(state: CardState): CardState {
  const finger = (minutiae: Uint8Array) => ({ minutiae, tries: { left: 5, most: 5 } })
  return {
    ...withPasswords(state),
    fingers: {
      informationTemplates: group,
      fingers: new Map([
        [0x96, finger(enrolled[0x96])],
        [0x97, finger(enrolled[0x97])],
      ]),
    },
  }
}

/** A card with both fingers, the fingerprint application selected. */
export function fingerCard(options: { readonly memory: CardMemory; readonly profile?: CardProfile }): EmulatedCard {
  const card = cardInState(withFingers, options)
  sendHex(card, selectAid(fingerprintAid))
  return card
}

export const triesOf = (memory: CardMemory, reference: number): number =>
  decodeImage(memory.load()!).fingers.fingers.get(reference)!.tries.left

/** One minutia in compact size card format. */
export const minutia = (x: number, y: number, angle: number): Uint8Array => Uint8Array.of(x, y, 0x40 | angle)
export const minutiae = (all: readonly Uint8Array[]): Uint8Array => concatBytes(...all)
