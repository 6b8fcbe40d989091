/** Which PINs a profile refuses. Counts are of digits. */
export interface PinPolicy {
  readonly minLength: number
  readonly maxLength: number
  /** Most equal digits side by side. */
  readonly longestRepeat: number
  /** Most digits side by side that go up by one or down by one; 0 follows 9. */
  readonly longestRun: number
  /** Fewest different digits. */
  readonly fewestDifferent: number
  /** Digits side by side, forwards or backwards, that a PIN may not share with one of the holder's numbers. */
  readonly sharedDigits: number
  /** Whether the holder's date of birth is refused in the forms people write it in, in both calendars. */
  readonly birthDate: boolean
  /** Digits that no PIN may be or begin with. */
  readonly listed: readonly string[]
}

/** Policy of the reference card for AuthPIN and SignPIN (house rule). */
export const holderPinPolicy = {
  minLength: 6,
  maxLength: 8,
  longestRepeat: 2,
  longestRun: 3,
  fewestDifferent: 3,
  sharedDigits: 4,
  birthDate: true,
  // Columns, diagonals and pairs of a telephone keypad.
  listed: [
    '102030',
    '112233',
    '147258',
    '147369',
    '147852',
    '159357',
    '159753',
    '258369',
    '258147',
    '357159',
    '369258',
    '741852',
    '789456',
    '852456',
    '963852',
  ],
} as const satisfies PinPolicy
