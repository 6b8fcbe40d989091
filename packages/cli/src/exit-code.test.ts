import { CardError, DecodeError, type ErrorCode, errorCodes, InputError, LimitError } from '@kart/codec'
import { PcscError } from '@kart/pcsc'
import { describe, expect, it } from 'vitest'
import { exitCodeOf, isFileError } from './exit-code.ts'

class AnyError extends CardError {
  readonly code: ErrorCode

  constructor(code: ErrorCode) {
    super('x')
    this.code = code
  }
}

describe('exitCodeOf', () => {
  it('gives every error code 2 or 3, and never the 1 of a rejected card', () => {
    const codes = Object.fromEntries(errorCodes.map((code) => [code, exitCodeOf(new AnyError(code))]))
    expect(codes).toEqual({
      decode: 3,
      input: 2,
      limit: 3,
      pki: 2,
      'key-store': 2,
      hsm: 3,
      crypto: 3,
      'card-memory': 2,
      'status-word': 3,
      transport: 3,
      reader: 3,
      'secure-messaging': 3,
      authentication: 3,
      pin: 2,
      personalization: 3,
    })
  })

  it('sorts the errors that packages throw', () => {
    expect(exitCodeOf(new InputError('x', 'y'))).toBe(2)
    expect(exitCodeOf(new DecodeError('x', 'y'))).toBe(3)
    expect(exitCodeOf(new LimitError('x', 1))).toBe(3)
    expect(exitCodeOf(new PcscError('open', 'x'))).toBe(3)
    expect(exitCodeOf(new PcscError('transmit', 'x'))).toBe(3)
  })

  it('takes a file that cannot be read for bad input, and a defect for neither accepted nor rejected', () => {
    for (const code of ['ENOENT', 'EACCES', 'EISDIR', 'ENOSPC', 'ENAMETOOLONG', 'ELOOP'])
      expect(exitCodeOf(Object.assign(new Error('x'), { code })), code).toBe(2)
    expect(exitCodeOf(new TypeError('x'))).toBe(3)
    expect(exitCodeOf('thrown text')).toBe(3)
    expect(exitCodeOf(undefined)).toBe(3)
    expect(isFileError({ code: 'ENOENT' })).toBe(false)
  })
})
