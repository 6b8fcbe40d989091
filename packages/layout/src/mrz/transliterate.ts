import { InputError } from '@kart/codec'
import { arabicTable, latinTable } from './transliteration.ts'

const shadda = '\u0651'
const tehMarbuta = '\u0629'
const finalTehMarbuta = 'XAH'
const zwnj = '\u200c'

const arabicToMrz: ReadonlyMap<string, string> = new Map(arabicTable.map((row) => [row.letter, row.mrz]))

/**
 * One or more words in Arabic script to MRZ letters, words parted by `<` (Doc 9303-3, 8th ed., 6.C). Arabic and Persian yeh and kaf give different letters: bring
 * names to canonical form first. A ZWNJ or other punctuation inside a word is passed over (6.C lists none; 4.6). Throws InputError on a letter of another script.
 */
export function transliterateArabic(text: string): string {
  return wordsOf(text)
    .map(transliterateWord)
    .filter((word) => word !== '')
    .join('<')
}

/** Spaces, hyphens and commas part the components of a name (Doc 9303-3, 8th ed., 4.6). */
function wordsOf(text: string): string[] {
  return text.normalize('NFC').split(/[\s,،\-‐‑]+/u)
}

const shaddaFirst = /([\u064b-\u0650\u0652\u0670]+)\u0651/g

function transliterateWord(word: string): string {
  // NFC puts the vowel sign before the shadda; the shadda doubles the letter, so bring it next to the letter.
  const letters = [...word.replace(shaddaFirst, `${shadda}$1`)]
  let out = ''
  let previous = ''
  for (const [i, letter] of letters.entries()) {
    if (letter === zwnj || /\p{P}/u.test(letter)) continue
    if (letter === shadda) {
      // "The Latin character or sequence is repeated": B becomes BB, XDZ becomes XDZDZ, its leading X standing once.
      out += previous.length > 1 ? previous.slice(1) : previous
      continue
    }
    const isFinal = letter === tehMarbuta && !letters.slice(i + 1).some((next) => /\p{L}/u.test(next))
    const mrz = isFinal ? finalTehMarbuta : arabicToMrz.get(letter)
    if (mrz === undefined) throw new InputError('name', `character ${i + 1} of a word has no transliteration into the MRZ`)
    out += mrz
    if (mrz !== '') previous = mrz
  }
  return out
}

// Y stands for two letters (yeh, Pashto yeh): the reverse gives the first.
const mrzToArabic: ReadonlyMap<string, string> = new Map(
  [...arabicTable, { letter: tehMarbuta, mrz: finalTehMarbuta, name: 'teh marbuta' }]
    .reverse()
    .flatMap((row) => (row.mrz === '' ? [] : [[row.mrz, row.letter]])),
)

/**
 * Arabic script behind MRZ letters that {@link transliterateArabic} made. Codes are free of prefixes, so the split is certain; what the standard drops (vowel signs,
 * tatweel) or merges (shadda against two letters, Pashto yeh against yeh) is not restored. Throws InputError where the text is no such transliteration.
 */
export function arabicFromMrz(text: string): string {
  return text
    .split('<')
    .map((word) => {
      let out = ''
      for (let at = 0; at < word.length; ) {
        const length = word[at] !== 'X' ? 1 : [2, 3].find((each) => mrzToArabic.has(word.slice(at, at + each)))
        const letter = length === undefined ? undefined : mrzToArabic.get(word.slice(at, at + length))
        if (length === undefined || letter === undefined) throw new InputError('MRZ name', 'is no transliteration of Arabic script')
        out += letter
        at += length
      }
      return out
    })
    .join(' ')
}

/** Apostrophes and their look-alikes: dropped, the parts beside them joined (Doc 9303-3, 8th ed., 4.6). */
const dropped = /[\p{P}`´ʼʻ]/u

/**
 * A name in Latin script to MRZ letters, components parted by `<`: hyphens and commas part, apostrophes and other punctuation vanish, letters with marks go by
 * Doc 9303-3, 8th ed., 4.6 and 6.A (letters that the table lacks lose their marks; house rule). Throws InputError for digits and letters with no such form.
 */
export function transliterateLatin(text: string): string {
  return wordsOf(text)
    .map((word) => {
      let out = ''
      for (const letter of word.replaceAll('ß', 'ẞ').toUpperCase().normalize('NFC')) {
        if (/^[A-Z]$/.test(letter)) out += letter
        else if (/\p{Nd}/u.test(letter)) throw new InputError('name', 'holds a digit (Doc 9303-3, 4.6)')
        else if (latinTable.has(letter)) out += latinTable.get(letter)
        else if (!dropped.test(letter)) {
          const base = letter.normalize('NFD').replace(/\p{M}/gu, '')
          if (base !== '' && !/^[A-Z]+$/.test(base)) throw new InputError('name', 'holds a letter that has no transliteration into the MRZ')
          out += base
        }
      }
      return out
    })
    .filter((word) => word !== '')
    .join('<')
}
