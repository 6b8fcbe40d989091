const persianZero = 0x06f0
const arabicZero = 0x0660

/** Persian (U+06F0..) and Arabic-Indic (U+0660..) digits become 0..9; everything else stays. */
export function toLatinDigits(text: string): string {
  return text.replace(/[\u06f0-\u06f9\u0660-\u0669]/g, (digit) => {
    const code = digit.charCodeAt(0)
    return String(code >= persianZero ? code - persianZero : code - arabicZero)
  })
}

/** Digits 0..9 and Arabic-Indic digits become Persian digits (U+06F0..U+06F9); everything else stays. */
export function toPersianDigits(text: string): string {
  return text.replace(/[0-9\u0660-\u0669]/g, (digit) => {
    const code = digit.charCodeAt(0)
    return String.fromCharCode(persianZero + (code >= arabicZero ? code - arabicZero : code - 0x30))
  })
}
