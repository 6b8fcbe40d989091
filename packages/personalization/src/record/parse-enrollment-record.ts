import { CardError, InputError, type JsonValue, parseStrictJson } from '@kart/codec'
import {
  alpha2ToMrzCountry,
  canonicalName,
  canonicalText,
  encodeMrzDate,
  formatIsoDate,
  holderMrzName,
  isMrzCountry,
  isoToJalali,
  mrzNameLength,
  parseIsoDate,
  parseNationalCode,
  readImageHeader,
  resolveDateOfBirth,
  resolveDateOfExpiry,
  strictNationalCode,
  toLatinDigits,
} from '@kart/layout'
import { decodeTemplates } from '@kart/minutiae'
import type { EnrollmentRecord, RecordFinger } from './enrollment-record.ts'
import { type FileReference, firstProblem, type RawRecord, recordSchema } from './record-schema.ts'

/** Gives the bytes of a file that a record names; the name is relative, with forward slashes, and never leads upwards. */
export type LoadFile = (name: string) => Uint8Array

/** Largest image file taken in, in bytes (house rule; the profile bounds what fits the card). */
const maxImageFile = 2 * 1024 * 1024
/** Largest finger record taken in, in bytes: nine views of 255 minutiae. */
const maxTemplateFile = 64 * 1024

/** Most years that a holder may count at issue (house rule: nobody on record has lived longer); in DG1 the year has two digits, DG11 has it in full. */
const mostYearsOfAge = 125

/** What a record is held against. */
export interface RecordOptions {
  /** The moment of intake; the present one unless told. Days are counted in UTC. */
  readonly now?: Date
}

/** Runs a check of another package and gives its refusal the field's own path. */
function at<T>(field: string, check: () => T): T {
  try {
    return check()
  } catch (cause) {
    if (!(cause instanceof CardError)) throw cause
    const prefix = cause instanceof InputError ? `${cause.field}: ` : ''
    throw new InputError(field, cause.message.startsWith(prefix) ? cause.message.slice(prefix.length) : cause.message, { cause })
  }
}

function fileBytes(reference: FileReference, field: string, limit: number, loadFile: LoadFile): Uint8Array {
  const bytes = 'file' in reference ? loaded(reference.file, `${field}.file`, loadFile) : fromBase64(reference.base64, `${field}.base64`)
  if (bytes.length === 0) throw new InputError(field, 'is an empty file')
  if (bytes.length > limit) throw new InputError(field, `is ${bytes.length} bytes; at most ${limit} are taken`)
  return bytes
}

function loaded(name: string, field: string, loadFile: LoadFile): Uint8Array {
  const parts = name.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..') || !/^[\p{L}\p{N}._ /-]+$/u.test(name))
    throw new InputError(field, 'is not a plain file name relative to the record (no “..”, no drive, no leading slash)')
  try {
    return loadFile(name).slice()
  } catch (cause) {
    throw new InputError(field, 'cannot be read: put the file beside the record, or give its bytes as base64', { cause })
  }
}

function fromBase64(text: string, field: string): Uint8Array {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new InputError(field, 'is not base64')
  return Uint8Array.from(Buffer.from(text, 'base64'))
}

function image(reference: FileReference, field: string, loadFile: LoadFile): Uint8Array {
  const bytes = fileBytes(reference, field, maxImageFile, loadFile)
  const { format } = at(field, () => readImageHeader(bytes))
  // A transfer that broke off leaves a header that looks well (house rule: nothing follows the end marker).
  if (format === 'jpeg' && (bytes.at(-2) !== 0xff || bytes.at(-1) !== 0xd9))
    throw new InputError(field, 'is cut off, or something follows it: a JPEG ends with its end marker (FFD9)')
  return bytes
}

function finger(raw: RawRecord['fingers'][number], index: number, loadFile: LoadFile): RecordFinger {
  const field = `fingers[${index}]`
  if (!Number.isInteger(raw.position) || raw.position < 1 || raw.position > 10)
    throw new InputError(`${field}.position`, 'is not a finger (1..5 right, 6..10 left)')
  const template = fileBytes(raw, field, maxTemplateFile, loadFile)
  const decoded = at(field, () => decodeTemplates(template))
  if (decoded.format !== 'iso-19794-2-2005')
    throw new InputError(field, 'is not an ISO/IEC 19794-2:2005 record: convert it first (kart minutiae)')
  const views = decoded.record?.views ?? []
  if (views.length === 0 || decoded.templates.some((view) => view.count === 0)) throw new InputError(field, 'holds no minutiae')
  if (views.some((view) => view.position !== 0 && view.position !== raw.position))
    throw new InputError(`${field}.position`, 'is another finger than the record itself names')
  return { position: raw.position, template }
}

