import { InputError } from '@kart/codec'
import { readMrz } from '@kart/layout'
import type { AccessKey, PrintedData } from '@kart/verification'
import type { Command } from 'commander'
import { fullDate, mrzDate } from './date-option.ts'
import { decodeInput, readInput } from './read-file.ts'

export interface AccessOptions {
  readonly mrz?: string
  readonly docno?: string
  readonly dob?: string
  readonly doe?: string
  readonly can?: string
}

/** Adds the options that say what is printed on the card. */
export function withAccessOptions(command: Command): Command {
  return command
    .option('--mrz <mrz>', 'the printed machine-readable zone: its lines one after another, or a file that holds them')
    .option('--docno <number>', 'document number, instead of --mrz')
    .option('--dob <date>', 'date of birth, YYMMDD or YYYY-MM-DD')
    .option('--doe <date>', 'date of expiry, YYMMDD or YYYY-MM-DD')
    .option(
      '--can <number>',
      'the card access number, six digits, printed on the card: alone, or beside the printed data that are to be compared',
    )
}

// A zone holds fillers or is as long as one; everything else is the name of a file.
const shortestZone = 72

/** The characters of a zone, however they were typed: on one line or several, with spaces, in either case, or in a file. */
function zoneOf(given: string): string {
  const bare = (text: string): string => text.replace(/\\n|\s/g, '').toUpperCase()
  if (given.trim() === '') throw new InputError('--mrz', 'is empty')
  if (given.includes('<') || bare(given).length >= shortestZone) return bare(given)
  return bare(new TextDecoder('latin1').decode(readInput(given)))
}

function accessKeyInZone(given: string): PrintedData {
  const zone = zoneOf(given)
  const { fields, checks } = decodeInput('--mrz', () => readMrz(zone))
  const wrong = checks.filter(({ valid }) => !valid)
  if (wrong.length > 0)
    throw new InputError(
      '--mrz',
      `check digit of ${wrong.map(({ field, line, position }) => `${field} (line ${line}, position ${position})`).join(', ')} is wrong: type the zone once more`,
    )
  return { documentNumber: fields.documentNumber, dateOfBirth: fields.dateOfBirth, dateOfExpiry: fields.dateOfExpiry, zone }
}

/** What opens a card: a whole MRZ, its fields one by one, the card access number, or both. Throws InputError, which repeats none of it. */
export function accessKeyOf(options: AccessOptions): AccessKey {
  const { can, ...printed } = options
  if (can === undefined) return printedDataOf(printed)
  if (!/^\d{6}$/.test(can)) throw new InputError('--can', 'not six digits')
  const alone = [printed.mrz, printed.docno, printed.dob, printed.doe].every((each) => each === undefined)
  return alone ? { can } : { ...printedDataOf(printed), can }
}

function printedDataOf(options: Omit<AccessOptions, 'can'>): PrintedData {
  const { mrz, docno, dob, doe } = options
  if (mrz !== undefined) {
    if (docno !== undefined || dob !== undefined || doe !== undefined)
      throw new InputError('--mrz', 'give either --mrz, or --docno, --dob and --doe')
    return accessKeyInZone(mrz)
  }
  if (docno === undefined || dob === undefined || doe === undefined)
    throw new InputError('--mrz', 'say what is printed on the card: --mrz, or --docno, --dob and --doe, or --can')
  const typed = docno.trim()
  if (!/^[A-Za-z0-9][A-Za-z0-9<]{0,21}$/.test(typed)) throw new InputError('--docno', 'letters A to Z and digits only, at most 22')
  const documentNumber = typed.toUpperCase().replace(/<+$/, '')
  const fullDateOfBirth = fullDate(dob)
  const fullDateOfExpiry = fullDate(doe)
  return {
    documentNumber,
    dateOfBirth: mrzDate(dob, '--dob'),
    dateOfExpiry: mrzDate(doe, '--doe'),
    ...(fullDateOfBirth ? { fullDateOfBirth } : {}),
    ...(fullDateOfExpiry ? { fullDateOfExpiry } : {}),
  }
}
