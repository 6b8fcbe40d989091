import { equalBytes } from '@kart/codec'
import { digest } from '@kart/crypto'
import { type ApplicationSpec, type CardProfile, type EfSod, findApplication } from '@kart/layout'
import { type Check, type CheckRow, fail, notRun, pass } from '../check.ts'
import type { Evidence, FileEvidence } from '../evidence.ts'
import { type Opened, openedIn, satisfied } from '../satisfied.ts'
import { usableHash } from '../signature-scheme.ts'

const coverageRow: CheckRow = {
  id: 'pa.coverage',
  title: 'EF.SOD covers exactly the data groups on the card',
  clause: 'Doc 9303-10, 8th ed., 4.6.2; house rule',
}
const filesRow: CheckRow = { id: 'profile.files', title: 'The files that the profile requires are there', clause: 'house rule' }

/** Application that holds the data groups. */
export const emrtd = 'emrtd'

/** Number of a data group file by its name (`EF.DG14` = 14); undefined for another file. */
export function dataGroupOf(name: string): number | undefined {
  const match = /^EF\.DG(\d{1,2})$/.exec(name)
  return match === null ? undefined : Number(match[1])
}

/** One hash check a data group, over the bytes as they came, then the coverage both ways (Doc 9303-11, 8th ed., 5.1). */
export function checkDataGroups(evidence: Evidence, sod: EfSod | undefined, profile: CardProfile): Check[] {
  const groups = evidence.files.filter((file) => file.application === emrtd && dataGroupOf(file.name) !== undefined)
  const read = groups.filter((file) => file.outcome === 'read')
  if (sod === undefined)
    return [
      ...read.map((file) => notRun(hashRow(file.name), 'there is no EF.SOD to look into')),
      notRun(coverageRow, 'there is no EF.SOD to look into'),
    ]
  return [...read.map((file) => checkHash(file, sod)), checkCoverage(groups, sod, findApplication(profile, emrtd), openedIn(evidence))]
}

function hashRow(name: string): CheckRow {
  return { id: `pa.hash.${name.replace('EF.', '')}`, title: `${name} is what was signed`, clause: 'Doc 9303-11, 8th ed., 5.1' }
}

function checkHash(file: FileEvidence, sod: EfSod): Check {
  const row = hashRow(file.name)
  const expected = sod.ldsSecurityObject.dataGroupHashes.find((one) => one.dataGroup === dataGroupOf(file.name))
  const hash = usableHash(sod.ldsSecurityObject.hash)
  if (expected === undefined) return fail(row, 'EF.SOD does not list it, so nobody vouches for it')
  if (hash === undefined) return fail(row, `digest ${sod.ldsSecurityObject.hashAlgorithm.oid} cannot be computed`)
  return equalBytes(digest(hash, file.bytes!), expected.hash)
    ? pass(row, `${hash} over ${file.bytes!.length} bytes as they came`)
    : fail(row, 'its bytes are not those that were signed')
}

function checkCoverage(groups: readonly FileEvidence[], sod: EfSod, application: ApplicationSpec | undefined, opened: Opened): Check {
  const listed = sod.ldsSecurityObject.dataGroupHashes.map((one) => one.dataGroup)
  const problems: string[] = []
  for (const file of groups)
    if ((file.outcome === 'read' || file.outcome === 'unlisted') && !listed.includes(dataGroupOf(file.name)!))
      problems.push(`${file.name} is there but not listed`)
  const beyond: string[] = []
  for (const group of listed) {
    const name = `EF.DG${group}`
    const file = groups.find((one) => one.name === name)
    if (file?.outcome === 'read') continue
    const spec = application?.files.find((one) => one.name === name)
    if (spec === undefined) beyond.push(name)
    else if (file === undefined || satisfied(spec.read, opened))
      problems.push(`${name} is listed but ${file === undefined ? 'was not read' : describeOutcome(file)}`)
    else beyond.push(name)
  }
  if (problems.length > 0) return fail(coverageRow, problems.join('; '))
  return pass(
    coverageRow,
    beyond.length === 0
      ? `${listed.length} data groups`
      : `${listed.length} data groups, of which ${beyond.join(', ')} may not be read here`,
  )
}

function describeOutcome(file: FileEvidence): string {
  if (file.outcome === 'missing') return 'missing'
  return file.outcome === 'refused' ? 'refused' : 'could not be read'
}

/** EF.DG14 and EF.DG15 are not asked for here: without them the chip cannot prove itself, which is a finding of its own. */
const askedElsewhere = ['EF.DG14', 'EF.DG15']

/** Whether every file that the profile requires and opens to us was read. */
export function checkFiles(evidence: Evidence, profile: CardProfile): Check {
  // Behind an application that stayed shut nothing can be missed: that it stayed shut is the finding.
  if (evidence.access.outcome !== 'opened') return notRun(filesRow, 'the card stayed shut')
  const opened = openedIn(evidence)
  const wanted = profile.applications.flatMap((application) =>
    application.files
      .filter((file) => file.required && satisfied(file.read, opened) && !askedElsewhere.includes(file.name))
      .map((file) => ({ application: application.name, name: file.name })),
  )
  const missing = wanted.filter(
    ({ application, name }) =>
      !evidence.files.some((file) => file.application === application && file.name === name && file.outcome === 'read'),
  )
  if (wanted.length === 0) return notRun(filesRow, 'the profile requires none', false)
  return missing.length === 0
    ? pass(filesRow, `${wanted.length} files`)
    : fail(filesRow, `not read: ${missing.map((file) => file.name).join(', ')}`)
}
