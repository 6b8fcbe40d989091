import { equalBytes, fromHex, toHex } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EmulatedCard } from './emulated-card.ts'
import { standardizedGroup } from './key-agreement/domain-parameters.ts'
import { decodeImage, encodeImage } from './memory/card-image.ts'
import { inMemory } from './memory/card-memory.ts'
import { pkcs15Aid } from './testing/holder-card.ts'
import { withPasswords } from './testing/pace-terminal.ts'
import {
  blankCard,
  cardInState,
  emrtdAid,
  files,
  isdAid,
  MessagingTerminal,
  personalize,
  Scp03Terminal,
  selectAid,
  sendHex,
  statusOf,
} from './testing/terminal.ts'

const personalized = (() => {
  const memory = inMemory()
  personalize(blankCard(memory))
  // Past the creation phase, in which whoever holds the card may write EF.DIR.
  const state = decodeImage(memory.load()!)
  return encodeImage({ ...state, signature: { ...state.signature, activated: true } })
})()
const withPace = (() => {
  const memory = inMemory()
  cardInState(
    (state) => ({
      ...withPasswords(state),
      files: decodeImage(personalized).files,
      bacKeys: decodeImage(personalized).bacKeys,
      signature: decodeImage(personalized).signature,
    }),
    {
      memory,
    },
  )
  return memory.load()!
})()
const blank = (() => {
  const memory = inMemory()
  blankCard(memory)
  return memory.load()!
})()

const knownIns = [
  0x22, 0x2a, 0x86, 0x86, 0x2c, 0x70, 0x82, 0x84, 0x88, 0xa4, 0xb0, 0xb1, 0xc0, 0xca, 0x50, 0xe2, 0xe6, 0xf0, 0xf2, 0x20, 0x12, 0xd8, 0xe4,
  0x24, 0x2e, 0x44, 0x46, 0xd6, 0xda, 0xe0,
]
const knownClasses = [0x00, 0x00, 0x80, 0x0c, 0x1c, 0x84, 0x04, 0x10, 0x01, 0x40, 0xff]

/** Commands that are nearly right, so that they get past the first checks. */
const nearCommand = fc
  .record({
    cla: fc.oneof(fc.constantFrom(...knownClasses), fc.nat(255)),
    ins: fc.oneof(fc.constantFrom(...knownIns), fc.nat(255)),
    p1: fc.oneof(fc.constantFrom(0x00, 0x02, 0x03, 0x04, 0x08, 0xc1, 0x41, 0x20, 0x33, 0x80, 0x81, 0x88), fc.nat(255)),
    p2: fc.oneof(fc.constantFrom(0x00, 0x02, 0x03, 0x04, 0x0c, 0x0f, 0x66, 0xa4, 0xa6, 0xb6, 0xbe), fc.nat(255)),
    data: fc.oneof(
      fc.constantFrom(
        ...[
          '',
          emrtdAid,
          isdAid,
          pkcs15Aid,
          '3f00',
          '5015',
          '4301',
          '80010081024b01840100',
          '0101',
          '2f00',
          '540100',
          '9701048e080000000000000000',
          '010159000000',
        ].map(fromHex),
      ),
      fc.uint8Array({ maxLength: 48 }),
    ),
    le: fc.constantFrom(undefined, 0x00, 0x04, 0x08, 0x28),
  })
  .map(({ cla, ins, p1, p2, data, le }) =>
    Uint8Array.from([cla, ins, p1, p2, ...(data.length > 0 ? [data.length, ...data] : []), ...(le === undefined ? [] : [le])]),
  )

/** Steps of PACE with nothing right in them. */
const paceCommand = fc.constantFrom(
  ...[
    ...[1, 2, 3, 4].map((reference) => `0022c1a40f800a04007f000702020402028301${reference.toString(16).padStart(2, '0')}`),
    '10860000027c0000',
    `10860000457c438141${toHex(standardizedGroup(12)!.generator)}00`,
    `10860000457c438341${toHex(standardizedGroup(12)!.generator)}00`,
    '008600000c7c0a8508000000000000000000',
    '002c0303',
  ].map(fromHex),
)

const anyCommand = fc.oneof(
  { weight: 4, arbitrary: nearCommand },
  { weight: 2, arbitrary: paceCommand },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
)

const isStatusWord = (response: Uint8Array): boolean => {
  const sw1 = response.at(-2) ?? 0
  return response.length >= 2 && (sw1 >> 4 === 9 || (sw1 >= 0x61 && sw1 <= 0x6f))
}

