import type { Part } from './catalogue.ts'
import { certificateRows, gone, rows, unit } from './rows.ts'

const noEid = 'n/a: the card has no eID application'
const noTerminal = 'n/a: the card gives authentication terminals no rights of PIN management'
const standardized = 'n/a: the card’s domain parameters are standardized ones'
const noCardInfo =
  'deviation: all but CardInfo or its locator, which tells about an eID application and is none of an eMRTD’s (Doc 9303-11, 9.2)'
const none = {
  7: ['CardInfo', 'n/a: the card has no CardInfo'],
  8: ['PSAInfo', 'n/a: the card has no pseudonymous signatures'],
  9: ['PrivilegedTerminalInfo', 'n/a: the card has no privileged terminals'],
} as const

/** The same cases as in part 3.2 without the numbers that were withdrawn there. */
const certificates = Object.fromEntries(
  Object.values(certificateRows)
    .filter((row) => row !== gone)
    .map((row, i) => [String(i + 1), row]),
)

const types = ['is with MRZ', 'is with CAN', 'at with CAN', 'at with PIN', 'st with CAN', 'st with PIN', 'st with PUK']
const spelled = (name: string): string =>
  name.replace('is ', 'inspection system ').replace('at ', 'authentication terminal ').replace('st ', 'signature terminal ')
const lettered = (number: number, about: string, list: readonly string[]): Record<string, string> =>
  Object.fromEntries(list.map((name, i) => [`${number}${'abcdefg'[i]}`, `${about}: ${spelled(name)}`]))

/** The cases of a template about data groups of eID, a letter each, from this group on. */
const eidGroups = (number: number, letters: string, from: number, about: string): Record<string, readonly [string, string]> =>
  Object.fromEntries([...letters].map((letter, i) => [`${number}${letter}`, [`${about} data group ${from + i} of eID`, noEid]]))
const readable = 'abcdefghijklmnopqrstuv'
const writable = 'abcdef'

