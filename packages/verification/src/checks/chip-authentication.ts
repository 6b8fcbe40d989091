import { equalBytes } from '@kart/codec'
import { type OpenedSecurityInfo, securityProtocols } from '@kart/layout'
import { chipAuthenticationChoices, verifyChipAuthenticationMapping } from '@kart/secure-channel'
import { type Check, type CheckRow, fail, notRun, pass } from '../check.ts'
import type { Evidence } from '../evidence.ts'
import type { Policy } from '../policy.ts'
import { mappingKey } from './chip-keys.ts'

const rows = {
  mapping: {
    id: 'cam.proof',
    title: 'The chip proved its key in PACE (chip authentication mapping)',
    clause: 'Doc 9303-11, 8th ed., 4.4.3.5',
  },
  chip: {
    id: 'ca.proof',
    title: 'The chip proved its key (chip authentication)',
    clause: 'Doc 9303-11, 8th ed., 6.2; BSI TR-03110-1 v2.20, 3.4; TR-03110-2 v2.21, 3.4',
  },
  terminal: {
    id: 'ta.outcome',
    title: 'The card took the terminal’s certificates (terminal authentication)',
    clause: 'Doc 9303-11, 8th ed., 7.1; BSI TR-03110-1 v2.20, 3.5; TR-03110-2 v2.21, 3.3',
  },
} as const satisfies Record<string, CheckRow>

/** What the issuer is known to have signed. */
export interface SignedInfos {
  /** SecurityInfos of EF.DG14; undefined where it was not read or cannot be decoded. */
  readonly dg14: readonly OpenedSecurityInfo[] | undefined
  /** Whether EF.SOD covers EF.DG14 as it came. */
  readonly dg14Covered: boolean
  /** SecurityInfos of EF.CardSecurity; undefined as above. */
  readonly cardSecurity: readonly OpenedSecurityInfo[] | undefined
}

const nameOf = (oid: string): string => securityProtocols.find((row) => row.oid === oid)?.name ?? oid

/** Chip authentication mapping (P10): the mapping key is CA_IC times the static key of EF.CardSecurity, which the document signer vouches for (`pa.card-security`). */
export function checkMapping(evidence: Evidence, { cardSecurity }: SignedInfos): Check {
  const row = rows.mapping
  const mapping = evidence.access.pace.mapping
  if (mapping === undefined) return notRun(row, 'PACE was done without it', false)
  if (cardSecurity === undefined) return notRun(row, 'there is no EF.CardSecurity to take the key from')
  const key = mappingKey(cardSecurity, mapping)
  if (key === undefined) return fail(row, 'EF.CardSecurity has no key of this number in the group of PACE')
  return verifyChipAuthenticationMapping(mapping, key)
    ? pass(row, `key ${mapping.keyId ?? 'without a number'}, ${mapping.group}`)
    : fail(row, 'the chip mapped the nonce with another key than that of EF.CardSecurity')
}

/**
 * Chip authentication (P11, V09): proved, with a key that stands in the file named and that the issuer signed. It is required where EF.DG14 offers it and the mapping
 * of PACE has not proved the chip already.
 */
export function checkChipAuthentication(evidence: Evidence, signed: SignedInfos, mapping: Check, policy: Policy): Check {
  const row = rows.chip
  const found = evidence.chipAuthentication
  if (found === undefined) {
    const offered = chipAuthenticationChoices(signed.dg14 ?? [], 1).length > 0
    if (!offered) return notRun(row, 'the card offers none', false)
    if (mapping.outcome === 'pass') return notRun(row, 'the mapping of PACE proved the chip already', false)
    const unusable = signed.dg14?.some((info) => info.kind === 'chip-authentication-public-key') ?? false
    return notRun(
      row,
      unusable ? 'the chip was not asked, or its key cannot be used' : 'the chip was not asked',
      policy.chipAuthentication === 'required' || unusable,
    )
  }
  const { outcome, version, source, publicKey, keyId, problem } = found
  if (outcome !== 'proved') return fail(row, problem ?? 'the chip refused')
  const infos = source === 'EF.DG14' ? signed.dg14 : signed.cardSecurity
  if (infos === undefined) return fail(row, `${source} cannot be read, so nobody vouches for the chip’s key`)
  const vouched = infos.some((info) => info.kind === 'chip-authentication-public-key' && equalBytes(info.subjectPublicKeyInfo, publicKey))
  if (!vouched) return fail(row, `the key is not one of ${source}`)
  if (source === 'EF.DG14' && !signed.dg14Covered) return fail(row, 'EF.DG14 is not what EF.SOD lists')
  return pass(row, `version ${version}, ${nameOf(found.oid)}${keyId === undefined ? '' : `, key ${keyId}`} of ${source}`)
}

/** What came of terminal authentication. For information: it proves the terminal to the card, not the card to us. */
export function checkTerminalAuthentication({ terminalAuthentication: found }: Evidence): Check {
  const row = rows.terminal
  if (found === undefined) return notRun(row, 'the terminal has no certificates, or the card asks for none', false)
  if (found.outcome === 'no-chain') return notRun(row, found.problem ?? 'no chain of certificates', false)
  if (found.outcome === 'refused') return fail(row, found.problem ?? 'the card refused', false)
  const rights = found.rights.length === 0 ? 'no rights' : found.rights.join(', ')
  return pass(row, `version ${found.version}, ${found.chain.join(' > ')}: ${rights}`, false)
}
