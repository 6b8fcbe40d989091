import type { EfSod, OpenedSecurityInfo } from '@kart/layout'
import { type Check, type CheckRow, fail, notRun, pass } from '../check.ts'
import type { Evidence } from '../evidence.ts'

const rows = {
  opened: { id: 'access.opened', title: 'The card opens with the data printed on it', clause: 'Doc 9303-11, 8th ed., 4.3 and 4.4' },
  downgrade: {
    id: 'pa.no-downgrade',
    title: 'The card was opened by the strongest protocol that it has',
    clause: 'Doc 9303-11, 8th ed., 4.2; house rule',
  },
} as const satisfies Record<string, CheckRow>

const passwords = { mrz: 'the MRZ', can: 'the card access number' } as const

/** Whether the card was opened at all; without it nothing can be judged. */
export function checkAccessOpened({ access }: Evidence): Check {
  const { pace, policy, problem } = access
  if (access.outcome !== 'opened') return fail(rows.opened, problem ?? 'the card refused')
  if (access.protocol === 'pace') return pass(rows.opened, `PACE with ${passwords[pace.password]}: ${pace.variant ?? 'variant not known'}`)
  const why = {
    'not-offered': 'the card offers no PACE',
    'not-usable': 'the card’s offers of PACE cannot be used',
    refused: 'PACE failed',
    opened: 'PACE was left',
  }[pace.outcome]
  return pass(rows.opened, `basic access control, which the caller allows (${policy}): ${why}`)
}

/**
 * Whether somebody made the terminal take less than the card offers (P08): BAC although EF.CardAccess, or what the issuer signed, offers PACE. `dg14` are the
 * SecurityInfos of EF.DG14, undefined where it was not read. Not required where the caller allows BAC after PACE failed: then it stands there for people.
 */
export function checkNoDowngrade({ access }: Evidence, sod: EfSod | undefined, dg14: readonly OpenedSecurityInfo[] | undefined): Check {
  const row = rows.downgrade
  const required = access.policy !== 'pace-then-bac'
  if (access.outcome !== 'opened') return notRun(row, 'the card stayed shut', required)
  if (access.protocol === 'pace') return pass(row, 'PACE', required)
  if (access.pace.outcome !== 'not-offered')
    return fail(row, 'EF.CardAccess offers PACE, and basic access control opened the card', required)
  const listed = sod?.ldsSecurityObject.dataGroupHashes.some((one) => one.dataGroup === 14)
  if (listed === undefined || (listed && dg14 === undefined))
    return notRun(row, 'what the issuer signed, EF.DG14, could not be looked into', required)
  if (dg14?.some((info) => info.kind === 'pace'))
    return fail(row, 'EF.DG14 offers PACE, but EF.CardAccess was not there to offer it', required)
  return pass(row, 'the card offers no PACE', required)
}
