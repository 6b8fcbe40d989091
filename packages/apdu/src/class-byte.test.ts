import { DecodeError, InputError } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { bareClass, type ClassByte, composeClassByte, parseClassByte, saysSecureMessaging } from './class-byte.ts'
import { vectorGroup } from './testing/vectors.ts'

interface Expected {
  channel?: number
  sm?: string
  chaining?: boolean
  proprietary?: boolean
  invalid?: boolean
}

describe('class byte', () => {
  it.each(vectorGroup<{ cla: string }, Expected>('apdu-tlv-atr/apdu.json', 'class-byte'))('row $id: $input.cla', ({ input, expected }) => {
    const cla = Number.parseInt(input.cla, 16)
    if (expected.invalid) {
      expect(() => parseClassByte(cla)).toThrow(DecodeError)
      return
    }
    const parsed = parseClassByte(cla)
    if (expected.proprietary) {
      expect(parsed).toEqual({ kind: 'proprietary', cla })
      return
    }
    expect(parsed).toEqual({ kind: 'interindustry', channel: expected.channel, secureMessaging: expected.sm, chaining: expected.chaining })
    expect(composeClassByte(parsed as Extract<ClassByte, { kind: 'interindustry' }>)).toBe(cla)
  })

  it('every byte is parsed and composed back, or proprietary, or refused', () => {
    const kinds = { interindustry: 0, proprietary: 0, refused: 0 }
    for (let cla = 0; cla <= 0xff; cla++) {
      let parsed: ClassByte
      try {
        parsed = parseClassByte(cla)
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError)
        kinds.refused++
        continue
      }
      kinds[parsed.kind]++
      if (parsed.kind === 'interindustry') expect(composeClassByte(parsed)).toBe(cla)
    }
    expect(kinds).toEqual({ interindustry: 32 + 64, proprietary: 127, refused: 32 + 1 })
  })

  it.each([
    [{ channel: 20, secureMessaging: 'none', chaining: false }],
    [{ channel: -1, secureMessaging: 'none', chaining: false }],
    [{ channel: 4, secureMessaging: 'proprietary', chaining: false }],
    [{ channel: 4, secureMessaging: 'iso-header-authenticated', chaining: false }],
  ] as const)('cannot compose %o', (value) => {
    expect(() => composeClassByte(value)).toThrow(InputError)
  })

  it.each([
    [0x00, 0x00, false],
    [0x0c, 0x00, true],
    [0x1c, 0x00, true],
    [0x13, 0x03, false],
    [0x70, 0x40, true],
    [0x5f, 0x4f, false],
    [0x84, 0x80, true],
    [0x94, 0x80, true],
    [0x80, 0x80, false],
    [0xe3, 0xc3, true],
    [0xa0, 0xa0, false],
  ])('%d without chaining and secure messaging is %d', (cla, bare, protectedClass) => {
    expect(bareClass(cla)).toBe(bare)
    expect(saysSecureMessaging(cla)).toBe(protectedClass)
  })
})
