import type { Case, Part, Unit } from './catalogue.ts'

const channel = 'packages/secure-channel/src/'
const verification = 'packages/verification/src/'
const files = {
  messaging: `${channel}secure-messaging/emrtd-session.test.ts`,
  chip: `${channel}chip-authentication/chip-authentication.test.ts`,
  trust: `${channel}terminal-authentication/card-trust.test.ts`,
  terminal: `${channel}terminal-authentication/terminal-authentication.test.ts`,
  active: 'packages/conformance/src/active-authentication-rsa.test.ts',
  pace: `${channel}pace/pace-faults.test.ts`,
  choice: `${channel}pace/choose-pace.test.ts`,
  reading: `${verification}exchange-budget.test.ts`,
  passive: `${verification}passive-authentication.test.ts`,
  certificates: `${verification}certificates.test.ts`,
  mrz: 'packages/layout/src/mrz/mrz.test.ts',
} as const

type Row = readonly [number: string, title: string, file: keyof typeof files, name: string]

const unit = (name: string, title: string, rows: readonly Row[]): Unit => ({
  name,
  title,
  cases: rows.map(([number, about, file, test]): Case => {
    return { id: `${name}_${number}`, title: about, outcome: 'mapped', why: '', test: { file: files[file], name: test } }
  }),
})

const expired = 'P12 expired certificates are refused by the card’s own date, to the day: E_19 E_20 E_21'
const links = 'P12 E_32 E_33 E_34 a link certificate adds its key as a trust point and moves the date; both generations serve'
const someKeys = 'P11 DG14 with one, two and three keys (D_03..D_15): each protocol with the key of its number, the strongest first'
const unsigned =
  'P12 a certificate that its issuer’s key did not sign is refused: E_17 the verifier’s, E_18 the terminal’s, and a link, and a root'

export const part51: Part = {
  name: '5.1',
  title: 'the terminal, against manipulated cards',
  units: [
    unit('B', 'secure messaging, revocation, MRZ', [
      [
        '05 to 09',
        'an answer without or with a wrong MAC, without cryptogram, without status object',
        'messaging',
        'P02 MAC object missing',
      ],
      ['10', 'a revoked document signer: unknown, not good, while no list is read', 'certificates', 'V05 where revocation must be known'],
      ['13 to 28', 'machine-readable zones that are wrong in one point', 'mrz', 'V13 each wrong check digit is reported'],
    ]),
    unit('C', 'reading', [['04 to 06', 'warnings and errors at the end of a file', 'reading', 'P14 a card that draws the reading out']]),
    unit('D', 'chip authentication', [
      ['03 to 15', 'one to three keys in EF.DG14, wrong numbers, corrupted keys', 'chip', someKeys],
      ['09', 'the card goes on with the old keys', 'chip', 'P11 D_09 an answer under the old keys'],
    ]),
    unit('E', 'terminal authentication', [
      ['12', 'a challenge of seven bytes', 'terminal', '7 bytes (E_12)'],
      ['13', 'a challenge of nine bytes', 'terminal', '9 bytes (E_13)'],
      ['17', 'the verifier’s certificate has a wrong signature', 'trust', unsigned],
      ['18', 'the terminal’s certificate has a wrong signature', 'trust', unsigned],
      ['19', 'an expired chain', 'trust', expired],
      ['20', 'an expired chain', 'trust', expired],
      ['21', 'an expired chain', 'trust', expired],
      ['24', 'a certificate of the chain is missing', 'trust', 'P12 E_24 a chain with a certificate missing is refused'],
      ['32', 'a link certificate', 'trust', links],
      ['33', 'a link certificate', 'trust', links],
      ['34', 'a link certificate', 'trust', links],
    ]),
    unit('F', 'active authentication', [
      ['08', 'a wrong trailer', 'active', 'P13 F_08 a wrong trailer'],
      ['09', 'an object identifier that is none of a key’s', 'active', 'P13 F_09 an object identifier'],
    ]),
    unit('G', 'PACE', [
      ['11 to 25', 'objects under wrong tags, keys that are none', 'pace', 'P06 objects of the dynamic authentication data'],
      ['23', 'the card sends the terminal’s own ephemeral key', 'pace', 'identical ephemeral keys, with a token that fits them'],
      ['27', 'EF.CardAccess that is no TLV', 'choice', 'P06 unknown, malformed or ambiguous ones make the offer unusable'],
      ['28', 'a parameterId that is none', 'choice', 'P06 offers that cannot be taken'],
      ['29 to 33', 'chip authentication mapping: its data are missing or wrong', 'pace', 'P10 chip authentication mapping'],
    ]),
    unit('H', 'EF.SOD', [
      ['15', 'the document signer is not in EF.SOD', 'passive', 'V03 a signer that is not in EF.SOD is resolved'],
      ['16', 'the document signer is not in EF.SOD', 'passive', 'V03 a signer that is not in EF.SOD is resolved'],
      ['22', 'digests that differ', 'passive', 'V01 SignedData announces another digest than SignerInfo uses'],
      ['24', 'content type wrong', 'passive', 'content type wrong'],
      ['25', 'content type missing', 'passive', 'content type missing'],
      ['26 to 29', 'version or name of the signer wrong', 'passive', 'V03 %s: unknown signer, and nothing behind it passes'],
      ['30', 'digests that differ', 'passive', 'V01 SignedData announces another digest than SignerInfo uses'],
      ['32', 'message digest wrong', 'passive', 'message digest wrong'],
      ['33', 'message digest missing', 'passive', 'message digest missing'],
      ['34', 'signing time outside the signer’s period', 'passive', 'signing time after the document signer expired'],
    ]),
  ],
}
