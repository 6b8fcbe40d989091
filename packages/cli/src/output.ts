import { CardError, visibleText } from '@kart/codec'
import { PcscError } from '@kart/pcsc'
import { pcError } from './colours.ts'
import { isFileError } from './exit-code.ts'
import { InterruptedError } from './interrupt.ts'

/** Where a command writes: people's lines, or one JSON document. */
export interface Output {
  readonly json: boolean
  /** A line for people on standard output; nothing with `--json`. */
  line(text?: string): void
  /** The one document of `--json` on standard output; nothing without it. */
  document(value: object): void
  /** Begins that document with these fields, at once, where they must not wait for its end; {@link Output.document} gives the others. Nothing without `--json`. */
  begin(fields: Record<string, unknown>): void
  /** A line for people on standard error, with or without `--json`. */
  aside(text: string): void
}

// What may steer a terminal that shows the document: JSON asks only for the controls below U+0020 to be escaped (RFC 8259, 7).
const steering = /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/g

/** Its text with the brackets at both ends taken off. */
const inner = (text: string): string => text.replace(/^\{\n?|\n?\}$/g, '')

/** A value as JSON in which no control character and none that turns the reading direction stands as itself. */
function documentText(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(steering, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The output of a run. */
export function createOutput(json: boolean): Output {
  let begun = false
  return {
    json,
    line(text = '') {
      if (!json) process.stdout.write(`${text}\n`)
    },
    document(value) {
      if (!json) return
      process.stdout.write(begun ? `,\n${inner(documentText(value))}\n}\n` : `${documentText(value)}\n`)
      begun = false
    },
    begin(fields) {
      if (!json || Object.keys(fields).length === 0) return
      process.stdout.write(`{\n${inner(documentText(fields))}`)
      begun = true
    },
    aside(text) {
      process.stderr.write(`${text}\n`)
    },
  }
}

const nextSteps: Partial<Record<CardError['code'], string>> = {
  authentication: 'Check document number, date of birth and date of expiry, and that this is the card you mean.',
  'secure-messaging': 'Take the card out, put it back, and try again; if it happens again, do not trust this card or reader.',
  hsm: 'Nothing was done in software instead. See to the token, then run the command again.',
}

/** An error in plain words, with what to do next where that is known. */
export function explainError(error: unknown): { code: string; message: string; next: string | undefined } {
  if (error instanceof CardError) {
    const noSuchReader = error instanceof PcscError && error.operation === 'connect'
    const next = noSuchReader ? 'Run "kart readers" to see what is connected.' : nextSteps[error.code]
    return { code: error.code, message: visibleText(error.message), next }
  }
  if (error instanceof InterruptedError) return { code: 'interrupted', message: error.message, next: undefined }
  if (isFileError(error)) {
    const where = error.path ? ` ${visibleText(error.path)}` : ''
    const what = {
      ENOENT: 'there is no such file:',
      EACCES: 'no permission for',
      EPERM: 'no permission for',
      EISDIR: 'this is a folder, not a file:',
      EEXIST: 'this exists already:',
    }[error.code]
    return { code: 'file', message: what ? `${what}${where}` : `the file cannot be used (${error.code}):${where}`, next: undefined }
  }
  return {
    code: 'internal',
    message: visibleText(error instanceof Error ? error.message : String(error)),
    next: 'This is a defect in Kart; please report it with the command that you ran.',
  }
}

/** Prints an error: a document with `--json` (plus `fields`), else two lines on standard error. */
export function printError(output: Output, error: unknown, fields: Record<string, unknown> = {}): void {
  const { code, message, next } = explainError(error)
  output.document({ ...fields, error: { code, message } })
  if (!output.json) {
    output.aside(`${pcError.red('kart:')} ${message}`)
    if (next) output.aside(next)
  }
}
