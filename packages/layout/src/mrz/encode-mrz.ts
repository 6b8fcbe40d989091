import { InputError } from '@kart/codec'
import { mrzCheckDigit } from './check-digit.ts'
import { type MrzFieldName, type MrzFormat, mrzLayouts } from './layout.ts'
import { parseMrz } from './read-mrz.ts'

/** What goes into a machine-readable zone; see MrzFields for the shape of each. */
export interface MrzContent {
  readonly format: MrzFormat
  /** One or two characters (`I`, `I<`, `P`). */
  readonly documentCode: string
  /** ICAO three-letter code. */
  readonly issuer: string
  /** A-Z, 0-9; longer than nine characters where the format has room for the rest (TD1 22, TD2 14). */
  readonly documentNumber: string
  /** YYMMDD, unknown parts `<<`. */
  readonly dateOfBirth: string
  readonly sex: 'F' | 'M' | '<'
  /** YYMMDD. */
  readonly dateOfExpiry: string
  readonly nationality: string
  /** The name field as `mrzName` gives it (fillers at the end may be left out). */
  readonly name: string
  readonly optionalData?: string
  /** TD1 only. */
  readonly optionalData2?: string
}

const checkOf: Partial<Record<MrzFieldName, MrzFieldName>> = {
  documentNumberCheck: 'documentNumber',
  dateOfBirthCheck: 'dateOfBirth',
  dateOfExpiryCheck: 'dateOfExpiry',
  optionalDataCheck: 'optionalData',
}

/**
 * Builds a zone with its check digits, lines joined without line ends (90, 72 or 88 characters), and reads it back before it is handed out.
 * Doc 9303-3, -4, -5, -6, 8th ed. Throws InputError naming the field.
 */
export function encodeMrz(content: MrzContent): string {
  const layout = mrzLayouts[content.format]
  if (layout === undefined) throw new InputError('format', 'is not TD1, TD2 or TD3')
  const optionalName = content.format === 'TD1' ? 'optionalData1' : 'optionalData'
  const values: Partial<Record<MrzFieldName, string>> = {
    documentCode: content.documentCode,
    issuer: content.issuer,
    dateOfBirth: content.dateOfBirth,
    sex: content.sex,
    dateOfExpiry: content.dateOfExpiry,
    nationality: content.nationality,
    name: content.name,
    documentNumber: content.documentNumber,
    [optionalName]: content.optionalData ?? '',
  }
  if (content.format === 'TD1') values.optionalData2 = content.optionalData2 ?? ''
  else if (content.optionalData2 !== undefined) throw new InputError('optionalData2', `${content.format} has no second optional field`)
  if (content.documentNumber.length > 9) {
    if (content.format === 'TD3') throw new InputError('documentNumber', 'is longer than the nine characters of TD3')
    if (!/^[A-Z0-9]+$/.test(content.documentNumber)) throw new InputError('documentNumber', 'a long number is A-Z, 0-9 only')
    values.documentNumber = content.documentNumber.slice(0, 9)
    values.documentNumberCheck = '<'
    const rest = content.documentNumber.slice(9) + mrzCheckDigit(content.documentNumber)
    values[optionalName] = `${rest}<${content.optionalData ?? ''}`
  }
  const lines = Array.from({ length: layout.lines }, () => '<'.repeat(layout.lineLength).split(''))
  const put = (line: number, start: number, text: string) => {
    for (let i = 0; i < text.length; i++) lines[line]![start + i] = text[i]!
  }
  for (const row of layout.fields) {
    if (row.name === 'compositeCheck') continue
    const source = checkOf[row.name]
    let value = values[row.name]
    if (value === undefined && source !== undefined) {
      const length = layout.fields.find((each) => each.name === source)!.length
      const covered = values[source]!.padEnd(length, '<')
      value = mrzCheckDigit(covered)
      if (row.name === 'optionalDataCheck' && /^<*$/.test(covered)) value = '<'
    }
    if (value === undefined) throw new InputError(row.name, 'is missing')
    if (value.length > row.length) throw new InputError(row.name, `is longer than its ${row.length} characters`)
    const odd = value.search(/[^A-Z0-9<]/)
    if (odd >= 0) throw new InputError(row.name, `character ${odd + 1} is not one of A-Z, 0-9, <`)
    put(row.line, row.start, value)
  }
  const composite = layout.fields.find((row) => row.name === 'compositeCheck')!
  const joined = lines.map((line) => line.join(''))
  put(
    composite.line,
    composite.start,
    mrzCheckDigit(layout.composite.map(([line, start, end]) => joined[line]!.slice(start, end)).join('')),
  )
  const text = lines.map((line) => line.join('')).join('')
  try {
    parseMrz(text)
  } catch (cause) {
    throw new InputError('MRZ', cause instanceof Error ? cause.message : 'cannot be read back', { cause })
  }
  return text
}