function digits(text: string, field: string, pattern: RegExp, form: string): string {
  const latin = toLatinDigits(text).trim()
  if (!pattern.test(latin)) throw new InputError(field, `is not ${form}`)
  return latin
}

function country(text: string, field: string): string {
  const code = /^[A-Z]{2}$/.test(text) ? (alpha2ToMrzCountry(text) ?? text) : text
  if (!isMrzCountry(code)) throw new InputError(field, 'is not a country code of the MRZ (such as IRN)')
  return code
}

const day = 86_400_000

function isoDay(moment: number): string {
  const date = new Date(moment)
  if (Number.isNaN(date.getTime())) throw new InputError('now', 'is not a moment')
  return date.toISOString().slice(0, 10)
}

/**
 * Whether the two digits of the MRZ's year of expiry lead back to this date, for a reader of the day of issue and for one of today.
 * A document that runs longer than the window of {@link resolveDateOfExpiry} would be read as one that expired in the century before.
 */
function readsBackAsExpiry(expiry: string, references: readonly string[]): boolean {
  const short = encodeMrzDate(parseIsoDate(expiry))
  return references.every((reference) => formatIsoDate(resolveDateOfExpiry(short, reference)) === expiry)
}

/** Whether the two digits of the MRZ's year of birth lead back to this date, or to the day a century later where the holder is old enough for it. */
function readsBackAsBirth(birth: string, today: string): boolean {
  const date = parseIsoDate(birth)
  if (Number(today.slice(0, 4)) - date.year > mostYearsOfAge) return false
  const short = resolveDateOfBirth(encodeMrzDate(date), today)
  return short?.month === date.month && short?.day === date.day && (short?.year === date.year || short?.year === date.year + 100)
}

/** House rules for a document that is about to be made: not dated ahead by more than a day (offices lie east and west of UTC), not expired, not of another century. */
function checkDocumentAgainst(now: Date, document: RawRecord['document'], holder: RawRecord['holder']): void {
  const today = isoDay(now.getTime())
  if (document.dateOfIssue > isoDay(now.getTime() + day))
    throw new InputError('document.dateOfIssue', 'lies more than a day ahead: a document is not dated forward')
  if (!readsBackAsBirth(holder.dateOfBirth, today))
    throw new InputError('holder.dateOfBirth', `is more than ${mostYearsOfAge} years ago: correct the year`)
  if (document.dateOfExpiry < today) throw new InputError('document.dateOfExpiry', 'has passed already: an expired document is not issued')
  if (!readsBackAsExpiry(document.dateOfExpiry, [document.dateOfIssue, today]))
    throw new InputError(
      'document.dateOfExpiry',
      'lies so far ahead that the two digits of the machine-readable zone would be read as another century: at most 49 years from the year of issue',
    )
}

function checkDates(document: RawRecord['document'], holder: RawRecord['holder'], now: Date): void {
  const dates = [
    ['holder.dateOfBirth', holder.dateOfBirth],
    ['document.dateOfIssue', document.dateOfIssue],
    ['document.dateOfExpiry', document.dateOfExpiry],
  ] as const
  for (const [field, text] of dates) {
    const { year } = at(field, () => parseIsoDate(text, field))
    if (year < 1800) throw new InputError(field, 'looks like a Jalali date: give the Gregorian one, YYYY-MM-DD')
    at(field, () => isoToJalali(text, field)) // the card holds the same day in the national calendar
  }
  if (holder.dateOfBirth > document.dateOfIssue) throw new InputError('document.dateOfIssue', 'is before the holder’s birth')
  if (document.dateOfExpiry <= document.dateOfIssue) throw new InputError('document.dateOfExpiry', 'is not after the date of issue')
  checkDocumentAgainst(now, document, holder)
}