export const part33: Part = {
  name: '3.3',
  title: 'the card, extended access control version 2',
  units: [
    unit('EAC2_ISO7816_H', 'PACE', {
      1: 'with the CAN, no terminal type told',
      2: 'with the PIN, no terminal type told',
      3: 'with the PUK, no terminal type told',
      ...lettered(4, 'the terminal’s type is told, trust points come back', types),
      ...lettered(5, 'a password that this type may not use', ['is with PIN', 'is with PUK', 'at with MRZ', 'at with PUK', 'st with MRZ']),
      ...lettered(6, 'a wrong token', types),
      ...rows(7, 22, gone),
      23: 'a password reference that is none',
      ...rows(24, 32, gone),
      33: 'an ephemeral key of another size',
      34: 'the ephemeral key (0, 0)',
      35: 'DH: an ephemeral key above the prime',
      36: 'an ephemeral key that is not on the curve',
    }),
    unit('EAC2_ISO7816_I', 'chip authentication version 2', {
      1: 'a good key; the new session keys hold',
      2: 'a good key; the old session keys are gone',
      3: 'a key of another size',
      4: 'in the open',
      5: 'class byte 8C',
      6: 'the key under another tag',
      7: 'MSE:Set AT with an Le',
      8: 'GENERAL AUTHENTICATE without Le',
      9: 'the key (0, 0)',
      10: 'x with leading zero bytes',
      11: 'x with its highest bit set',
      12: 'y with leading zero bytes',
      13: 'y with its highest bit set',
      14: 'a key number that the card has not',
      15: 'DH: a key above the prime',
      16: 'a point that is not on the curve',
      17: ['the key of EF.ChipSecurity', 'n/a: the card has no EF.ChipSecurity'],
    }),
    unit('EAC2_ISO7816_J', 'certificate verification', certificates),
    unit('EAC2_ISO7816_K', 'terminal authentication version 2', {
      1: 'all of it',
      2: 'MSE:Set AT with a name that is not the terminal’s',
      3: 'EXTERNAL AUTHENTICATE in the open',
      4: 'with a verifier’s key',
      5: 'with a CVCA’s key',
      6: 'EXTERNAL AUTHENTICATE with class byte 8C',
      7: 'two challenges, and a signature over the first',
      8: 'a challenge of seven bytes',
      9: 'no challenge asked for; chip authentication stays shut',
      10: 'no MSE:Set AT before; chip authentication stays shut',
      11: 'MSE:Set AT with the name under another tag; chip authentication stays shut',
      12: 'a reset takes it away; chip authentication stays shut',
      13: 'not twice in a session, the same certificates',
      14: 'not twice in a session, other certificates',
      15: ['not twice in a session, other auxiliary data', noEid],
      16: 'the challenge asked for before the certificates',
    }),
    unit('EAC2_ISO7816_L', 'effective rights', {
      1: 'verifier DG3 and DG4, terminal DG3: EF.DG3 opens',
      2: 'verifier DG3 and DG4, terminal DG3: EF.DG4 stays shut',
      3: 'verifier DG3 and DG4, terminal DG4: EF.DG4 opens',
      4: 'verifier DG3 and DG4, terminal DG4: EF.DG3 stays shut',
      5: 'verifier DG3, terminal both: EF.DG3 opens',
      6: 'verifier DG3, terminal both: EF.DG4 stays shut',
      7: 'verifier DG4, terminal both: EF.DG4 opens',
      8: 'verifier DG4, terminal both: EF.DG3 stays shut',
      9: 'certificates alone do not open EF.DG3, nor chip authentication',
      10: 'certificates alone do not open EF.DG4, nor chip authentication',
      11: 'a wrong signature does not open EF.DG3, nor chip authentication',
      12: 'a wrong signature does not open EF.DG4, nor chip authentication',
      ...eidGroups(13, readable, 1, 'official verifier, terminal to read'),
      ...eidGroups(14, readable, 1, 'private verifier, terminal to read'),
      ...eidGroups(15, writable, 17, 'official verifier, terminal to write'),
      ...eidGroups(16, writable, 17, 'private verifier, terminal to write'),
      17: ['the right to verify an age', noEid],
      18: ['an age, without the right to verify it', noEid],
      19: ['the right to verify a municipality', noEid],
      20: ['a municipality, without the right to verify it', noEid],
      ...rows(21, 22, gone),
      23: ['eID after PACE with the CAN, with the right to it', noEid],
      24: gone,
      25: ['deactivation of the PIN, with the right to it', noTerminal],
      26: ['activation of the PIN, with the right to it', noTerminal],
      27: ['deactivation of the PIN, without the right to it', noTerminal],
      28: ['deactivation of the PIN, without the right to it, once more', noTerminal],
      ...rows(29, 34, gone),
      35: 'bits without a meaning in an authorization are passed over: EF.DG3 opens',
      36: ['bits without a meaning in an authorization for eID', noEid],
      37: ['the privileged terminal', 'n/a: the card has no EF.ChipSecurity'],
    }),
    unit('EAC2_ISO7816_M', 'update', {
      1: 'a domestic terminal’s certificate moves the date',
      2: 'a verifier’s certificate moves the date',
      3: 'a link certificate: the new trust point, and the end of the old one',
      4: 'two link certificates in a row: the trust point before them is gone',
      5: 'no terminal right below a new CVCA',
      6: ['the date is one for all terminal types: an authentication terminal’s verifier has expired', noEid],
      7: ['two link certificates of authentication terminals', noEid],
      8: ['after those, inspection systems’ trust points are as before', 'n/a: it goes on from case 7; the card has no eID application'],
    }),
    unit('EAC2_ISO7816_N', 'migration', {
      1: 'a link certificate to another signature algorithm and curve',
      2: ['the same for authentication terminals', noEid],
    }),
    unit('EAC2_ISO7816_O', 'rights confined by PACE', {
      1: 'verifier DG3 and DG4, terminal DG3, told DG4 alone: EF.DG3 stays shut',
      2: 'verifier DG3 and DG4, terminal DG4, told DG3 alone: EF.DG4 stays shut',
      3: 'verifier DG3, terminal both, told DG4 alone: EF.DG3 stays shut',
      4: 'verifier DG4, terminal both, told DG3 alone: EF.DG4 stays shut',
      ...eidGroups(5, readable, 1, 'official verifier, PACE not told of'),
      ...eidGroups(6, readable, 1, 'private verifier, PACE not told of'),
      ...eidGroups(7, writable, 17, 'official verifier, PACE not told of writing'),
      ...eidGroups(8, writable, 17, 'private verifier, PACE not told of writing'),
      9: ['the right to verify an age, not told', noEid],
      10: ['the right to verify a municipality, not told', noEid],
      11: gone,
      12: ['deactivation of the PIN, the right to it not told', noTerminal],
    }),
    unit('EAC2_ISO7816_P', 'PIN management', {
      1: 'a wrong PIN costs a try',
      2: 'a right PIN gives the tries back',
      3: 'wrong PINs suspend it at one try',
      4: 'a suspended PIN says so',
      5: 'the CAN resumes it, and the PIN sets it free',
      6: 'a resumed PIN is suspended again after a reset',
      7: 'change of the PIN with the PIN',
      8: 'a wrong PIN after resuming blocks it',
      '8a': 'a blocked PIN says so',
      9: 'the PUK unblocks the old PIN',
      10: 'the PUK sets a new PIN on a blocked one',
      11: 'the PUK sets a new PIN on a good one',
      12: ['no new PIN by PUK', 'n/a: the card lets the PUK set a new PIN'],
      13: ['no new PIN by PUK on a blocked one', 'n/a: the card lets the PUK set a new PIN'],
      14: 'change of the PIN with the PIN, once more',
      15: ['change of the PIN by an authentication terminal', noTerminal],
      16: ['no change of the PIN by an authentication terminal', noTerminal],
      17: ['change of the CAN by an authentication terminal', noTerminal],
      18: ['no change of the CAN by an authentication terminal', noTerminal],
      19: ['a deactivated PIN', 'n/a: the card’s PIN cannot be deactivated'],
      20: 'a new PIN that is too short',
    }),
    unit('EAC2_ISO7816_Q', 'verification of auxiliary data', rows(1, 22, ['age, validity or municipality', noEid])),
    unit(
      'EAC2_ISO7816_R',
      'restricted identification',
      rows(1, 12, ['sector identifiers', 'n/a: the card has no restricted identification']),
    ),
    unit('EAC2_ISO7816_T', 'ENVELOPE', rows(1, 5, ['commands in envelopes', 'n/a: the card has no ENVELOPE: it takes extended length'])),
    unit('EAC2_ISO7816_U', 'COMPARE', rows(1, 14, ['comparison of data groups', noEid])),
    unit(
      'EAC2_ISO7816_V',
      'chip authentication version 3',
      rows(1, 12, ['pseudonymous signatures', 'n/a: the card has no chip authentication version 3']),
    ),
    unit('EAC2_DATA_A', 'EF.CardAccess', {
      '1a': ['what must be there for PACE and terminal authentication', noCardInfo],
      '1b': 'chip authentication and its domain parameters are there',
      2: 'each PACEInfo',
      3: ['each PACEDomainParameterInfo', standardized],
      4: 'each ChipAuthenticationInfo',
      5: 'each ChipAuthenticationDomainParameterInfo',
      6: 'each TerminalAuthenticationInfo',
      ...none,
    }),
    unit('EAC2_DATA_B', 'EF.CardSecurity', {
      1: ['what must be there, signed', noCardInfo],
      2: 'each PACEInfo',
      3: ['each PACEDomainParameterInfo', standardized],
      4: 'each ChipAuthenticationInfo',
      5: 'each ChipAuthenticationDomainParameterInfo',
      6: 'each TerminalAuthenticationInfo',
      7: none[7],
      8: [
        'each ChipAuthenticationPublicKeyInfo',
        'deviation: the key spells its curve out as id-ecPublicKey does (Doc 9303-11, 9.2.6), not by its number',
      ],
      9: ['each RestrictedIdentificationInfo', 'n/a: the card has no restricted identification'],
      10: ['RestrictedIdentificationDomainParameterInfo', 'n/a: the card has no restricted identification'],
      11: 'all that EF.CardAccess says',
    }),
    unit('EAC2_EIDDATA_B', 'eID data groups', rows(1, 21, ['a data group of the eID application', noEid])),
    unit('EAC2_DATA_C', 'EF.ChipSecurity', rows(1, 12, ['its content', 'n/a: the card has no EF.ChipSecurity'])),
  ],
}
