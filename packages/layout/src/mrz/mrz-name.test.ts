import { readFileSync } from 'node:fs'
import { InputError } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holderMrzName, mrzName, truncateName } from './mrz-name.ts'
import { arabicFromMrz, transliterateArabic, transliterateLatin } from './transliterate.ts'
import { arabicTable } from './transliteration.ts'

interface Row {
  readonly id: number
  readonly comment: string
  readonly input: { readonly char?: string; readonly text?: string; readonly position?: string; readonly components?: string[] }
  readonly expected: { readonly mrz: string }
}
const file = JSON.parse(readFileSync(new URL('../../../../test-vectors/national/icao-arabic.json', import.meta.url), 'utf8'))
const group = (name: string): Row[] => file.groups.find((each: { name: string }) => each.name === name).tests

describe('transliteration of Arabic script', () => {
  it.each(group('letters'))('N03 letter $id $comment -> $expected.mrz', ({ input, expected }) => {
    if (input.text !== undefined) expect(transliterateArabic(input.text)).toBe(expected.mrz)
    else if (input.position === 'inner') expect(transliterateArabic(`${input.char}ب`)).toBe(`${expected.mrz}B`)
    else expect(transliterateArabic(input.char!)).toBe(expected.mrz)
  })

  it.each(group('names'))('N03 name $id -> $expected.mrz', ({ input, expected }) => {
    expect(transliterateArabic(input.components!.join(' '))).toBe(expected.mrz)
    expect(input.components!.map((component) => transliterateArabic(component)).join('<')).toBe(expected.mrz)
  })

  it('N03 shadda repeats a sequence without its X, wherever the vowel sign stands (Doc 9303-3, 6.C note 3)', () => {
    expect(transliterateArabic('فضّة')).toBe('FXDZDZXAH')
    expect(transliterateArabic('عبَّاس')).toBe('EBBAS')
    expect(transliterateArabic('عب\u0651\u064eاس')).toBe('EBBAS')
  })

  it('N03 the codes are free of prefixes, so that the reverse is certain', () => {
    const codes = [...new Set(arabicTable.map((row) => row.mrz).filter((mrz) => mrz !== '')), 'XAH']
    for (const one of codes) for (const other of codes) if (one !== other) expect(other.startsWith(one), `${one} ${other}`).toBe(false)
  })

  it('N03 round trip of every letter that the standard keeps apart', () => {
    const letters = arabicTable
      .filter((row) => row.mrz !== '' && row.letter !== '\u06d0' && row.letter !== '\u0629')
      .map((row) => row.letter)
    const word = fc.array(fc.constantFrom(...letters), { minLength: 1, maxLength: 12 }).map((list) => list.join(''))
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 3 }), (words) => {
        expect(arabicFromMrz(transliterateArabic(words.join(' ')))).toBe(words.join(' '))
      }),
    )
    expect(arabicFromMrz('FAXTTMXAH')).toBe('فاطمة')
    for (const text of ['XQ', 'AX', 'O1', 'abc']) expect(() => arabicFromMrz(text)).toThrow(InputError)
  })

  it('N03 letters of another script are refused', () => expect(() => transliterateArabic('علی Smith')).toThrow(InputError))
})

describe('Latin names', () => {
  // Doc 9303-3, 8th ed., 4.6 and 6.A; Doc 9303-4, 8th ed., 4.2.3.
  it.each([
    ["D'Artagnan", 'DARTAGNAN'],
    ['D’Artagnan', 'DARTAGNAN'],
    ['Marie-Elise', 'MARIE<ELISE'],
    ['Anna, Maria', 'ANNA<MARIA'],
    ['Térèsa', 'TERESA'],
    ['Te\u0301re\u0300sa', 'TERESA'],
    ['Müller', 'MUELLER'],
    ['Strauß', 'STRAUSS'],
    ['Ångström', 'AANGSTROEM'],
    ['Þór Ægir', 'THOR<AEGIR'],
    ['ĳ Œuvre', 'IJ<OEUVRE'],
    ['Łukasz Żółć', 'LUKASZ<ZOLC'],
    ['Ðan Đorđe', 'DAN<DORDE'],
    ['St. John', 'ST<JOHN'],
    ['Nguyễn', 'NGUYEN'],
    ['ışık', 'ISIK'],
  ])('N03 %s -> %s', (text, mrz) => expect(transliterateLatin(text)).toBe(mrz))

  it.each(['Louis 14', 'Горбачёв', '山田', 'علی'])('N03 %s is refused', (text) =>
    expect(() => transliterateLatin(text)).toThrow(InputError),
  )
})

