/**
 * Text that came from outside (a card, a certificate, a file name) on one line of a terminal or a page: control characters, which could move the cursor or
 * recolour what stands above, and characters that turn the reading direction are replaced by U+FFFD (house rule). Zero-width non-joiners stay: Persian is written with them.
 */
export function visibleText(text: string): string {
  return text.replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/gu, '\ufffd')
}
