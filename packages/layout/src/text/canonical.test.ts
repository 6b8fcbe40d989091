import { InputError, LimitError } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalName, canonicalText, nameMatchKey } from './canonical.ts'
import { characterPolicy, policyOf } from './character-policy.ts'
import { toLatinDigits, toPersianDigits } from './digits.ts'

const arabicSpelling = '\u0639\u0644\u064a \u0643\u0631\u064a\u0645\u064a' // علي كريمي, Arabic yeh and kaf
const persianSpelling = '\u0639\u0644\u06cc \u06a9\u0631\u06cc\u0645\u06cc'

describe('canonical form', () => {
  it('N02 Arabic yeh and kaf become Persian ones; registry and form have one match key; the original is untouched', () => {
    const original = `${arabicSpelling}`
    expect(canonicalName(arabicSpelling)).toBe(persianSpelling)
    expect(nameMatchKey(arabicSpelling)).toBe(nameMatchKey(persianSpelling))
    expect(nameMatchKey('\u0639\u0644\u064a \u06a9\u0631\u06cc\u0645\u064a')).toBe(nameMatchKey(persianSpelling)) // mixed
    expect(arabicSpelling).toBe(original)
  })

  it('N02 different names keep different keys', () => {
    const names = ['علی', 'عالی', 'کریم', 'کریمی', 'گریم', 'رضا', 'رضایی', 'ژاله', 'زاله', 'پری', 'بری', 'چمن', 'جمن']
    expect(new Set(names.map((name) => nameMatchKey(name))).size).toBe(names.length)
  })

  // Columns: what differs, two spellings, canonical form of the second.
  it.each([
    ['only a ZWNJ', 'علی\u200cرضا', 'علیرضا', 'علیرضا'],
    ['ZWNJ against space', 'علی\u200cرضا', 'علی رضا', 'علی رضا'],
    ['alef with madda', 'آرش', 'ارش', 'ارش'],
    ['decomposed alef with madda', '\u0622رش', '\u0627\u0653رش', '\u0622رش'],
    ['hamza on alef', 'رأفت', 'رافت', 'رافت'],
    ['hamza under alef', 'إبراهیم', 'ابراهیم', 'ابراهیم'],
    ['hamza on waw', 'مؤمن', 'مومن', 'مومن'],
    ['hamza on yeh', 'رئیس', 'رییس', 'رییس'],
    ['Farsi yeh and combining hamza', 'رئیس', 'ر\u06cc\u0654یس', 'رئیس'],
    ['hamza alone', 'بهاء', 'بها', 'بها'],
    ['two spaces', 'علی رضا', 'علی  رضا', 'علی رضا'],
    ['no-break space', 'علی رضا', 'علی\u00a0رضا', 'علی رضا'],
    ['tatweel', 'محمد', 'محـــمد', 'محمد'],
    ['vowel signs', 'محمد', 'مُحَمَّد', 'مُحَمَّد'.normalize('NFC')],
    ['heh with yeh above', 'نامهٔ', 'نامه', 'نامه'],
    ['teh marbuta', 'فاطمة', 'فاطمه', 'فاطمه'],
    ['presentation forms', 'محمد', '\ufee3\ufea4\ufee4\ufeaa', 'محمد'],
    ['marks of direction', 'علی', '\u200fعلی\u200e', 'علی'],
    ['zero-width joiner', 'علی', 'عل\u200dی', 'علی'],
  ])('N05 %s makes no difference to the key', (_what, one, other, canonical) => {
    expect(nameMatchKey(one)).toBe(nameMatchKey(other))
    expect(canonicalName(other)).toBe(canonical)
  })

  it('N05 a ZWNJ is kept between letters and nowhere else', () => {
    expect(canonicalName('علی\u200c\u200cرضا')).toBe('علی\u200cرضا')
    expect(canonicalName('\u200cعلی\u200c رضا\u200c')).toBe('علی رضا')
  })

  it.each([
    ['NUL', '\u0000'],
    ['right-to-left override', '\u202e'],
    ['left-to-right isolate', '\u2066'],
    ['zero-width space', '\u200b'],
    ['word joiner', '\u2060'],
    ['byte order mark', '\ufeff'],
    ['lone high surrogate', '\ud800'],
    ['lone low surrogate', '\udc00'],
    ['escape', '\u001b'],
    ['private use', '\ue000'],
    ['Hangul filler', '\u3164'],
    ['variation selector', '\ufe0f'],
    ['tag', '\u{e0041}'],
  ])('X04 %s in a name is refused with its position, and the name is not repeated', (_what, character) => {
    const error = refusal(() => canonicalName(`علی${character}رضا`))
    expect(error.message).toContain('character 4 is not allowed')
    expect(error.message).not.toContain('علی')
    expect(() => nameMatchKey(`علی${character}رضا`)).toThrow(InputError)
  })

  it('X04 stacked marks, symbols, digits and empty names are refused; long text is a LimitError', () => {
    expect(refusal(() => canonicalName('ا\u0651\u064b\u064c\u064d\u064e')).message).toContain('marks')
    expect(refusal(() => canonicalName('علی😀')).message).toContain('no part of a name')
    expect(refusal(() => canonicalName('علی ۲')).message).toContain('digit')
    expect(refusal(() => canonicalName(' \u200c ')).message).toContain('no letter')
    expect(() => canonicalText('ا'.repeat(5000))).toThrow(LimitError)
  })

  it('digits of other text become Persian', () => {
    expect(canonicalText('تهران، خیابان 12، پلاک ٣٤')).toBe('تهران، خیابان ۱۲، پلاک ۳۴')
    expect(toLatinDigits('۱۲۳٤٥6')).toBe('123456')
    expect(toPersianDigits('12٣۴')).toBe('۱۲۳۴')
  })

  it('is idempotent, and any string gives a form or an InputError', () => {
    const alphabet = fc.constantFrom(
      ...'اآأإبيىیكکهةۀئؤءـ \u200c\u200d\u0651\u0654\u0653\u064eٱ\ufedf\ufef5A\u0301e-'.split(''),
      '\u202e',
      '\ud800',
    )
    const text = fc.oneof(
      fc.array(alphabet, { maxLength: 12 }).map((parts) => parts.join('')),
      fc.string({ unit: 'binary', maxLength: 12 }),
    )
    fc.assert(
      fc.property(text, (value) => {
        let form: string
        try {
          form = canonicalText(value)
        } catch (error) {
          expect(error).toBeInstanceOf(InputError)
          return
        }
        expect(canonicalText(form)).toBe(form)
        expect(nameMatchKey(form)).toBe(nameMatchKey(value))
      }),
      { numRuns: 3000 },
    )
  })
})

