import { readFileSync } from 'node:fs'
import { InputError } from '@kart/codec'
import { describe, expect, it } from 'vitest'
import { isNationalCode, nationalCodeCheckDigit, parseNationalCode, strictNationalCode } from './national-code.ts'

interface Row {
  readonly id: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly input: { readonly code: string; readonly original?: string }
  readonly expected: {
    readonly valid: boolean
    readonly normalized?: string
    readonly remainder?: number
    readonly checkDigit?: number
    readonly trapFormulaSays?: boolean
  }
}

const url = new URL('../../../../test-vectors/national/national-code.json', import.meta.url)
const rows: Row[] = JSON.parse(readFileSync(url, 'utf8')).groups.flatMap((group: { tests: Row[] }) => group.tests)

describe('national code', () => {
  it.each(rows)('N01 vector $id: $comment', ({ input, expected }) => {
    expect(isNationalCode(input.code)).toBe(expected.valid)
    if (!expected.valid) expect(() => parseNationalCode(input.code)).toThrow(InputError)
    if (expected.normalized !== undefined) expect(parseNationalCode(input.code)).toBe(expected.normalized)
    if (expected.checkDigit !== undefined) expect(nationalCodeCheckDigit(expected.normalized!.slice(0, 9))).toBe(expected.checkDigit)
  })

  it('N01 the vectors hold the trap, and the trap formula differs from ours exactly there', () => {
    const trap = rows.filter((row) => row.flags.includes('trap'))
    expect(trap.length).toBeGreaterThan(2)
    for (const row of rows.filter((each) => each.expected.trapFormulaSays !== undefined)) {
      const sum = [...row.expected.normalized!].reduce((total, digit, i) => total + Number(digit) * (10 - i), 0)
      expect(sum % 11 === 0, `vector ${row.id}`).toBe(row.expected.remainder !== 1)
      expect(row.expected.trapFormulaSays).toBe(row.expected.remainder !== 1)
    }
  })

  it('N01 the strict policy refuses what intake forgives', () => {
    for (const code of ['000079197', '00079197', '999-007919-6']) {
      expect(isNationalCode(code)).toBe(true)
      expect(isNationalCode(code, strictNationalCode)).toBe(false)
    }
    expect(isNationalCode('0000079197', strictNationalCode)).toBe(true)
  })

  it.each([
    ['99900000a8', 'character 9 is not a digit'],
    ['-9990079196', 'character 1 is not a digit'],
    ['1234567', 'has 7 digits'],
    ['3333333333', 'all digits are equal'],
    ['0010000000', 'six middle digits'],
    ['9990079197', 'check digit'],
  ])('N01 each refusal says why and does not repeat the code: %s', (code, why) => {
    expect(() => parseNationalCode(code, undefined, 'holder.nationalCode')).toThrow(`holder.nationalCode: `)
    expect(() => parseNationalCode(code)).toThrow(why)
    expect(() => parseNationalCode(code)).not.toThrow(code)
  })
})
