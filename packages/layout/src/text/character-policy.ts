/** What happens to a character that a row of {@link characterPolicy} covers; a character that no row covers is kept. */
export type CharacterAction = 'refuse' | 'remove' | 'space' | 'replace' | 'fold'

/** One range of code points and what the canonical form does with it. */
export interface CharacterPolicyRow {
  readonly first: number
  readonly last: number
  /** refuse: InputError; remove: dropped; space: becomes U+0020; replace: becomes `to`; fold: its compatibility form (NFKC). */
  readonly action: CharacterAction
  readonly to?: string
  readonly why: string
  readonly clause: string
}

// Sorted by code point, ranges disjoint: the lookup is a binary search, and a test holds both.
export const characterPolicy = [
  { first: 0x0000, last: 0x0008, action: 'refuse', why: 'control character (NUL ends text in many programs)', clause: 'house rule' },
  { first: 0x0009, last: 0x000d, action: 'space', why: 'tab or line end between words', clause: 'house rule' },
  { first: 0x000e, last: 0x001f, action: 'refuse', why: 'control character', clause: 'house rule' },
  { first: 0x007f, last: 0x009f, action: 'refuse', why: 'control character', clause: 'house rule' },
  { first: 0x00a0, last: 0x00a0, action: 'space', why: 'no-break space', clause: 'house rule' },
  { first: 0x00ad, last: 0x00ad, action: 'remove', why: 'soft hyphen, a line-breaking hint', clause: 'house rule' },
  { first: 0x034f, last: 0x034f, action: 'refuse', why: 'invisible combining grapheme joiner', clause: 'house rule' },
  { first: 0x061c, last: 0x061c, action: 'remove', why: 'Arabic letter mark: direction hint without content', clause: 'Unicode UAX #9' },
  { first: 0x0640, last: 0x0640, action: 'remove', why: 'tatweel only stretches a word', clause: 'Doc 9303-3, 8th ed., 6.C' },
  { first: 0x0643, last: 0x0643, action: 'replace', to: '\u06a9', why: 'Arabic kaf; Persian is written with keheh', clause: 'ISIRI 6219' },
  {
    first: 0x0649,
    last: 0x064a,
    action: 'replace',
    to: '\u06cc',
    why: 'Arabic yeh and alef maksura; Persian is written with Farsi yeh',
    clause: 'ISIRI 6219',
  },
  { first: 0x06aa, last: 0x06aa, action: 'replace', to: '\u06a9', why: 'swash kaf; Persian is written with keheh', clause: 'ISIRI 6219' },
  { first: 0x115f, last: 0x1160, action: 'refuse', why: 'invisible Hangul filler', clause: 'house rule' },
  { first: 0x1680, last: 0x1680, action: 'space', why: 'space of another width', clause: 'house rule' },
  { first: 0x17b4, last: 0x17b5, action: 'refuse', why: 'invisible inherent vowel', clause: 'house rule' },
  { first: 0x180b, last: 0x180f, action: 'refuse', why: 'invisible Mongolian selector', clause: 'house rule' },
  { first: 0x2000, last: 0x200a, action: 'space', why: 'space of another width', clause: 'house rule' },
  { first: 0x200b, last: 0x200b, action: 'refuse', why: 'zero-width space: nobody can see where the word ends', clause: 'house rule' },
  // 200C, the zero-width non-joiner, is a letter-level sign of Persian spelling: canonical text keeps it between letters only.
  {
    first: 0x200d,
    last: 0x200d,
    action: 'remove',
    why: 'zero-width joiner: shapes letters, carries no content in Persian',
    clause: 'ISIRI 6219',
  },
  {
    first: 0x200e,
    last: 0x200f,
    action: 'remove',
    why: 'left-to-right or right-to-left mark: direction hint without content',
    clause: 'Unicode UAX #9',
  },
  { first: 0x2028, last: 0x2029, action: 'space', why: 'line or paragraph separator', clause: 'house rule' },
  {
    first: 0x202a,
    last: 0x202e,
    action: 'refuse',
    why: 'bidirectional embedding or override: text would read otherwise than stored',
    clause: 'Unicode UTR #36',
  },
  { first: 0x202f, last: 0x202f, action: 'space', why: 'narrow no-break space', clause: 'house rule' },
  { first: 0x205f, last: 0x205f, action: 'space', why: 'space of another width', clause: 'house rule' },
  { first: 0x2060, last: 0x2064, action: 'refuse', why: 'invisible word joiner or operator', clause: 'house rule' },
  { first: 0x2065, last: 0x206f, action: 'refuse', why: 'bidirectional isolate or deprecated format control', clause: 'Unicode UTR #36' },
  { first: 0x3000, last: 0x3000, action: 'space', why: 'ideographic space', clause: 'house rule' },
  { first: 0x3164, last: 0x3164, action: 'refuse', why: 'invisible Hangul filler', clause: 'house rule' },
  { first: 0xd800, last: 0xdfff, action: 'refuse', why: 'lone surrogate', clause: 'Unicode 15, 3.8' },
  { first: 0xe000, last: 0xf8ff, action: 'refuse', why: 'private-use character', clause: 'house rule' },
  { first: 0xfb00, last: 0xfb06, action: 'fold', why: 'Latin ligature', clause: 'Unicode 15, 22.2' },
  { first: 0xfb50, last: 0xfbff, action: 'fold', why: 'Arabic presentation form left by an old system', clause: 'Unicode 15, 9.2' },
  { first: 0xfc00, last: 0xfdcf, action: 'fold', why: 'Arabic presentation form left by an old system', clause: 'Unicode 15, 9.2' },
  { first: 0xfdd0, last: 0xfdef, action: 'refuse', why: 'noncharacter', clause: 'Unicode 15, 23.7' },
  { first: 0xfdf0, last: 0xfdff, action: 'fold', why: 'Arabic presentation form left by an old system', clause: 'Unicode 15, 9.2' },
  { first: 0xfe00, last: 0xfe0f, action: 'refuse', why: 'variation selector', clause: 'house rule' },
  { first: 0xfe70, last: 0xfefc, action: 'fold', why: 'Arabic presentation form left by an old system', clause: 'Unicode 15, 9.2' },
  { first: 0xfeff, last: 0xfeff, action: 'refuse', why: 'byte order mark or zero-width no-break space', clause: 'house rule' },
  { first: 0xff01, last: 0xff5e, action: 'fold', why: 'full-width form', clause: 'Unicode 15, 18.5' },
  { first: 0xffa0, last: 0xffa0, action: 'refuse', why: 'invisible Hangul filler', clause: 'house rule' },
  { first: 0xfff0, last: 0xffff, action: 'refuse', why: 'special or noncharacter', clause: 'Unicode 15, 23.8' },
  { first: 0x1bca0, last: 0x1bca3, action: 'refuse', why: 'invisible format control', clause: 'house rule' },
  { first: 0x1d173, last: 0x1d17a, action: 'refuse', why: 'invisible format control', clause: 'house rule' },
  { first: 0xe0000, last: 0xe0fff, action: 'refuse', why: 'tag or variation selector', clause: 'house rule' },
  { first: 0xf0000, last: 0x10ffff, action: 'refuse', why: 'private-use character', clause: 'house rule' },
] as const satisfies readonly CharacterPolicyRow[]

/** The row that covers a code point; undefined = the character is kept. */
export function policyOf(codePoint: number): CharacterPolicyRow | undefined {
  let low = 0
  let high = characterPolicy.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const row = characterPolicy[middle]!
    if (codePoint < row.first) high = middle - 1
    else if (codePoint > row.last) low = middle + 1
    else return row
  }
  return undefined
}