describe('a terminal without keys', () => {
  const secrets = [files.dg1, files.dg2, files.dg15].map((content) => toHex(content.subarray(4, 20)))

  it.each([
    ['a personalized card', personalized],
    ['a card with PACE', withPace],
    ['a blank card', blank],
  ])('gets a status word to every command, no protected file, and changes nothing but the counter of failures: %s', (_, image) => {
    const before = decodeImage(image)
    fc.assert(
      fc.property(fc.array(anyCommand, { minLength: 1, maxLength: 30 }), (commands) => {
        const memory = inMemory(image)
        const card = new EmulatedCard({ memory })
        for (const command of commands) {
          const response = card.process(command)
          expect(isStatusWord(response)).toBe(true)
          expect(statusOf(response)).not.toBe('6f00')
          for (const secret of secrets) expect(toHex(response)).not.toContain(secret)
        }
        const after = decodeImage(memory.load()!)
        for (const [name, { tries, failures }] of after.pacePasswords) {
          const was = before.pacePasswords.get(name)!
          // Nothing gets better by guessing.
          expect(tries?.left ?? 0).toBeLessThanOrEqual(was.tries?.left ?? 0)
          expect(failures).toBeGreaterThanOrEqual(was.failures)
        }
        const { pacePasswords } = before
        const keySets = after.keySets.map((set, i) => ({ ...set, failures: before.keySets[i]?.failures ?? 0 }))
        expect(equalBytes(encodeImage({ ...after, keySets, pacePasswords }), image)).toBe(true)
      }),
      { numRuns: image === withPace ? 200 : 600 },
    )
  })
})

type Action =
  | { readonly kind: 'raw'; readonly command: Uint8Array }
  | { readonly kind: 'bac' | 'read' | 'read long' | 'reset' | 'select' | 'read plain' | 'scp03' | 'store' }
  | { readonly kind: 'flip'; readonly position: number; readonly bit: number }

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.constantFrom<Action>(
    ...(['bac', 'bac', 'read', 'read', 'read long', 'reset', 'select', 'read plain', 'scp03', 'scp03', 'store', 'store'] as const).map(
      (kind) => ({ kind }),
    ),
  ),
  fc.record({ kind: fc.constant('raw' as const), command: anyCommand }),
  fc.record({ kind: fc.constant('flip' as const), position: fc.nat(255), bit: fc.nat(7) }),
)

it('opens files exactly while the channel lives, and the channel lives exactly until something foreign comes', () => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 1, maxLength: 25 }), (actions) => {
      const card = new EmulatedCard({ memory: inMemory(personalized) })
      let messaging = new MessagingTerminal(card)
      let domain = new Scp03Terminal(card)
      let open: 'none' | 'bac' | 'scp03' = 'none'
      for (const step of actions) {
        switch (step.kind) {
          case 'bac':
            messaging = new MessagingTerminal(card)
            expect(messaging.open()).toBe('9000')
            open = 'bac'
            break
          case 'scp03': {
            sendHex(card, selectAid(isdAid))
            domain = new Scp03Terminal(card)
            // Raw commands may have used up the tries: then the domain stays shut.
            const sw = domain.open()
            expect(['9000', '6983']).toContain(sw)
            open = sw === '9000' ? 'scp03' : 'none'
            break
          }
          case 'read':
            if (open === 'bac') expect(messaging.send('00b08100', { le: '00' })).toEqual({ data: files.dg1, sw: '9000' })
            else {
              const sw = toHex(card.process(messaging.wrap('00b08100', { le: '00' })))
              expect(sw).toBe('6988')
              open = 'none'
            }
            break
          case 'read long':
            if (open === 'bac') expect(messaging.send('00b08200', { le: '0000' })).toEqual({ data: files.dg2, sw: '9000' })
            break
          case 'store': {
            const sw = domain.status('80e28800', fromHex('2f0003610102'))
            expect([open, sw]).toEqual([open, open === 'scp03' ? '9000' : '6982'])
            if (open !== 'scp03') open = 'none'
            break
          }
          case 'flip': {
            const command = open === 'bac' ? messaging.wrap('00b08100', { le: '00' }) : domain.wrap('80e28800', fromHex('2f0003610102'))
            // Le of a protected command is not authenticated.
            const position = step.position % (command.length - (open === 'bac' ? 1 : 0))
            command[position]! ^= 1 << step.bit
            expect(toHex(card.process(command))).toMatch(/^6[0-9a-f]{3}$/)
            open = 'none'
            break
          }
          case 'reset':
            card.reset()
            open = 'none'
            break
          case 'select':
            expect(sendHex(card, selectAid(emrtdAid))).toBe('9000')
            open = 'none'
            break
          case 'read plain':
            expect(sendHex(card, '00b0810004')).toMatch(/^(6982|6a82)$/)
            open = 'none'
            break
          case 'raw': {
            const response = card.process(step.command)
            expect(isStatusWord(response)).toBe(true)
            // Breaks off a chain that it may have begun.
            expect(isStatusWord(card.process(fromHex('00120000')))).toBe(true)
            open = 'none'
          }
        }
      }
    }),
    { numRuns: 500 },
  )
})
