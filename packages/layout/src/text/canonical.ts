import { InputError, LimitError } from '@kart/codec'
import { policyOf } from './character-policy.ts'
import { toPersianDigits } from './digits.ts'

/** Longest text that is looked at, in UTF-16 units; a national record's longest field is an address. */
const maxTextLength = 4096

/** Longest run of combining marks on one letter: Arabic script needs three (shadda, vowel, superscript alef). */
const maxMarks = 4

/**
 * Canonical form of a Persian (or Latin) text field: NFC, Persian yeh and kaf, Persian digits, ZWNJ only between letters, single spaces, no tatweel,
 * nothing invisible or direction-changing; house rule, row by row in {@link characterPolicy}. The caller keeps the original beside it.
 * `field` names the text in errors. Idempotent. Throws InputError (a refused character, with its position, never the text) or LimitError (too long).
 */
export function canonicalText(text: string, field = 'text'): string {
  if (text.length > maxTextLength) throw new LimitError(`${field} (characters)`, maxTextLength)
  // A fold or a removal can bring new neighbours together that compose or map further; two rounds settle every case, the third proves it.
  let form = text
  for (let round = 0; round < 4; round++) {
    const next = canonicalPass(form, field)
    if (next === form) break
    form = next
  }
  return form
}

function canonicalPass(text: string, field: string): string {
  let out = ''
  let position = 0
  let marks = 0
  for (const character of text.normalize('NFC')) {
    position++
    const row = policyOf(character.codePointAt(0)!)
    marks = /\p{M}/u.test(character) ? marks + 1 : 0
    if (marks > maxMarks) throw new InputError(field, `character ${position}: more than ${maxMarks} marks on one letter`)
    if (row === undefined) out += character
    else if (row.action === 'refuse') throw new InputError(field, `character ${position} is not allowed: ${row.why}`)
    else if (row.action === 'space') out += ' '
    else if (row.action === 'replace') out += row.to ?? ''
    else if (row.action === 'fold') out += character.normalize('NFKC')
  }
  return toPersianDigits(out)
    .replace(/\u06cc\u0654/gu, '\u0626') // Farsi yeh with a hamza above has one code point of its own
    .replace(/(?<![\p{L}\p{M}])\u200c+|\u200c+(?!\p{L}|\u200c)/gu, '') // ZWNJ at an edge, beside a space, before a mark
    .replace(/\u200c+/gu, '\u200c')
    .replace(/ +/g, ' ')
    .trim()
    .normalize('NFC')
}

/** Letters, marks, spaces, ZWNJ and the punctuation that names carry. */
const nameCharacter = /^[\p{L}\p{M} \u200c'’ʼ.,،()\-‐‑/]*$/u

/**
 * Canonical form of a person's name, as {@link canonicalText}; beside that, digits, symbols and an empty name are refused (house rule, after Doc 9303-3,
 * 8th ed., 4.6: no numeric characters in names).
 */
export function canonicalName(text: string, field = 'name'): string {
  const form = canonicalText(text, field)
  if (!/\p{L}/u.test(form)) throw new InputError(field, 'holds no letter')
  if (/\p{N}/u.test(form)) throw new InputError(field, 'holds a digit')
  if (!nameCharacter.test(form)) throw new InputError(field, 'holds a character that is no part of a name')
  return form
}

// What remains apart once marks are stripped (NFD), and is still one letter to whoever fills in a form.
const matchLetters: Readonly<Record<string, string>> = {
  ء: '', // hamza alone: جزء, جز
  ٱ: 'ا',
  ك: 'ک',
  ڪ: 'ک',
  ى: 'ی',
  ي: 'ی',
  ې: 'ی',
  ۍ: 'ی',
  ے: 'ی',
  ة: 'ه',
  ۃ: 'ه',
  ە: 'ه',
  ہ: 'ه',
  ھ: 'ه',
}

/**
 * Key under which two spellings of one name are equal (house rule): on top of the canonical form, alef with or without madda or hamza, hamza on waw and yeh,
 * teh marbuta and heh, vowel signs, ZWNJ, spaces, hyphens, apostrophes and Latin case make no difference. For comparing only; never shown or stored on a card.
 * Throws as {@link canonicalText}.
 */
export function nameMatchKey(text: string, field = 'name'): string {
  let key = ''
  for (const character of canonicalText(text, field).normalize('NFD').replace(/\p{M}/gu, '')) key += matchLetters[character] ?? character
  return key.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase()
}