describe('the policy table', () => {
  it('is sorted and disjoint, and each row is found at both ends', () => {
    let previous = -1
    for (const row of characterPolicy) {
      expect(row.first).toBeGreaterThan(previous)
      expect(row.last).toBeGreaterThanOrEqual(row.first)
      expect(policyOf(row.first)).toBe(row)
      expect(policyOf(row.last)).toBe(row)
      previous = row.last
    }
    expect(policyOf(0x200c)).toBeUndefined()
    expect(policyOf(0x41)).toBeUndefined()
  })

  it('covers every format and control character of Unicode but ZWNJ and the Arabic signs that are seen', () => {
    const seen = new Set([0x0600, 0x0601, 0x0602, 0x0603, 0x0604, 0x0605, 0x06dd, 0x070f, 0x0890, 0x0891, 0x08e2, 0x110bd, 0x110cd])
    const missing: string[] = []
    for (let code = 0; code <= 0x10ffff; code++) {
      if (code === 0x200c || seen.has(code) || (code >= 0x13430 && code <= 0x1343f)) continue
      if (/[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/u.test(String.fromCodePoint(code)) && policyOf(code) === undefined) missing.push(code.toString(16))
    }
    expect(missing).toEqual([])
  })
})

function refusal(act: () => unknown): InputError {
  try {
    act()
  } catch (error) {
    if (error instanceof InputError) return error
    throw error
  }
  throw new Error('nothing was refused')
}
