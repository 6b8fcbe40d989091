import { CardError } from '@kart/codec'
import {
  type CalendarDate,
  type CardProfile,
  type DistinguishedName,
  findFile,
  isNationalCode,
  type MrzFields,
  type MrzReading,
  resolveDateOfExpiry,
  sameCountry,
  strictNationalCode,
} from '@kart/layout'
import { type Check, type CheckRow, fail, notRun, pass } from '../check.ts'
import type { PrintedData } from '../evidence.ts'
import type { Policy } from '../policy.ts'
import { emrtd } from './data-groups.ts'

const rows = {
  country: {
    id: 'pa.country',
    title: 'Document signer, CSCA and MRZ name one country',
    clause: 'Doc 9303-12, 8th ed., 7.1.1; Doc 9303-3, 8th ed., 5',
  },
  checkDigits: {
    id: 'mrz.check-digits',
    title: 'The MRZ of EF.DG1 is sound',
    clause: 'Doc 9303-3, 8th ed., 4.9; Doc 9303-5, 8th ed., 4.2',
  },
  issuer: { id: 'mrz.issuing-state', title: 'The MRZ names the State of the profile', clause: 'Doc 9303-3, 8th ed., 5; house rule' },
  documentType: {
    id: 'mrz.document-type',
    title: 'The MRZ is of the profile’s kind of document',
    clause: 'Doc 9303-3, 8th ed., 4; Doc 9303-5, 8th ed., 4.2; house rule',
  },
  access: { id: 'mrz.access-agrees', title: 'What is printed is what EF.DG1 says', clause: 'Doc 9303-11, 8th ed., 4.3; house rule' },
  dg11: { id: 'mrz.dg1-dg11', title: 'EF.DG1 and EF.DG11 are about one person', clause: 'Doc 9303-10, 8th ed., 4.7.11; house rule' },
  nationalCode: { id: 'mrz.national-code', title: 'The national code is sound and the same everywhere', clause: 'house rule' },
  expired: { id: 'document.expired', title: 'The document has not expired', clause: 'Doc 9303-3, 8th ed., 4.8' },
} as const satisfies Record<string, CheckRow>

/** What EF.DG11 says that EF.DG1 says too. */
export interface PersonalDetails {
  readonly personalNumber: string | undefined
  readonly dateOfBirth: CalendarDate | undefined
}

/** What there is to compare; undefined = not read, or not decodable. */
export interface IdentitySources {
  readonly mrz: MrzReading | undefined
  /** Why there is no MRZ, in plain words. */
  readonly mrzProblem: string
  readonly details: PersonalDetails | undefined
  /** What is printed; undefined where the terminal had the card access number alone. */
  readonly access: PrintedData | undefined
  readonly signer: DistinguishedName | undefined
  readonly csca: DistinguishedName | undefined
}

/** Whether the identity on the card is sound, of this State, and the same wherever the card states it. No detail repeats a value: values are personal data. */
export function checkIdentity(sources: IdentitySources, profile: CardProfile, policy: Policy): Check[] {
  const { mrz } = sources
  const withMrz = (row: CheckRow, check: (mrz: MrzReading) => Check) => (mrz === undefined ? notRun(row, sources.mrzProblem) : check(mrz))
  return [
    withMrz(rows.country, (read) => checkCountry(sources, read)),
    withMrz(rows.checkDigits, checkMrz),
    withMrz(rows.issuer, (read) =>
      read.fields.issuer === profile.issuingState
        ? pass(rows.issuer, profile.issuingState)
        : fail(rows.issuer, `another State than ${profile.issuingState}`),
    ),
    withMrz(rows.documentType, (read) => checkDocumentType(read, profile)),
    withMrz(rows.access, (read) => checkAccess(sources, read, policy)),
    withMrz(rows.dg11, (read) => checkDetails(sources.details, read, profile)),
    ...(profile.personalNumber === 'iran-national-code'
      ? [withMrz(rows.nationalCode, (read) => checkNationalCode(sources.details, read))]
      : []),
    withMrz(rows.expired, (read) => checkExpiry(read, policy)),
  ]
}

function checkCountry({ signer, csca }: IdentitySources, mrz: MrzReading): Check {
  const row = rows.country
  if (signer === undefined || csca === undefined) return notRun(row, 'there is no path to a trusted CSCA')
  if (signer.country === undefined || csca.country === undefined)
    return fail(row, `the ${signer.country === undefined ? 'document signer' : 'CSCA'} names no country`)
  if (signer.country !== csca.country) return fail(row, `document signer of ${signer.country}, CSCA of ${csca.country}`)
  const issuer = mrz.fields.issuer
  return sameCountry(signer.country, issuer)
    ? pass(row, `${signer.country} and ${issuer}`)
    : fail(row, `certificates of ${signer.country}, but the MRZ names another State`)
}

function checkMrz(mrz: MrzReading): Check {
  const wrong = [
    ...mrz.checks.filter((check) => !check.valid).map((check) => `check digit of ${check.field}`),
    ...mrz.problems.map((problem) => `${problem.field}: ${problem.message}`),
  ]
  return wrong.length === 0 && mrz.valid
    ? pass(rows.checkDigits, `${mrz.format}, ${mrz.checks.length} check digits`)
    : fail(rows.checkDigits, wrong.join('; '))
}

/** A passport or a resident card of the same State, signed by the same document signer, is not the card of the profile. */
function checkDocumentType({ format, raw }: MrzReading, profile: CardProfile): Check {
  const row = rows.documentType
  if (format !== profile.mrzFormat) return fail(row, `a zone of format ${format} where the profile has ${profile.mrzFormat}`)
  return raw.documentCode === profile.documentCode
    ? pass(row, `${format}, document code ${profile.documentCode}`)
    : fail(row, `another document code than ${profile.documentCode}`)
}

