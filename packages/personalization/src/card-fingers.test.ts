import { type CardChannel, type CardCommand, type CommandApdu, encodeCommand } from '@kart/apdu/host'
import { concatBytes, fromHex, toHex } from '@kart/codec'
import { type CardProfile, nationalId } from '@kart/layout'
import { bitGroupCodec, compactCardCodec, encodeTemplate, syntheticTemplate, templateFrom } from '@kart/minutiae'
import { describe, expect, it } from 'vitest'
import { chooseFingers } from './card-fingers.ts'
import type { CardImage } from './card-image.ts'
import { PersonalizationError } from './personalization-error.ts'
import { planFingers } from './plan-fingers.ts'
import { readBackFingers } from './read-back-fingers.ts'
import { sampleImage } from './testing/sample-card.ts'

const print = (seed: number) => encodeTemplate(syntheticTemplate(seed), 'iso-19794-2-2005')
const few = encodeTemplate(
  templateFrom(
    Array.from({ length: 11 }, (_, i) => ({ x: 100 * i, y: 131 * ((i * 7) % 11), angle: (i * 53) & 0xff, type: 1, quality: 90 })),
  ),
  'iso-19794-2-2005',
)
/** Minutiae all of quality 1: the last to be chosen. */
const poor = encodeTemplate({ ...syntheticTemplate(5), quality: new Uint8Array(syntheticTemplate(5).count).fill(1) }, 'iso-19794-2-2005')
const spec = nationalId.fingerComparison

describe('chooseFingers', () => {
  it('takes the two best of the record, the best first, and tells the terminal which they are and how to code', () => {
    const chosen = chooseFingers(
      [
        { position: 7, template: poor },
        { position: 2, template: print(3) },
        { position: 6, template: print(4) },
        { position: 1, template: few },
      ],
      nationalId,
    )!
    expect(chosen.fingers.map(({ reference }) => reference)).toEqual([0x96, 0x97])
    expect(chosen.fingers.map(({ position }) => position).sort()).toEqual([2, 6])
    for (const { minutiae } of chosen.fingers) {
      const { count, x } = compactCardCodec.decode(minutiae)
      expect([count >= spec.minMinutiae && count <= spec.maxMinutiae, [...x].every((at, i) => i === 0 || at >= x[i - 1]!)]).toEqual([
        true,
        true,
      ])
    }
    const subtypes = new Map([
      [2, 0x09],
      [6, 0x06],
    ])
    expect(bitGroupCodec.decode(chosen.informationTemplates)).toEqual(
      chosen.fingers.map(({ reference, position }) => ({
        ...{ reference, biometricType: 8, subtype: subtypes.get(position), formatOwner: 0x0101, formatType: 0x0005 },
        parameters: { minMinutiae: 12, maxMinutiae: 60, order: 0x05, features: 0 },
      })),
    )
  })

  it('enrols nobody’s finger where none is good enough, and says so to the terminal', () => {
    for (const captured of [[], [{ position: 1, template: few }]])
      expect(chooseFingers(captured, nationalId)).toEqual({ informationTemplates: fromHex('7f6103020100'), fingers: [] })
  })

  it('is nothing for a profile without comparison on the card', () => {
    const { fingerComparison: _, ...rest } = nationalId
    expect(chooseFingers([{ position: 2, template: print(3) }], rest as CardProfile)).toBeUndefined()
  })
})

const captured = [
  { position: 2, template: print(3) },
  { position: 6, template: print(4) },
]
const image: CardImage = { ...sampleImage, fingers: chooseFingers(captured, nationalId)! }
const bytesOf = ({ apdu }: CardCommand<unknown>): string => toHex(encodeCommand(apdu))

describe('planFingers', () => {
  it('installs for the application, then stores the templates and each finger with its tries', () => {
    const step = planFingers(image)!
    const [install, ...stores] = step.commands
    expect(bytesOf(install!)).toBe('80e62000' + '0c' + '0000' + '06' + 'f04b41525446' + '000000' + '00')
    const group = image.fingers!.informationTemplates
    const [first, second] = image.fingers!.fingers.map(({ minutiae }) => minutiae)
    const dgi = (number: string, value: Uint8Array): string => `${number}${value.length.toString(16).padStart(2, '0')}${toHex(value)}`
    expect(stores.map(({ apdu }) => [apdu.p1, apdu.p2, toHex(apdu.data)])).toEqual([
      [0x08, 0, dgi('8040', group)],
      [0x08, 1, dgi('8041', concatBytes(Uint8Array.of(0x96, 5), first!))],
      [0x88, 2, dgi('8041', concatBytes(Uint8Array.of(0x97, 5), second!))],
    ])
    expect([step.name, step.files, step.bytes]).toEqual(['fingers', [], group.length + 4 + first!.length + second!.length])
  })

  it('stores an empty group where no finger is enrolled, and nothing where the profile has no comparison', () => {
    const none = { ...image, fingers: chooseFingers([], nationalId)! }
    expect(planFingers(none)!.commands).toHaveLength(2)
    const { fingers: _, ...without } = image
    expect(planFingers(without)).toBeUndefined()
  })
})

describe('readBackFingers', () => {
  /** A card that answers as told: the group, and the status word of the tries a finger. */
  const cardWith = (group: Uint8Array, tries: Readonly<Record<number, number>>): CardChannel => ({
    transmit: async ({ ins, p2 }: CommandApdu) => {
      if (ins === 0xca) return { data: group, sw: 0x9000 }
      return { data: new Uint8Array(0), sw: ins === 0x20 ? (tries[p2] ?? 0x6a88) : 0x9000 }
    },
  })
  const { informationTemplates } = image.fingers!
  const all = { 150: 0x63c5, 151: 0x63c5 }

  it('passes where templates and tries are those that were written', async () => {
    await expect(readBackFingers(cardWith(informationTemplates, all), image)).resolves.toBeUndefined()
    const none = { ...image, fingers: chooseFingers([], nationalId)! }
    await expect(readBackFingers(cardWith(none.fingers.informationTemplates, {}), none)).resolves.toBeUndefined()
  })

  it.each([
    ['other templates', fromHex('7f6103020100'), all, /not what was written/],
    ['a finger that is missing', informationTemplates, { 150: 0x63c5 }, /finger 97 is not enrolled/],
    [
      'a finger that has lost a try',
      informationTemplates,
      { ...all, 150: 0x63c4 },
      /finger 96 is not enrolled on the card with its 5 tries/,
    ],
    ['a blocked finger', informationTemplates, { ...all, 151: 0x6983 }, /finger 97/],
    ['a finger that needs no proof', informationTemplates, { ...all, 151: 0x9000 }, /finger 97/],
  ])('refuses %s', async (_name, group, tries, words) => {
    const read = readBackFingers(cardWith(group, tries), image)
    await expect(read).rejects.toThrow(PersonalizationError)
    await expect(readBackFingers(cardWith(group, tries), image)).rejects.toThrow(words)
  })

  it('refuses a finger that somebody else left on the card', async () => {
    const one = { ...image, fingers: chooseFingers(captured.slice(0, 1), nationalId)! }
    await expect(readBackFingers(cardWith(one.fingers.informationTemplates, all), one)).rejects.toThrow(
      /finger 97 is enrolled on the card though/,
    )
  })
})
