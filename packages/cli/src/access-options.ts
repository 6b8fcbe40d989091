import { InputError } from '@kart/codec'
import { readMrz } from '@kart/layout'
import type { AccessKey } from '@kart/verification'
import type { Command } from 'commander'

export interface AccessOptions {
  readonly mrz?: string
  readonly docno?: string
  readonly dob?: string
  readonly doe?: string
}

/** Adds the options that say what is printed on the card. */
export function withAccessOptions(command: Command): Command {
  return command
    .option('--mrz <mrz>', 'the printed machine-readable zone: its lines one after another, or a file that holds them')
    .option('--docno <number>', 'document number, instead of --mrz')
    .option('--dob <date>', 'date of birth, YYMMDD or YYYY-MM-DD')
    .option('--doe <date>', 'date of expiry, YYMMDD or YYYY-MM-DD')
}

function mrzDate(text: string, option: string): string {
  const digits = text.replaceAll('-', '')
  if (/^\d{8}$/.test(digits)) return digits.slice(2)
  // Unknown parts of a date of birth stand as fillers (Doc 9303-3, 8th ed., 4.8).
  if (/^[\d<]{6}$/.test(digits)) return digits
  throw new InputError(option, 'not a date: YYMMDD or YYYY-MM-DD')
}

/** The fields that open a card, from a whole MRZ or one by one. Throws InputError. */
export function accessKeyOf(options: AccessOptions): AccessKey {
  const { mrz, docno, dob, doe } = options
  if (mrz !== undefined) {
    if (docno !== undefined || dob !== undefined || doe !== undefined)
      throw new InputError('--mrz', 'give either --mrz, or --docno, --dob and --doe')
    const { fields, checks } = readMrz(mrz.replace(/\\n|[\s]/g, ''))
    const wrong = checks.filter(
      ({ valid, field }) => !valid && (field === 'documentNumber' || field === 'dateOfBirth' || field === 'dateOfExpiry'),
    )
    if (wrong.length > 0)
      throw new InputError(
        '--mrz',
        `check digit of ${wrong.map(({ field, line, position }) => `${field} (line ${line}, position ${position})`).join(', ')} is wrong: type the zone once more`,
      )
    return { documentNumber: fields.documentNumber, dateOfBirth: fields.dateOfBirth, dateOfExpiry: fields.dateOfExpiry }
  }
  if (docno === undefined || dob === undefined || doe === undefined)
    throw new InputError('--mrz', 'say what is printed on the card: --mrz, or --docno, --dob and --doe')
  const documentNumber = docno.trim().toUpperCase().replace(/<+$/, '')
  if (!/^[A-Z0-9<]{1,22}$/.test(documentNumber)) throw new InputError('--docno', 'letters A to Z and digits only')
  return { documentNumber, dateOfBirth: mrzDate(dob, '--dob'), dateOfExpiry: mrzDate(doe, '--doe') }
}