function checkTexts(raw: RawRecord): void {
  const { persian, latin } = raw.holder
  for (const key of ['familyName', 'givenNames', 'fatherName'] as const) {
    const name = at(`holder.persian.${key}`, () => canonicalName(persian[key]))
    if (/\p{Script=Latin}/u.test(name))
      throw new InputError(`holder.persian.${key}`, 'holds Latin letters: write it in Persian, and the Latin spelling in holder.latin')
  }
  const texts = {
    'holder.persian.birthPlace': persian.birthPlace,
    'holder.persian.address': persian.address,
    'holder.education': raw.holder.education,
    'holder.birthCertificate.number': raw.holder.birthCertificate.number,
    'holder.birthCertificate.series': raw.holder.birthCertificate.series,
    'document.issuingOffice.name': raw.document.issuingOffice.name,
  }
  for (const [field, text] of Object.entries(texts))
    if (text !== undefined && at(field, () => canonicalText(text)) === '') throw new InputError(field, 'holds no visible character')
  try {
    holderMrzName({ persian, latin }, mrzNameLength.TD1)
  } catch (cause) {
    if (!(cause instanceof InputError)) throw cause
    throw new InputError(`holder.${cause.field}`, cause.message.slice(cause.field.length + 2), { cause })
  }
}

/**
 * Takes in one enrollment record (JSON text or its parsed value, schema kart-enrollment-1): shape, national code, dates, document number, names, images and
 * finger templates are all checked before anything is made from them. `loadFile` gives the files that the record names; `options.now` is the day that dates are
 * held against: a document that has expired, is dated ahead, or runs beyond the century window of the MRZ is refused.
 * Throws InputError with the field's path, or LimitError; no message repeats what a field holds.
 */
export function parseEnrollmentRecord(json: string | JsonValue, loadFile: LoadFile, options: RecordOptions = {}): EnrollmentRecord {
  const result = recordSchema.safeParse(typeof json === 'string' ? parseStrictJson(json) : json)
  if (!result.success) {
    const { path, problem } = firstProblem(result.error)
    throw new InputError(path, problem)
  }
  const raw = result.data
  const { document, holder } = raw
  if (!/^[A-Za-z0-9-]{1,40}$/.test(raw.trackingCode)) throw new InputError('trackingCode', 'is not 1..40 of A-Z, a-z, 0-9, hyphen')
  if (!/^[A-Z0-9]{1,9}$/.test(document.number)) throw new InputError('document.number', 'is not one to nine of A-Z, 0-9')
  if (!/^[A-Za-z0-9-]{1,20}$/.test(document.issuingOffice.code))
    throw new InputError('document.issuingOffice.code', 'is not 1..20 of A-Z, a-z, 0-9, hyphen')
  checkDates(document, holder, options.now ?? new Date())
  checkTexts(raw)
  const nationalCode = at('holder.nationalCode', () => parseNationalCode(holder.nationalCode, strictNationalCode))
  const telephone =
    holder.telephone === undefined
      ? {}
      : {
          telephone: digits(
            holder.telephone,
            'holder.telephone',
            /^\+?[0-9][0-9 -]{2,19}$/,
            'a telephone number (digits, spaces, hyphens, + in front)',
          ),
        }
  const postalCode = digits(holder.postalCode, 'holder.postalCode', /^[0-9]{10}$/, 'a postal code of ten digits')
  const fingers = raw.fingers.map((one, index) => finger(one, index, loadFile))
  fingers.forEach((one, index) => {
    if (fingers.findIndex((other) => other.position === one.position) !== index)
      throw new InputError(`fingers[${index}].position`, 'is a finger that stands there twice')
  })
  const { latin, telephone: _, education, ...rest } = holder
  return {
    schema: raw.schema,
    trackingCode: raw.trackingCode,
    document: { ...document, issuingState: country(document.issuingState, 'document.issuingState') },
    holder: {
      ...rest,
      ...(latin === undefined ? {} : { latin }),
      ...(education === undefined ? {} : { education }),
      ...telephone,
      nationalCode,
      nationality: country(holder.nationality, 'holder.nationality'),
      postalCode,
    },
    portrait: image(raw.portrait, 'portrait', loadFile),
    signature: image(raw.signature, 'signature', loadFile),
    fingers,
  }
}
