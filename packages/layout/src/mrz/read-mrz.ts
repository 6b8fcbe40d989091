import { DecodeError, LimitError } from '@kart/codec'
import { mrzCharacterValue, mrzCheckDigit } from './check-digit.ts'
import { type MrzFieldName, type MrzFieldRow, type MrzFormat, type MrzLayout, mrzLayouts } from './layout.ts'
import { mrzDateProblem } from './mrz-date.ts'

/** What a machine-readable zone says. */
export interface MrzFields {
  readonly format: MrzFormat
  /** One or two characters, fillers removed (`I`, `ID`, `P`). */
  readonly documentCode: string
  /** ICAO three-letter code, fillers removed (`IRN`, `D`). */
  readonly issuer: string
  /** Whole document number, with the part that overflowed into optional data; trailing fillers removed. */
  readonly documentNumber: string
  /** YYMMDD; unknown parts are `<<`. */
  readonly dateOfBirth: string
  readonly sex: 'F' | 'M' | '<'
  /** YYMMDD. */
  readonly dateOfExpiry: string
  readonly nationality: string
  /** Components separated by single spaces. */
  readonly primaryIdentifier: string
  /** Components separated by single spaces; empty where the holder has one name only. */
  readonly secondaryIdentifier: string
  /** Optional data (TD1: of the first line, without the document number's overflow), trailing fillers removed. */
  readonly optionalData: string
  /** TD1 only: optional data of the second line, trailing fillers removed. */
  readonly optionalData2: string
}

/** One check digit of a zone and whether it is right. */
export interface MrzCheck {
  readonly field: 'documentNumber' | 'dateOfBirth' | 'dateOfExpiry' | 'optionalData' | 'composite'
  /** 1-based line and position of the digit. */
  readonly line: number
  readonly position: number
  readonly found: string
  /** Undefined where the field holds a character that has no value. */
  readonly expected: string | undefined
  readonly valid: boolean
}

/** Something in a zone that the standard does not allow (check digits apart). */
export interface MrzProblem {
  readonly field: MrzFieldName
  /** 1-based. */
  readonly line: number
  readonly position: number
  readonly message: string
}

/** A zone as it was found: every field, every check digit with its validity, every problem. */
export interface MrzReading {
  readonly format: MrzFormat
  readonly lines: readonly string[]
  /** Every field as printed, fillers and all. */
  readonly raw: Readonly<Partial<Record<MrzFieldName, string>>>
  readonly fields: MrzFields
  readonly checks: readonly MrzCheck[]
  readonly problems: readonly MrzProblem[]
  /** No problem and every check digit right. */
  readonly valid: boolean
}

/** Splits a zone into the lines of its format; line ends are allowed, any other length is refused. */
function linesOf(text: string): { layout: MrzLayout; lines: string[] } {
  if (text.length > 100) throw new LimitError('MRZ characters', 100)
  const bare = text.replace(/\r?\n/g, '')
  const layout = Object.values(mrzLayouts).find((each) => each.lines * each.lineLength === bare.length)
  if (layout === undefined) throw new DecodeError('MRZ', `${bare.length} characters; TD1 has 90, TD2 72, TD3 88`)
  const lines = Array.from({ length: layout.lines }, (_, i) => bare.slice(i * layout.lineLength, (i + 1) * layout.lineLength))
  return { layout, lines }
}

/**
 * Reads a zone without judging it: wrong check digits, characters and dates are reported beside the fields, so that a verifier can say each by name.
 * Doc 9303-3, -4, -5, -6, 8th ed. `text`: 90, 72 or 88 characters, line ends allowed. Throws DecodeError or LimitError only when no format has that length.
 */
