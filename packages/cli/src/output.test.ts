import { stripVTControlCharacters } from 'node:util'
import { CardError, DecodeError, type ErrorCode, errorCodes, InputError } from '@kart/codec'
import { PcscError } from '@kart/pcsc'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createOutput, explainError, printError } from './output.ts'

class AnyError extends CardError {
  readonly code: ErrorCode

  constructor(code: ErrorCode, cause?: unknown) {
    super('plain words', { cause })
    this.code = code
  }
}

/** What a function writes to both outputs. */
function written(work: () => void): { stdout: string; stderr: string } {
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      texts[name] += String(chunk)
      return true
    })
  work()
  vi.restoreAllMocks()
  // The machine that runs the tests may ask for colours.
  return { stdout: stripVTControlCharacters(texts.stdout), stderr: stripVTControlCharacters(texts.stderr) }
}

afterEach(() => vi.restoreAllMocks())

describe('printError', () => {
  it('prints neither the cause, nor the fields, nor the stack of any error', () => {
    const secret = 'SECRET-0499370899'
    for (const json of [false, true])
      for (const code of errorCodes) {
        const error = Object.assign(new AnyError(code, new Error(secret)), { key: secret, record: { nationalCode: secret } })
        const { stdout, stderr } = written(() => printError(createOutput(json), error))
        expect(stdout + stderr).not.toContain(secret)
        expect(stdout + stderr).not.toMatch(/\n\s+at /)
        expect(stdout + stderr).toContain('plain words')
      }
  })

  it('is one document with --json, and nothing on standard error', () => {
    const { stdout, stderr } = written(() => printError(createOutput(true), new InputError('x', 'y'), { verdict: 'error', checks: [] }))
    expect(JSON.parse(stdout)).toEqual({ verdict: 'error', checks: [], error: { code: 'input', message: 'x: y' } })
    expect(stderr).toBe('')
  })

  it('is a line on standard error without it', () => {
    const { stdout, stderr } = written(() => printError(createOutput(false), new DecodeError('EF.COM', 'cut off', { offset: 3 })))
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^kart: EF\.COM at byte 3: cut off\n$/)
  })
})

describe('createOutput', () => {
  it('writes lines or the document, never both', () => {
    const work = (json: boolean) => () => {
      const output = createOutput(json)
      output.line('for people')
      output.document({ for: 'machines' })
      output.aside('for both')
    }
    expect(written(work(false))).toEqual({ stdout: 'for people\n', stderr: 'for both\n' })
    expect(written(work(true))).toEqual({ stdout: '{\n  "for": "machines"\n}\n', stderr: 'for both\n' })
  })
})

describe('a document', () => {
  it('that is begun is ended by the fields that come later, as one', () => {
    const begun = written(() => createOutput(true).begin({ pins: { AuthPIN: '1' } })).stdout
    expect(begun).toContain('AuthPIN')
    const { stdout } = written(() => {
      const output = createOutput(true)
      output.begin({ can: '123456', pins: { AuthPIN: '1' } })
      output.begin({})
      output.document({ card: 'x', steps: [{ name: 'open' }] })
      output.begin({})
      output.document({ next: 1 })
    })
    const [first, second] = stdout.split('}\n{')
    expect(JSON.parse(`${first}}`)).toEqual({ can: '123456', pins: { AuthPIN: '1' }, card: 'x', steps: [{ name: 'open' }] })
    expect(JSON.parse(`{${second}`)).toEqual({ next: 1 })
    expect(written(() => createOutput(false).begin({ can: '1' })).stdout).toBe('')
  })

  it('holds no character as itself that could steer a terminal, and means the same', () => {
    const value = { name: 'A\u001b[2J\u009b31m\u007f\u202eX\u2066\u200f\u061c\u2028', persian: 'نمونه\u200cپور' }
    const { stdout } = written(() => createOutput(true).document(value))
    expect(stdout).not.toMatch(/(?!\n)\p{Cc}|[\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/u)
    expect(stdout).toContain('\\u009b31m\\u007f\\u202eX\\u2066\\u200f\\u061c\\u2028')
    expect(stdout).toContain('نمونه\u200cپور')
    expect(JSON.parse(stdout)).toEqual(value)
  })
})

describe('explainError', () => {
  it('sends to "kart readers" only who named a reader', () => {
    expect(explainError(new PcscError('connect', 'x')).next).toContain('kart readers')
    expect(explainError(new PcscError('open', 'x')).next).toBeUndefined()
  })

  it.each([
    ['ENOENT', 'there is no such file: a.card'],
    ['EACCES', 'no permission for a.card'],
    ['ENOSPC', 'the file cannot be used (ENOSPC): a.card'],
  ])('puts %s into words', (code, message) => {
    expect(explainError(Object.assign(new Error('x'), { code, path: 'a.card' }))).toEqual({ code: 'file', message, next: undefined })
  })

  it('owns up to a defect', () => {
    expect(explainError(new TypeError('x is not a function'))).toMatchObject({ code: 'internal', next: expect.stringContaining('defect') })
  })
})
