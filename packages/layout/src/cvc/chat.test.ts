import { DecodeError, fromHex, InputError, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { chatRights, decodeChat, effectiveChat, encodeChat, makeChat, rightsOf, terminalTypes } from './chat.ts'

describe('certificate holder authorization templates', () => {
  // Bits as BSI TR-03110-4 v2.21, tables 2, 3 and 5 have them; the first row is the terminal of the TR-03110 worked example.
  it.each([
    ['7f4c12060904007f00070301020253050000000110', 'authentication-terminal', 'terminal', ['can-allowed', 'eid-read-dg1']],
    ['7f4c0e060904007f0007030102015301c3', 'inspection-system', 'cvca', ['read-dg3', 'read-dg4']],
    ['7f4c0e060904007f000703010201530181', 'inspection-system', 'dv-domestic', ['read-dg3']],
    ['7f4c0e060904007f000703010203530142', 'signature-terminal', 'dv-foreign', ['generate-qualified-signature']],
    [
      '7f4c12060904007f00070301020253053f60000000',
      'authentication-terminal',
      'terminal',
      [
        'eid-read-dg22',
        'pseudonymous-signature',
        'eid-write-dg17',
        'eid-write-dg18',
        'eid-write-dg19',
        'eid-write-dg20',
        'eid-write-dg21',
        'eid-write-dg22',
      ],
    ],
  ] as const)('%s is that of %s, %s', (hex, terminalType, role, rights) => {
    const chat = decodeChat(fromHex(hex).slice(3))
    expect(chat).toMatchObject({ terminalType, role })
    expect(new Set(chatRights(chat))).toEqual(new Set(rights))
    expect(toHex(encodeChat(chat))).toBe(hex)
    expect(toHex(encodeChat(makeChat(terminalType, role, rights)))).toBe(hex)
  })

  it('every right has a bit of its own', () => {
    for (const { type } of terminalTypes) {
      const templates = rightsOf(type).map((right) => toHex(makeChat(type, 'terminal', [right]).template))
      expect(new Set(templates).size).toBe(rightsOf(type).length)
      expect(new Set(chatRights(makeChat(type, 'cvca', rightsOf(type))))).toEqual(new Set(rightsOf(type)))
    }
    expect(rightsOf('authentication-terminal')).toHaveLength(37)
  })

  it('keeps reserved bits, and names none of them', () => {
    const chat = decodeChat(fromHex('060904007f00070301020153013f'))
    expect(chatRights(chat)).toEqual(['read-dg3', 'read-dg4'])
    expect(toHex(chat.template)).toBe('3f')
  })

  it('the effective authorization is the AND of all, in the role of the holder', () => {
    const terminal = makeChat('inspection-system', 'terminal', ['read-dg3', 'read-dg4'])
    const dv = makeChat('inspection-system', 'dv-domestic', ['read-dg3'])
    const root = makeChat('inspection-system', 'cvca', ['read-dg3', 'read-dg4'])
    expect(effectiveChat(terminal, [dv, root])).toEqual(makeChat('inspection-system', 'terminal', ['read-dg3']))
    expect(effectiveChat(terminal, [root])).toEqual(terminal)
    expect(effectiveChat(terminal, [makeChat('inspection-system', 'dv-domestic', [])])).toEqual(
      makeChat('inspection-system', 'terminal', []),
    )
    expect(effectiveChat(root, [root])).toEqual(root)
  })

  it('an authority for another kind of terminal grants nothing', () => {
    const terminal = makeChat('inspection-system', 'terminal', ['read-dg3'])
    expect(chatRights(effectiveChat(terminal, [makeChat('signature-terminal', 'dv-domestic', ['generate-signature'])]))).toEqual([])
  })

  it('refuses a right of another kind of terminal, and bytes that are no template', () => {
    expect(() => makeChat('inspection-system', 'terminal', ['can-allowed'])).toThrow(InputError)
    expect(() => decodeChat(fromHex('530101'))).toThrow(DecodeError)
    expect(() => decodeChat(fromHex('060904007f000703010201'))).toThrow(DecodeError)
  })
})