describe('name field', () => {
  // Examples of Doc 9303-5, -6, -4, 8th ed., 4.2.3 (those made by the rule that we follow), and names that need no cut.
  const benne = ['Bennelong Wooloomooloo Warrandyte Warnambool', 'Dingo Potoroo'] as const
  it.each([
    [30, 'Nilavadhanananda', 'Chayapa Dejthamrong Krasuang', 'NILAVADHANANANDA<<CHAYAPA<DE<K', true],
    [31, 'Nilavadhanananda', 'Chayapa Dejthamrong Krasuang', 'NILAVADHANANANDA<<CHAYAPA<DEJ<K', true],
    [39, 'Nilavadhanananda', 'Chayapa Dejthamrong Krasuang', 'NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K', true],
    [39, 'Nilavadhanananda', 'Arnpol Petch Charonguang', 'NILAVADHANANANDA<<ARNPOL<PETCH<CHARONGU', true],
    [30, ...benne, 'BENNELONG<WOOLOOMOOLOO<W<W<<DI', true],
    [31, ...benne, 'BENNELONG<WOOLOOMOOLOO<W<W<<D<P', true],
    [39, ...benne, 'BENNELONG<WOOLOOMOOLOO<WARRANDYTE<W<<DI', true],
    [30, 'Vilarchao Fernandez', 'Jose Ramon', 'VILARCHAO<FERNANDEZ<<JOSE<RAMO', true],
    [30, 'Papandropoulous', 'Jonathon Alec', 'PAPANDROPOULOUS<<JONATHON<ALEC', false],
    [31, 'Papandropoulous', 'Jonathoon Alec', 'PAPANDROPOULOUS<<JONATHOON<ALEC', false],
    [39, 'Papandropoulous', 'Jonathon Warren Trevor', 'PAPANDROPOULOUS<<JONATHON<WARREN<TREVOR', false],
    [30, 'Van Der Muellen', 'Martin', 'VAN<DER<MUELLEN<<MARTIN', false],
    [30, 'Al-Basri', 'Huda Muhammad Jawad', 'AL<BASRI<<HUDA<MUHAMMAD<JAWAD', false],
    [30, 'Arkfreith', '', 'ARKFREITH', false],
    [30, '', 'Satriya Sudarpa', 'SATRIYA<SUDARPA', false],
    [30, "O'Connor", 'Enya Siobhan', 'OCONNOR<<ENYA<SIOBHAN', false],
  ] as const)('N03 %i characters: %s, %s', (length, familyName, givenNames, text, truncated) => {
    expect(mrzName({ familyName, givenNames }, length)).toEqual({ text, truncated })
  })

  // Persian names transliterated for TD1 by the rule; worked by hand from the tables of 6.C.
  it.each([
    ['رضایی', 'علی', 'RXDZAXYAXYA<<ELXYA', false],
    ['کریمی', 'فاطمه', 'XKKRXYAMXYA<<FAXTTMH', false],
    // MXHMDXYA (8) << EBDALRXHXYAM (20)
    ['محمدی', 'عبدالرحیم', 'MXHMDXYA<<EBDALRXHXYAM', false],
    // HAXSHMXYA (9) RFSNJANXYA (10) << MXHMD (5) JWAD (4): 32 characters, the last component gives two
    ['هاشمی رفسنجانی', 'محمد جواد', 'HAXSHMXYA<RFSNJANXYA<<MXHMD<JW', true],
    // TWXKKLXYA (9) XYAZDXYA (8) ... one given name is cut
    ['طباطبایی نژاد', 'سید غلامحسین', 'XTTBAXTTBAXYAXYA<NXJAD<<SXYA<G', true],
    // family name alone longer than 27: its last component becomes an initial, and gets letters back until the field is full
    ['میرشمس‌الدین شیرازی پور', 'آرش', 'MXYARXSHMSALDXYAN<X<P<<XAARXSH', true],
  ])('N03 %s, %s -> %s', (familyName, givenNames, text, truncated) => {
    expect(mrzName({ familyName, givenNames }, 30)).toEqual({ text, truncated })
  })

  it('N03 Arabic yeh and kaf go through the canonical form: the MRZ of registry and form is one', () => {
    expect(mrzName({ familyName: 'كريمي', givenNames: 'علي' }, 30)).toEqual(mrzName({ familyName: 'کریمی', givenNames: 'علی' }, 30))
  })

  it('N03 the registry’s Latin spelling comes first, transliteration is the fallback', () => {
    const persian = { familyName: 'نمونه', givenNames: 'آرزو' }
    expect(holderMrzName({ persian, latin: { familyName: 'Nemouneh', givenNames: 'Arezou' } }, 30)).toEqual({
      text: 'NEMOUNEH<<AREZOU',
      truncated: false,
      source: 'latin',
    })
    expect(holderMrzName({ persian }, 30)).toEqual({ text: 'NMWNH<<XAARZW', truncated: false, source: 'transliterated' })
  })

  it.each([
    // Old South Arabian and Cyrillic stand in neither table of Doc 9303-3 that the name’s own script leads to.
    [{ persian: { familyName: 'نمونه', givenNames: 'رضا𐩱' } }, 'persian.givenNames', 'give holder.latin'],
    [{ persian: { familyName: 'נמונה', givenNames: 'رضا' } }, 'persian.familyName', 'give holder.latin'],
    [{ persian: { familyName: 'x', givenNames: 'y' }, latin: { familyName: 'Nemouneh', givenNames: '阿' } }, 'latin.givenNames', 'no'],
  ])('N03 names the field that cannot be transliterated, and not what it holds: case %#', (holder, field, words) => {
    const refused = () => holderMrzName(holder, 30)
    expect(refused).toThrow(InputError)
    expect(refused).toThrow(expect.objectContaining({ field, message: expect.stringContaining(words) }))
    expect(refused).toThrow(expect.objectContaining({ message: expect.not.stringMatching(/[^\x20-\x7e“”’]/u) }))
  })

  it.each([
    ['', ''],
    ['۱۲', 'علی'],
    ['Smith2', 'John'],
    ['\u064b', 'علی'],
    ['علی\u202e', 'رضا'],
  ])('N03 refuses %j, %j', (familyName, givenNames) => expect(() => mrzName({ familyName, givenNames }, 30)).toThrow(InputError))

  it('N03 whatever is cut fits, ends in a letter at the last position, keeps << and the order of components', () => {
    const word = fc.string({ unit: fc.constantFrom('A', 'B', 'X', 'Z'), minLength: 1, maxLength: 40 })
    const words = fc.array(word, { minLength: 1, maxLength: 18 })
    fc.assert(
      fc.property(words, fc.oneof(words, fc.constant([])), fc.constantFrom(30, 31, 39), (primary, secondary, length) => {
        const { text, truncated } = truncateName(primary, secondary, length)
        const whole = primary.join('<') + (secondary.length > 0 ? `<<${secondary.join('<')}` : '')
        expect(truncated).toBe(whole.length > length)
        if (!truncated) {
          expect(text).toBe(whole)
          return
        }
        expect(text).toMatch(/^[A-Z]+(<[A-Z]+)*(<<[A-Z]+(<[A-Z]+)*)?$/)
        // Initials with fillers between them come out odd in number: without one longer component an even field cannot end in a letter.
        const initials = text.split(/<+/).every((each) => each.length === 1)
        expect(text.length).toBeGreaterThanOrEqual(initials ? length - 1 : length)
        expect(text.length).toBeLessThanOrEqual(length)
        const [first, second] = text.split('<<')
        for (const [part, from] of [
          [first, primary],
          [second, secondary],
        ] as const) {
          if (part === undefined) expect(from).toEqual([])
          else for (const [i, piece] of part.split('<').entries()) expect(from[i]!.startsWith(piece)).toBe(true)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
