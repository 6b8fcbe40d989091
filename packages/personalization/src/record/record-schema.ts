import { z } from 'zod'

/** Longest text field, in characters. */
const text = z.string().min(1).max(400)
const line = z.string().min(1).max(100)

/** A file by its name beside the record, or its bytes in base64. */
const file = z.union([
  z.strictObject({ file: z.string().min(1).max(200) }),
  z.strictObject({
    base64: z
      .string()
      .min(4)
      .max(4 * 1024 * 1024),
  }),
])

const finger = z.union([
  z.strictObject({ position: z.number(), file: z.string().min(1).max(200) }),
  z.strictObject({
    position: z.number(),
    base64: z
      .string()
      .min(4)
      .max(64 * 1024),
  }),
])

/** Shape of a record of schema kart-enrollment-1; what the fields say is checked after it. Keys that are not listed are refused. */
export const recordSchema = z.strictObject({
  schema: z.literal('kart-enrollment-1'),
  trackingCode: line,
  document: z.strictObject({
    number: line,
    issuingState: line,
    dateOfIssue: line,
    dateOfExpiry: line,
    issuingOffice: z.strictObject({ code: line, name: text }),
  }),
  holder: z.strictObject({
    nationalCode: line,
    nationality: line,
    sex: z.enum(['M', 'F', 'X']),
    dateOfBirth: line,
    persian: z.strictObject({ familyName: line, givenNames: line, fatherName: line, birthPlace: line, address: text }),
    latin: z.strictObject({ familyName: line, givenNames: line }).optional(),
    telephone: line.optional(),
    birthCertificate: z.strictObject({ number: line, series: line }),
    postalCode: line,
    education: line.optional(),
  }),
  portrait: file,
  signature: file,
  fingers: z.array(finger).max(9),
})

export type RawRecord = z.infer<typeof recordSchema>
export type FileReference = z.infer<typeof file>

/** What is wrong, in words and without the value; `path` is the field. */
export interface SchemaProblem {
  readonly path: string
  readonly problem: string
}

/** A field's path as InputError has it: `holder.persian.familyName`, `fingers[0].position`. */
function pathOf(path: readonly PropertyKey[]): string {
  let out = ''
  for (const part of path) out += typeof part === 'number' ? `[${part}]` : `${out === '' ? '' : '.'}${String(part)}`
  return out === '' ? 'record' : out
}

// The keys of a record are ours; an unknown one may be anything a file holds, so it is shown only where it is plainly a name.
const plainKey = (key: string) => (/^[A-Za-z][A-Za-z0-9]{0,39}$/.test(key) ? `“${key}”` : 'a key')

function wordsFor(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? `is missing or not ${article(issue.expected)}: give it` : `is not ${article(issue.expected)}`
    case 'unrecognized_keys':
      return `${issue.keys.map(plainKey).join(', ')} is not a field of kart-enrollment-1: remove it or mend its spelling`
    case 'invalid_value':
      return `is not one of ${issue.values.map((value) => `“${String(value)}”`).join(', ')}`
    case 'too_small':
      return 'is empty: give it, or leave the whole field out where it is optional'
    case 'too_big':
      return `is longer than the ${String(issue.maximum)} allowed`
    case 'invalid_union':
      return 'needs exactly one of “file” (a name beside the record) and “base64”'
    default:
      return 'is not what kart-enrollment-1 has here'
  }
}

function article(expected: string): string {
  return { string: 'a text', number: 'a number', object: 'an object', array: 'a list' }[expected] ?? `a ${expected}`
}

/** The first problem of a failed parse, in words. */
export function firstProblem(error: z.ZodError): SchemaProblem {
  const issue = error.issues[0]
  return issue === undefined
    ? { path: 'record', problem: 'is not a kart-enrollment-1 record' }
    : { path: pathOf(issue.path), problem: wordsFor(issue) }
}