export function readMrz(text: string): MrzReading {
  const { layout, lines } = linesOf(text)
  const raw: Partial<Record<MrzFieldName, string>> = {}
  for (const row of layout.fields) raw[row.name] = lines[row.line]!.slice(row.start, row.start + row.length)
  const number = documentNumberOf(raw)
  const names = identifiersOf(raw.name!)
  const optional = raw.optionalData1 ?? raw.optionalData ?? ''
  const checks = checksOf(layout, lines, raw, number)
  const problems = problemsOf(layout, raw, number.overflow)
  return {
    format: layout.format,
    lines,
    raw,
    fields: {
      format: layout.format,
      documentCode: withoutFillers(raw.documentCode!),
      issuer: withoutFillers(raw.issuer!),
      documentNumber: number.text,
      dateOfBirth: raw.dateOfBirth!,
      sex: raw.sex === 'F' || raw.sex === 'M' ? raw.sex : '<',
      dateOfExpiry: raw.dateOfExpiry!,
      nationality: withoutFillers(raw.nationality!),
      ...names,
      optionalData: withoutFillers(number.overflow === undefined ? optional : optional.slice(number.overflow.length + 1)),
      optionalData2: withoutFillers(raw.optionalData2 ?? ''),
    },
    checks,
    problems,
    valid: problems.length === 0 && checks.every((check) => check.valid),
  }
}

/** Reads a zone that must be right in every field and check digit; throws DecodeError at the first thing that is not, with line and position. */
export function parseMrz(text: string): MrzFields {
  const reading = readMrz(text)
  const problem = reading.problems[0]
  if (problem !== undefined) throw new DecodeError('MRZ', `line ${problem.line}, position ${problem.position}: ${problem.message}`)
  const wrong = reading.checks.find((check) => !check.valid)
  if (wrong !== undefined)
    throw new DecodeError('MRZ', `line ${wrong.line}, position ${wrong.position}: wrong check digit of ${wrong.field}`)
  return reading.fields
}

function withoutFillers(text: string): string {
  return text.replace(/<+$/, '')
}

interface DocumentNumber {
  readonly text: string
  /** Optional-data characters that the number takes, its check digit included; undefined where the number fits its field. */
  readonly overflow: string | undefined
}

/** A number of more than nine characters goes on in optional data, up to its check digit and a filler (Doc 9303-5, 8th ed., 4.2.2.3 note j). */
function documentNumberOf(raw: Partial<Record<MrzFieldName, string>>): DocumentNumber {
  const principal = raw.documentNumber!
  const optional = raw.optionalData1 ?? raw.optionalData ?? ''
  if (raw.documentNumberCheck !== '<' || raw.optionalDataCheck !== undefined)
    return { text: withoutFillers(principal), overflow: undefined }
  // Without a filler behind it (-1), or with nothing but a check digit in it, this is no overflow.
  const overflow = optional.slice(0, Math.max(optional.indexOf('<'), 0))
  if (overflow.length < 2) return { text: withoutFillers(principal), overflow: undefined }
  return { text: principal + overflow.slice(0, -1), overflow }
}

function identifiersOf(name: string): { primaryIdentifier: string; secondaryIdentifier: string } {
  const split = name.indexOf('<<')
  const words = (part: string) =>
    part
      .split('<')
      .filter((word) => word !== '')
      .join(' ')
  if (split < 0) return { primaryIdentifier: words(name), secondaryIdentifier: '' }
  return { primaryIdentifier: words(name.slice(0, split)), secondaryIdentifier: words(name.slice(split)) }
}

function expectedDigit(text: string): string | undefined {
  for (let i = 0; i < text.length; i++) if (mrzCharacterValue(text.charCodeAt(i)) === undefined) return undefined
  return mrzCheckDigit(text)
}

