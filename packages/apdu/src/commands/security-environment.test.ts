import { DecodeError, fromHex, InputError, LimitError, toHex } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import type { CardCommand } from '../card-command.ts'
import { encodeCommand } from '../coding-host.ts'
import {
  generalAuthenticate,
  setAuthenticationTemplate,
  setKeyAgreementTemplate,
  setVerificationKey,
  verifyCertificate,
} from './security-environment.ts'

const oid = fromHex('04007f00070202030202')
const name = new TextEncoder().encode('DETESTATDE019')

describe('MANAGE SECURITY ENVIRONMENT, PERFORM SECURITY OPERATION, GENERAL AUTHENTICATE on the wire', () => {
  // Layouts of BSI TR-03110-3 v2.21, B.14; the fifth line is that of Doc 9303-11, appendix G.1.
  it.each<[string, CardCommand<unknown>, string]>([
    [
      'MANAGE SECURITY ENVIRONMENT: SET AT',
      setAuthenticationTemplate('internal', { mechanism: oid, privateKeyReference: Uint8Array.of(1) }),
      '002241a40f800a04007f00070202030202840101',
    ],
    [
      'MANAGE SECURITY ENVIRONMENT: SET AT, terminal authentication',
      setAuthenticationTemplate('external', { publicKeyReference: name }, { label: 'terminal authentication' }),
      '002281a40f830d44455445535441544445303139',
    ],
    [
      'MANAGE SECURITY ENVIRONMENT: SET AT',
      setAuthenticationTemplate('external', {
        mechanism: oid,
        ephemeralPublicKey: fromHex('aabb'),
        auxiliaryData: fromHex('7301ff'),
        publicKeyReference: name,
      }),
      '002281a424800a04007f00070202030202830d4445544553544154444530313967037301ff9102aabb',
    ],
    [
      'MANAGE SECURITY ENVIRONMENT: SET AT',
      setAuthenticationTemplate('mutual', {
        extensions: fromHex('7300'),
        holderAuthorization: fromHex('0601ff'),
        publicKeyReference: Uint8Array.of(2),
      }),
      '0022c1a40d8301027f4c030601ff65027300',
    ],
    [
      'MANAGE SECURITY ENVIRONMENT: SET AT',
      setAuthenticationTemplate('mutual', { mechanism: fromHex('04007f00070202040202'), publicKeyReference: Uint8Array.of(1) }),
      '0022c1a40f800a04007f00070202040202830101',
    ],
    ['MANAGE SECURITY ENVIRONMENT: SET DST', setVerificationKey(name), '002281b60f830d44455445535441544445303139'],
    ['MANAGE SECURITY ENVIRONMENT: SET KAT', setKeyAgreementTemplate(fromHex('04aabb')), '002241a605910304aabb'],
    ['MANAGE SECURITY ENVIRONMENT: SET KAT', setKeyAgreementTemplate(fromHex('04aabb'), Uint8Array.of(1)), '002241a608910304aabb840101'],
    ['PERFORM SECURITY OPERATION: VERIFY CERTIFICATE', verifyCertificate(fromHex('7f4e005f3700')), '002a00be067f4e005f3700'],
    ['GENERAL AUTHENTICATE', generalAuthenticate(fromHex('8003040506')), '00860000077c05800304050600'],
    ['GENERAL AUTHENTICATE, PACE', generalAuthenticate(new Uint8Array(0), { more: true, label: 'PACE' }), '10860000027c0000'],
  ])('%s', (title, command, hex) => {
    expect(toHex(encodeCommand(command.apdu))).toBe(hex)
    expect(command.name).toBe(title)
  })

  it('MSE and PSO answer no data', () => {
    for (const command of [
      setVerificationKey(name),
      setKeyAgreementTemplate(name),
      verifyCertificate(name),
      setAuthenticationTemplate('mutual', { mechanism: oid }),
    ]) {
      expect(command.parse({ data: new Uint8Array(0), sw: 0x9000 })).toBeUndefined()
      expect(() => command.parse({ data: Uint8Array.of(1), sw: 0x9000 })).toThrow(DecodeError)
    }
    expect(setAuthenticationTemplate('mutual', { mechanism: oid }, { accepts: [0x63c1] }).accepts).toEqual([0x63c1])
  })

  const answer = (hex: string) => generalAuthenticate(new Uint8Array(0)).parse({ data: fromHex(hex), sw: 0x9000 })

  it('takes the answer of GENERAL AUTHENTICATE apart', () => {
    expect(answer('')).toEqual([])
    expect(answer('7c00')).toEqual([])
    expect(answer('7c0a8103aabbcc8203010203')).toEqual([
      { tag: 0x81, value: fromHex('aabbcc') },
      { tag: 0x82, value: fromHex('010203') },
    ])
  })

  it.each([
    ['another tag', '7d00'],
    ['something behind', '7c008100'],
    ['an object twice', '7c0681018181018'.padEnd(16, '1')],
    ['an object cut off', '7c028105'],
    ['a length not in its fewest bytes', '7c8100'],
  ])('refuses an answer with %s', (_what, hex) => expect(() => answer(hex)).toThrow(DecodeError))

  it('bounds the objects of an answer', () => expect(() => answer(`7c22${'8100'.repeat(17)}`)).toThrow(LimitError))

  it.each<[string, () => unknown]>([
    ['an empty template', () => setAuthenticationTemplate('external', {})],
    ['an empty object', () => setAuthenticationTemplate('external', { mechanism: new Uint8Array(0) })],
    ['a key without a name', () => setVerificationKey(new Uint8Array(0))],
    ['a name of 17 bytes', () => setVerificationKey(new Uint8Array(17))],
    ['no ephemeral key', () => setKeyAgreementTemplate(new Uint8Array(0))],
    ['no certificate', () => verifyCertificate(new Uint8Array(0))],
  ])('does not build a command with %s', (_what, make) => expect(make).toThrow(InputError))
})
