import type { EfCom, EfSod } from '@kart/layout'
import { type Check, type CheckRow, fail, notRun, pass } from '../check.ts'
import type { OpenedFile } from '../open-file.ts'

const row: CheckRow = { id: 'com.agrees', title: 'EF.COM lists what EF.SOD lists', clause: 'Doc 9303-10, 8th ed., 4.6.1' }

/** Whether EF.COM tells the truth. For information only: it is not signed, and nothing is decided by it. */
export function checkEfCom(com: OpenedFile<EfCom>, sod: EfSod | undefined): Check {
  if (com.state === 'absent') return notRun(row, 'EF.COM was not read', false)
  if (com.state === 'malformed') return fail(row, com.problem, false)
  if (sod === undefined) return notRun(row, 'there is no EF.SOD to look into', false)
  const signed = sod.ldsSecurityObject.dataGroupHashes.map((one) => one.dataGroup)
  const said = com.value.dataGroups
  const beyond = said.filter((group) => !signed.includes(group))
  const kept = signed.filter((group) => !said.includes(group))
  if (beyond.length === 0 && kept.length === 0) return pass(row, `${said.length} data groups`, false)
  const list = (groups: readonly number[]) => groups.map((group) => `DG${group}`).join(', ')
  return fail(
    row,
    [...(beyond.length > 0 ? [`lists ${list(beyond)} besides`] : []), ...(kept.length > 0 ? [`leaves out ${list(kept)}`] : [])].join('; '),
    false,
  )
}
