import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError, LimitError } from './errors.ts'
import { parseStrictJson } from './strict-json.ts'

describe('parseStrictJson', () => {
  it('reads whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value, null, 2)
        const foreign = /"(__proto__|constructor|prototype)":/.test(text) || /\\ud[89a-f]/i.test(text)
        fc.pre(!foreign && !/\de\+(1[6-9]|[2-9]\d|\d{3})/.test(text) && !/\d{16,}(?![\d]*e-)/.test(text))
        expect(JSON.parse(JSON.stringify(parseStrictJson(text)))).toEqual(JSON.parse(text))
      }),
    )
  })

  it.each([
    ['X03 a key twice', '{"a":1,"a":2}'],
    ['X03 a key twice, once escaped', '{"a":1,"\\u0061":2}'],
    ['X03 __proto__', '{"__proto__":{"admin":true}}'],
    ['X03 __proto__ escaped', '{"\\u005f_proto__":1}'],
    ['X03 constructor', '{"a":{"constructor":1}}'],
    ['X03 NaN', '{"a":NaN}'],
    ['X03 Infinity', '[1e999]'],
    ['X03 an integer beyond 2^53', '[9007199254740993]'],
    ['X04 a lone surrogate', '["\\ud800"]'],
    ['a raw control character', '["\u0001"]'],
    ['a bad escape', '["\\x"]'],
    ['an open text', '["a'],
    ['an open object', '{"a":1'],
    ['an open array', '[1,'],
    ['a comma too many', '[1,]'],
    ['a leading zero', '[01]'],
    ['something behind', '{} {}'],
    ['nothing', ''],
    ['a byte order mark', '\ufeff{}'],
  ])('refuses %s', (_name, text) => {
    expect(() => parseStrictJson(text)).toThrow(InputError)
  })

  it('says where, and never repeats the text', () => {
    expect(() => parseStrictJson('{\n  "nationalCode": "0499370899",\n  "nationalCode": "x"\n}')).toThrow(
      'JSON: line 3, column 17: a key that stands there twice',
    )
  })

  it('reads a text of megabytes', () => {
    const long = 'ab\\n'.repeat(1_000_000)
    expect(parseStrictJson(`["${long}"]`)).toEqual(['ab\n'.repeat(1_000_000)])
  })

  it('leaves prototypes alone and bounds its work', () => {
    expect(Object.getPrototypeOf(parseStrictJson('{"a":1}'))).toBeNull()
    expect(() => parseStrictJson('['.repeat(100_000))).toThrow(LimitError)
    expect(() => parseStrictJson(`[${'1,'.repeat(100_001)}1]`)).toThrow(LimitError)
    expect(() => parseStrictJson(' '.repeat(16 * 1024 * 1024 + 1))).toThrow(LimitError)
  })
})
