import type { Case, Outcome, Unit } from './catalogue.ts'

const shorthand: Readonly<Record<string, Outcome>> = {
  'n/a': 'not applicable',
  deviation: 'deviation',
  withdrawn: 'withdrawn',
}

/** A unit from rows `number: title` or `number: [title, 'n/a: why']`. */
export function unit(name: string, title: string, rows: Readonly<Record<string, string | readonly [string, string]>>): Unit {
  // Numbers with letters stand where they belong, not behind all others.
  const inOrder = Object.entries(rows).sort(([a], [b]) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
  const cases = inOrder.map(([number, row]): Case => {
    const [about, said = ''] = typeof row === 'string' ? [row] : row
    const [word = '', ...why] = said.split(': ')
    return { id: `${name}_${number}`, title: about, outcome: shorthand[word] ?? 'pass', why: why.join(': ') }
  })
  return { name, title, cases }
}

/** Rows of the same kind, `from` to `to`. */
export const rows = (
  from: number,
  to: number,
  row: string | readonly [string, string],
): Record<string, string | readonly [string, string]> =>
  Object.fromEntries(Array.from({ length: to - from + 1 }, (_, i) => [String(from + i), row]))

export const gone = ['no case under this number', 'withdrawn'] as const

const dateless = 'the card’s date stays'
/** Certificate verification by its number in part 3.2; part 3.3 has the same without gaps. */
export const certificateRows: Readonly<Record<string, string | readonly [string, string]>> = {
  1: 'a good chain is taken',
  2: 'an authority’s name that is none of the card’s',
  3: 'a certificate whose signature was changed',
  4: 'a certificate without its signature',
  5: 'a certificate without its body',
  6: 'a verifier’s certificate without authorization',
  7: 'a verifier’s certificate without effective date',
  8: 'a verifier’s certificate without expiration date',
  9: 'an effective date with a digit that is none',
  10: 'an expiration date with a digit that is none',
  11: 'a foreign terminal’s certificate does not move the date',
  12: 'commands in the open end secure messaging and are not followed',
  13: 'MSE:Set DST with class byte 8C',
  14: gone,
  15: 'Verify Certificate with class byte 8C',
  16: gone,
  17: 'a body under another tag',
  18: 'a signature under another tag',
  19: 'an effective date that is no day',
  20: 'an expiration date that is no day',
  21: 'a period that ends before it begins',
  22: 'imported keys are gone after a reset',
  23: 'an authorization of no known terminal type',
  24: 'a public key of another protocol',
  25: `verified under a name that is not the authority’s; ${dateless}`,
  26: `a body under another tag; ${dateless}`,
  27: `a signature under another tag; ${dateless}`,
  28: `a body with a wrong length; ${dateless}`,
  29: `a signature with a wrong length; ${dateless}`,
  30: `a signature greater by one; ${dateless}`,
  31: `a signature that lost its last byte; ${dateless}`,
  32: `an RSA signature above the modulus; ${dateless}`,
  33: `an ECDSA signature with r = 0; ${dateless}`,
  34: `an ECDSA signature with s = 0; ${dateless}`,
  35: `no key selected before; ${dateless}`,
  36: `a public key of another protocol; ${dateless}`,
  37: `a public key without object identifier; ${dateless}`,
  38: `a public key without its point; ${dateless}`,
  39: `an RSA key without modulus; ${dateless}`,
  40: `an RSA key without exponent; ${dateless}`,
  41: `a public key with an unknown object; ${dateless}`,
  42: gone,
  43: 'no terminal right below a CVCA',
  44: 'no CVCA below a domestic verifier',
  45: 'no CVCA below a foreign verifier',
  46: 'no domestic verifier below a domestic one',
  47: 'no foreign verifier below a domestic one',
  48: 'no domestic verifier below a foreign one',
  49: 'no foreign verifier below a foreign one',
  50: 'no foreign verifier below a terminal',
  51: 'no domestic verifier below a terminal',
  52: 'no terminal below a terminal',
  53: 'no CVCA below a terminal',
  54: gone,
  55: 'a verifier’s key shorter than its issuer’s',
  56: 'a terminal’s key shorter than its issuer’s',
}