function checksOf(
  layout: MrzLayout,
  lines: readonly string[],
  raw: Partial<Record<MrzFieldName, string>>,
  number: DocumentNumber,
): MrzCheck[] {
  const checks: MrzCheck[] = []
  const add = (field: MrzCheck['field'], row: MrzFieldRow, offset: number, covered: string, found: string, fillerAllowed: boolean) => {
    const expected = expectedDigit(covered)
    const valid = found === expected || (fillerAllowed && found === '<' && /^<*$/.test(covered))
    checks.push({ field, line: row.line + 1, position: row.start + offset + 1, found, expected, valid })
  }
  for (const row of layout.fields) {
    const found = raw[row.name]!
    if (row.name === 'documentNumberCheck') {
      if (number.overflow === undefined) add('documentNumber', row, 0, raw.documentNumber!, found, false)
      else {
        const optional = layout.fields.find((each) => each.name === 'optionalData1' || each.name === 'optionalData')!
        add('documentNumber', optional, number.overflow.length - 1, number.text, number.overflow.slice(-1), false)
      }
    } else if (row.name === 'dateOfBirthCheck') add('dateOfBirth', row, 0, raw.dateOfBirth!, found, false)
    else if (row.name === 'dateOfExpiryCheck') add('dateOfExpiry', row, 0, raw.dateOfExpiry!, found, false)
    // An unused optional field may carry a filler for its digit (Doc 9303-4, 8th ed., 4.2.2.2).
    else if (row.name === 'optionalDataCheck') add('optionalData', row, 0, raw.optionalData!, found, true)
    else if (row.name === 'compositeCheck')
      add('composite', row, 0, layout.composite.map(([line, start, end]) => lines[line]!.slice(start, end)).join(''), found, false)
  }
  return checks
}

// What a field may hold, as [pattern of the whole field, message].
const shapes: Partial<Record<MrzFieldName, readonly [RegExp, string]>> = {
  documentCode: [/^[A-Z][A-Z<]$/, 'the document code is not one or two letters'],
  issuer: [/^[A-Z]{1,3}<*$/, 'the issuing State is not one to three letters'],
  nationality: [/^[A-Z]{1,3}<*$/, 'the nationality is not one to three letters'],
  documentNumber: [/^[A-Z0-9]/, 'the document number does not begin with a letter or digit'],
  sex: [/^[FM<]$/, 'the sex is not F, M or <'],
  name: [/^[A-Z]+(<[A-Z]+)*(<<[A-Z]+(<[A-Z]+)*)?<*$/, 'the name is not words of letters parted by single fillers, once by two'],
  documentNumberCheck: [/^[0-9<]$/, 'the check digit is not a digit'],
  dateOfBirthCheck: [/^[0-9]$/, 'the check digit is not a digit'],
  dateOfExpiryCheck: [/^[0-9]$/, 'the check digit is not a digit'],
  optionalDataCheck: [/^[0-9<]$/, 'the check digit is not a digit'],
  compositeCheck: [/^[0-9]$/, 'the check digit is not a digit'],
}

const documentCodes: Readonly<Record<MrzFormat, RegExp>> = { TD1: /^[ACI]/, TD2: /^[ACI]/, TD3: /^P/ }

function problemsOf(layout: MrzLayout, raw: Partial<Record<MrzFieldName, string>>, overflow: string | undefined): MrzProblem[] {
  const problems: MrzProblem[] = []
  for (const row of layout.fields) {
    const value = raw[row.name]!
    const add = (offset: number, message: string) =>
      problems.push({ field: row.name, line: row.line + 1, position: row.start + offset + 1, message })
    const odd = value.search(/[^A-Z0-9<]/)
    if (odd >= 0) {
      add(odd, 'a character that is not one of A-Z, 0-9, <')
      continue
    }
    const shape = shapes[row.name]
    if (shape !== undefined && !shape[0].test(value)) add(0, shape[1])
    else if (row.name === 'documentCode' && !documentCodes[layout.format].test(value)) add(0, `no document code of ${layout.format}`)
    else if (row.name === 'documentNumberCheck' && value === '<' && overflow === undefined)
      add(0, 'the document number has neither a check digit nor an overflow')
    else if (row.name === 'dateOfBirth' || row.name === 'dateOfExpiry') {
      const problem = mrzDateProblem(value, row.name === 'dateOfBirth')
      if (problem !== undefined) add(problem.offset, problem.message)
    }
  }
  return problems
}
