import { CardError, InputError } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nistFinger, nistTwoFingers, sampleFile, sampleJson, smallJpeg, vectorFile } from '../testing/sample-record.ts'
import { parseEnrollmentRecord } from './parse-enrollment-record.ts'

const now = new Date('2026-03-25T12:00:00Z')
const parse = (json: unknown, at = now) => parseEnrollmentRecord(JSON.stringify(json), sampleFile, { now: at })

/** The sample with one field replaced (`undefined` removes it); path as InputError gives it. */
function changed(path: string, value: unknown): unknown {
  const json = sampleJson()
  const parts = path.replaceAll('[', '.').replaceAll(']', '').split('.')
  const last = parts.pop()!
  // biome-ignore lint/suspicious/noExplicitAny: walks a JSON value
  let holder: any = json
  for (const part of parts) holder = holder[part]
  if (value === undefined) delete holder[last]
  else holder[last] = value
  return json
}

function problemOf(json: unknown, at = now): CardError {
  try {
    parse(json, at)
  } catch (error) {
    if (error instanceof CardError) return error
    throw error
  }
  throw new Error('accepted')
}

describe('parseEnrollmentRecord', () => {
  it('takes in the sample, digits folded, files loaded', () => {
    const record = parse(sampleJson())
    expect(record.holder.nationalCode).toBe('0499370899')
    expect(record.holder.postalCode).toBe('1234567890')
    expect(record.holder.persian.familyName).toBe('نمونه‌پور')
    expect(record.portrait).toEqual(smallJpeg)
    expect(record.signature).toEqual(smallJpeg)
    expect(record.fingers).toEqual([{ position: 7, template: nistFinger }])
  })

  it('takes in a record without Latin names, without fingers, with two-letter countries', () => {
    const json = sampleJson()
    delete json.holder.latin
    json.fingers = []
    json.holder.nationality = 'IR'
    const record = parse(json)
    expect(record.holder.latin).toBeUndefined()
    expect(record.holder.nationality).toBe('IRN')
  })

  it('takes a parsed value as well as text', () => {
    expect(parseEnrollmentRecord(sampleJson(), sampleFile, { now })).toEqual(parse(sampleJson()))
  })

  it.each([
    ['schema', 'kart-enrollment-2', 'not one of “kart-enrollment-1”'],
    ['schema', undefined, 'is not one of'],
    ['trackingCode', 'A B', '1..40'],
    ['document.number', 'k12', 'one to nine'],
    ['document.number', 'K0001234567', 'one to nine'],
    ['document.number', undefined, 'is missing'],
    ['document.issuingState', 'IRX', 'country code'],
    ['document.dateOfIssue', '2026-02-30', 'not one of that month'],
    ['document.dateOfIssue', '1989-01-01', 'before the holder’s birth'],
    ['document.dateOfExpiry', '2026-03-21', 'not after'],
    ['document.issuingOffice', 'x', 'not an object'],
    ['holder.nationalCode', '0499370898', 'check digit'],
    ['holder.nationalCode', '499370899', 'leading zeros'],
    ['holder.nationalCode', 499370899, 'not a text'],
    ['holder.sex', 'W', 'not one of'],
    ['holder.dateOfBirth', '1369-02-24', 'Jalali'],
    ['holder.dateOfBirth', '14.05.1990', 'YYYY-MM-DD'],
    ['holder.persian.familyName', '', 'is empty'],
    ['holder.persian.familyName', 'نمونه ۱', 'digit'],
    ['holder.persian.address', '   ', 'no visible character'],
    ['holder.persian.address', 'ن'.repeat(401), 'longer than the 400'],
    ['holder.latin.familyName', '***', 'no letter'],
    ['holder.telephone', 'call me', 'telephone number'],
    ['holder.postalCode', '123', 'ten digits'],
    ['portrait', { file: 'portrait.jpg', base64: 'AAAA' }, 'exactly one'],
    ['portrait', { file: '../secret.jpg' }, 'plain file name'],
    ['portrait', { file: '/etc/passwd' }, 'plain file name'],
    ['portrait', { file: 'other.jpg' }, 'cannot be read'],
    ['portrait', { base64: 'not base64!' }, 'not base64'],
    ['portrait', { base64: Buffer.from('GIF89a..').toString('base64') }, 'neither JPEG nor JPEG 2000'],
    ['portrait', { base64: Buffer.from(smallJpeg.slice(0, -1)).toString('base64') }, 'cut off'],
    ['signature', { base64: Buffer.concat([smallJpeg, Buffer.from('x')]).toString('base64') }, 'cut off'],
    ['fingers[0].position', 0, 'not a finger'],
    ['fingers[0].position', 2, 'another finger'],
    ['fingers[0]', { position: 7, base64: Buffer.from('FMR\0 20\0').toString('base64') }, 'record length'],
    [
      'fingers[0]',
      { position: 7, base64: Buffer.from(vectorFile('nist/fmr.ansi2004')).toString('base64') },
      'not an ISO/IEC 19794-2:2005 record',
    ],
    ['fingers[0]', { position: 7, base64: Buffer.from(nistTwoFingers).toString('base64') }, 'another finger'],
    ['fingers', Array.from({ length: 10 }, () => ({ position: 7, file: 'left-index.fmr' })), 'longer than the 9'],
    [
      'fingers',
      [
        { position: 7, file: 'left-index.fmr' },
        { position: 7, file: 'left-index.fmr' },
      ],
      'stands there twice',
    ],
    ['holder.nickname', 'x', '“nickname” is not a field'],
  ])('refuses %s: case %#', (path, value, words) => {
    const error = problemOf(changed(path, value))
    expect(error).toBeInstanceOf(InputError)
    expect(error.message).toContain(words)
    const { field } = error as InputError
    // A missing or unknown field is reported at the field itself or the object around it.
    expect(path.startsWith(field) || field.startsWith(path), `${field} for ${path}`).toBe(true)
  })

  describe('holds the dates against the day of intake', () => {
    const dated = (birth: string, issue: string, expiry: string) => {
      const json = sampleJson()
      json.holder.dateOfBirth = birth
      Object.assign(json.document, { dateOfIssue: issue, dateOfExpiry: expiry })
      return json
    }

    it.each([
      ['a document that expired yesterday', '1990-05-14', '2016-03-24', '2026-03-24', 'document.dateOfExpiry', 'has passed'],
      ['a document that expired long ago', '1990-05-14', '1995-01-01', '2005-01-01', 'document.dateOfExpiry', 'has passed'],
      ['a document dated ahead by two days', '1990-05-14', '2026-03-27', '2033-03-26', 'document.dateOfIssue', 'more than a day ahead'],
      ['a document dated ahead by years', '1990-05-14', '2030-01-01', '2037-01-01', 'document.dateOfIssue', 'more than a day ahead'],
      ['a validity of 50 years', '1990-05-14', '2026-03-25', '2076-03-25', 'document.dateOfExpiry', 'another century'],
      ['a validity of 100 years', '1990-05-14', '2026-03-25', '2126-03-24', 'document.dateOfExpiry', 'another century'],
      ['a validity of 57 years, 49 of them to come', '1960-05-14', '2018-03-25', '2075-03-24', 'document.dateOfExpiry', 'another century'],
      ['a year of the next century', '1990-05-14', '2026-03-25', '2133-03-24', 'document.dateOfExpiry', 'another century'],
      ['a birth of 1825', '1825-05-14', '2026-03-25', '2033-03-24', 'holder.dateOfBirth', 'more than 125 years ago'],
      ['a birth of 1900', '1900-05-14', '2026-03-25', '2033-03-24', 'holder.dateOfBirth', 'more than 125 years ago'],
    ])('refuses %s', (_name, birth, issue, expiry, field, words) => {
      const error = problemOf(dated(birth, issue, expiry))
      expect(error).toBeInstanceOf(InputError)
      expect([(error as InputError).field, error.message]).toEqual([field, expect.stringContaining(words)])
    })

    it.each([
      ['a document that expires today', '1990-05-14', '2016-03-24', '2026-03-25'],
      ['a document dated tomorrow: the office lies east of UTC', '1990-05-14', '2026-03-26', '2033-03-25'],
      ['a validity of 49 years', '1990-05-14', '2026-03-25', '2075-12-31'],
      ['a child born today', '2026-03-25', '2026-03-25', '2033-03-24'],
      ['a holder of 103 years, whose full date of birth stands in DG11', '1922-05-14', '2026-03-25', '2033-03-24'],
    ])('takes %s', (_name, birth, issue, expiry) => {
      expect(parse(dated(birth, issue, expiry)).document.dateOfExpiry).toBe(expiry)
    })

    it('by the moment it is given, the present one unless told', () => {
      expect(problemOf(sampleJson(), new Date('2036-03-21T00:00:00Z')).message).toContain('has passed')
      expect(problemOf(sampleJson(), new Date('2026-03-19T23:59:59Z')).message).toContain('more than a day ahead')
      expect(problemOf(sampleJson(), new Date(Number.NaN))).toBeInstanceOf(InputError)
      expect(() => parseEnrollmentRecord(dated('1990-05-14', '1995-01-01', '2005-01-01'), sampleFile)).toThrow('has passed')
    })
  })

  it.each(['\u0000', '\u202e', '\u2066', '\u200b', '\u0085'])('X04 refuses a name or an address with %j', (bad) => {
    for (const path of ['holder.persian.familyName', 'holder.persian.address', 'holder.latin.givenNames', 'document.issuingOffice.name'])
      expect(problemOf(changed(path, `نمونه${bad}پور`)).message, path).toMatch(/not allowed|leaves nothing|no part of a name/)
  })

  it('names the Persian name that has no transliteration, and the way out', () => {
    const json = sampleJson()
    delete json.holder.latin
    json.holder.persian.givenNames = 'آزمון'
    const error = problemOf(json)
    expect([(error as InputError).field, error.message]).toEqual([
      'holder.persian.givenNames',
      expect.stringContaining('give holder.latin'),
    ])
    json.holder.latin = { familyName: 'Nemunehpur', givenNames: 'Azmun' }
    expect(parse(json).holder.latin?.givenNames).toBe('Azmun')
  })

  it('X03 refuses a key twice and __proto__ in the text of the record', () => {
    const text = JSON.stringify(sampleJson())
    expect(() => parseEnrollmentRecord(text.replace('"sex":"F"', '"sex":"F","sex":"M"'), sampleFile)).toThrow('twice')
    expect(() => parseEnrollmentRecord(text.replace('"sex":"F"', '"sex":"F","__proto__":{"x":1}'), sampleFile)).toThrow('no record has')
  })

  it('X03 refuses __proto__ in a value that somebody else has parsed', () => {
    for (const at of ['"sex":"F"', '"schema":"kart-enrollment-1"', '"position":7']) {
      const text = JSON.stringify(sampleJson()).replace(at, `${at},"__proto__":{"admin":true}`)
      expect(() => parseEnrollmentRecord(JSON.parse(text), sampleFile), at).toThrow(InputError)
    }
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  it('V14 refuses an image that would be a bomb', () => {
    const bomb = Buffer.from('ffd8ffc0000b08753075300100000000ffd9', 'hex').toString('base64')
    expect(() => parse(changed('portrait', { base64: bomb }))).toThrow(CardError)
  })

  it('never repeats personal data in a message', () => {
    const secrets = ['0499370898', 'SECRETNAME', 'نمونه‌نام']
    for (const path of [
      'holder.nationalCode',
      'holder.sex',
      'holder.nationality',
      'holder.telephone',
      'holder.postalCode',
      'holder.dateOfBirth',
      'document.number',
      'trackingCode',
    ])
      for (const secret of secrets) {
        const message = problemOf(changed(path, `${secret} \u202e`)).message
        for (const part of secrets) expect(message).not.toContain(part)
      }
    const typo = problemOf(changed('holder.0499370899 x', 'y')).message
    expect(typo).not.toContain('0499370899')
  })

  it('throws nothing but CardErrors whatever the JSON is', () => {
    const parts = fc.constantFrom(
      'schema',
      'document',
      'holder',
      'holder.persian',
      'portrait',
      'fingers',
      'fingers[0]',
      'holder.sex',
      'document.issuingOffice',
      'holder.birthCertificate',
    )
    fc.assert(
      fc.property(parts, fc.jsonValue({ maxDepth: 3 }), (path, value) => {
        try {
          parse(changed(path, value))
        } catch (error) {
          expect(error).toBeInstanceOf(CardError)
        }
      }),
      { numRuns: 300 },
    )
  })
})
