import { holderPinPolicy } from '@kart/layout/profile'

/** Bytes of a PIN or PUK on the card, padded with FF behind. */
export const pinLength = 8
const padding = 0xff

/** Reference of the PIN whose proof unblocks the others (card.md; OpenSC's myeid.profile). */
export const securityOfficer = 3

/** The digits before the padding, as numbers; undefined for anything but digits and padding. */
export function digitsOf(value: Uint8Array): readonly number[] | undefined {
  const end = value.indexOf(padding)
  const text = end < 0 ? value : value.subarray(0, end)
  const padded = value.subarray(text.length).every((byte) => byte === padding)
  const digits = Array.from(text, (byte) => byte - 0x30)
  return value.length === pinLength && padded && digits.every((digit) => digit >= 0 && digit <= 9) ? digits : undefined
}

/** Whether it has the form of a PIN: 8 bytes, digits of this number, FF behind them. */
export function isPinValue(value: Uint8Array, minLength: number, maxLength: number): boolean {
  const digits = digitsOf(value)
  return digits !== undefined && digits.length >= minLength && digits.length <= maxLength
}

/** Whether the card refuses a PIN that a person chose: repeats, runs, few digits, patterns of the keypad, and parts of the holder's numbers (policy of the profile). */
export function isWeakPin(value: Uint8Array, forbidden: readonly Uint8Array[]): boolean {
  const digits = digitsOf(value) ?? []
  const { longestRepeat, longestRun, fewestDifferent, sharedDigits, listed } = holderPinPolicy
  const text = digits.join('')
  return (
    stretch(digits, 0) > longestRepeat ||
    stretch(digits, 1) > longestRun ||
    stretch(digits, 9) > longestRun ||
    new Set(digits).size < fewestDifferent ||
    /^(.{2,})\1+$/.test(text) ||
    listed.some((pattern) => text.startsWith(pattern)) ||
    forbidden.some((number) => sharesPart(text, digitsText(number), sharedDigits))
  )
}

const digitsText = (number: Uint8Array): string => Array.from(number, (byte) => byte - 0x30).join('')

/** Longest part whose neighbours differ by this step, modulo ten. */
function stretch(digits: readonly number[], step: number): number {
  let longest = 0
  let now = 0
  digits.forEach((digit, i) => {
    const before = digits[i - 1]
    now = before !== undefined && (digit - before + 10) % 10 === step ? now + 1 : 1
    longest = Math.max(longest, now)
  })
  return longest
}

function sharesPart(text: string, number: string, count: number): boolean {
  const either = `${number} ${[...number].reverse().join('')}`
  for (let i = 0; i + count <= text.length; i++) if (either.includes(text.slice(i, i + count))) return true
  return false
}