function checkAccess({ access, details }: IdentitySources, mrz: MrzReading, policy: Policy): Check {
  const { fields } = mrz
  if (access === undefined) return notRun(rows.access, 'the card was opened with its access number alone: the MRZ was not at hand', false)
  const bare = (number: string) => number.replace(/<+$/, '')
  const compared: string[] = []
  const differing: string[] = []
  const compare = (what: string, agrees: boolean) => {
    ;(agrees ? compared : differing).push(what)
  }
  compare('document number', bare(access.documentNumber) === fields.documentNumber)
  compare('date of birth', access.dateOfBirth === fields.dateOfBirth)
  compare('date of expiry', access.dateOfExpiry === fields.dateOfExpiry)
  const birth = details?.dateOfBirth
  if (access.fullDateOfBirth !== undefined && birth !== undefined)
    compare('year of birth', Number(access.fullDateOfBirth.slice(0, 4)) === birth.year)
  if (access.fullDateOfExpiry !== undefined)
    compare('year of expiry', Number(access.fullDateOfExpiry.slice(0, 4)) === yearOfExpiry(fields.dateOfExpiry, policy))
  if (access.zone !== undefined) compare('the whole zone', access.zone === mrz.lines.join(''))
  return differing.length === 0 ? pass(rows.access, compared.join(', ')) : fail(rows.access, `differing: ${differing.join(', ')}`)
}

function yearOfExpiry(text: string, policy: Policy): number | undefined {
  try {
    return resolveDateOfExpiry(text, policy.now.toISOString().slice(0, 10)).year
  } catch (error) {
    if (error instanceof CardError) return undefined
    throw error
  }
}

function checkDetails(details: PersonalDetails | undefined, { fields }: MrzReading, profile: CardProfile): Check {
  const row = rows.dg11
  if (details === undefined) return notRun(row, 'there is no readable EF.DG11')
  const national = profile.personalNumber === 'iran-national-code'
  if (national && findFile(profile, emrtd, 'EF.DG11')?.required) {
    const lacking = [
      ...(details.dateOfBirth === undefined ? ['date of birth'] : []),
      ...(details.personalNumber === undefined ? ['national code'] : []),
    ]
    if (lacking.length > 0) return fail(row, `EF.DG11 does not state: ${lacking.join(', ')}`)
  }
  const compared: string[] = []
  const differing: string[] = []
  if (details.dateOfBirth !== undefined)
    (sameBirthDate(details.dateOfBirth, fields.dateOfBirth) ? compared : differing).push('date of birth')
  const number = details.personalNumber
  const inMrz = national ? codesInMrz(fields) : numbersInMrz(fields)
  const agree = national ? inMrz.every((one) => one === number) : number !== undefined && inMrz.includes(number)
  if (number !== undefined && inMrz.length > 0) (agree ? compared : differing).push('personal number')
  if (differing.length > 0) return fail(row, `differing: ${differing.join(', ')}`)
  return compared.length > 0 ? pass(row, compared.join(', ')) : notRun(row, 'EF.DG11 states nothing that EF.DG1 states too', false)
}

/** Ten-digit numbers that fill an optional field of the MRZ: where a card of this kind repeats its personal number. */
function numbersInMrz({ optionalData, optionalData2 }: MrzFields): string[] {
  return [optionalData, optionalData2].filter((field) => /^\d{10}$/.test(field))
}

/** What an optional field of the MRZ says in place of the national code: any digit makes it a code, whole and nothing but it, or a wrong one (house rule). */
function codesInMrz({ optionalData, optionalData2 }: MrzFields): string[] {
  return [optionalData, optionalData2].filter((field) => /\d/.test(field))
}

function sameBirthDate(full: CalendarDate, short: string): boolean {
  const part = (value: number | undefined) => (value === undefined ? '<<' : String(value % 100).padStart(2, '0'))
  return part(full.year) + part(full.month) + part(full.day) === short
}

function checkNationalCode(details: PersonalDetails | undefined, { fields }: MrzReading): Check {
  const row = rows.nationalCode
  const inMrz = codesInMrz(fields)
  const codes = [...(details?.personalNumber === undefined ? [] : [details.personalNumber]), ...inMrz]
  if (codes.length === 0) return notRun(row, 'the card states none')
  if (codes.some((code) => !isNationalCode(code, strictNationalCode))) return fail(row, 'it is not ten digits, or its check digit is wrong')
  if (codes.some((code) => code !== codes[0])) return fail(row, 'EF.DG11 and the MRZ state different ones')
  return pass(row, inMrz.length > 0 && codes.length > inMrz.length ? 'check digit right; EF.DG11 and the MRZ agree' : 'check digit right')
}

function checkExpiry({ fields }: MrzReading, policy: Policy): Check {
  const row = rows.expired
  try {
    const { year, month, day } = resolveDateOfExpiry(fields.dateOfExpiry, policy.now.toISOString().slice(0, 10))
    // Valid through the whole of its last day, wherever on Earth it is read: that day ends last at UTC-12 (house rule).
    const end = Date.UTC(year, month! - 1, day! + 1, 12)
    return policy.now.getTime() < end ? pass(row, 'its date of expiry lies ahead') : fail(row, 'its date of expiry has passed')
  } catch (error) {
    if (error instanceof CardError) return fail(row, 'its date of expiry cannot be read')
    throw error
  }
}
