export type MrzFormat = 'TD1' | 'TD2' | 'TD3'

/** One field of a machine-readable zone: line (0-based), first position (0-based), length in characters. */
export interface MrzFieldRow {
  readonly name: MrzFieldName
  readonly line: number
  readonly start: number
  readonly length: number
}

export type MrzFieldName =
  | 'documentCode'
  | 'issuer'
  | 'documentNumber'
  | 'documentNumberCheck'
  | 'optionalData'
  | 'optionalData1'
  | 'optionalData2'
  | 'optionalDataCheck'
  | 'dateOfBirth'
  | 'dateOfBirthCheck'
  | 'sex'
  | 'dateOfExpiry'
  | 'dateOfExpiryCheck'
  | 'nationality'
  | 'compositeCheck'
  | 'name'

/** Shape of one size of document. */
export interface MrzLayout {
  readonly format: MrzFormat
  readonly lines: number
  readonly lineLength: number
  readonly fields: readonly MrzFieldRow[]
  /** What the composite check digit covers: [line, start, end), 0-based. */
  readonly composite: readonly (readonly [number, number, number])[]
  readonly clause: string
}

const td1 = {
  format: 'TD1',
  lines: 3,
  lineLength: 30,
  fields: [
    { name: 'documentCode', line: 0, start: 0, length: 2 },
    { name: 'issuer', line: 0, start: 2, length: 3 },
    { name: 'documentNumber', line: 0, start: 5, length: 9 },
    { name: 'documentNumberCheck', line: 0, start: 14, length: 1 },
    { name: 'optionalData1', line: 0, start: 15, length: 15 },
    { name: 'dateOfBirth', line: 1, start: 0, length: 6 },
    { name: 'dateOfBirthCheck', line: 1, start: 6, length: 1 },
    { name: 'sex', line: 1, start: 7, length: 1 },
    { name: 'dateOfExpiry', line: 1, start: 8, length: 6 },
    { name: 'dateOfExpiryCheck', line: 1, start: 14, length: 1 },
    { name: 'nationality', line: 1, start: 15, length: 3 },
    { name: 'optionalData2', line: 1, start: 18, length: 11 },
    { name: 'compositeCheck', line: 1, start: 29, length: 1 },
    { name: 'name', line: 2, start: 0, length: 30 },
  ],
  composite: [
    [0, 5, 30],
    [1, 0, 7],
    [1, 8, 15],
    [1, 18, 29],
  ],
  clause: 'Doc 9303-5, 8th ed., 4.2',
} as const satisfies MrzLayout

const td2 = {
  format: 'TD2',
  lines: 2,
  lineLength: 36,
  fields: [
    { name: 'documentCode', line: 0, start: 0, length: 2 },
    { name: 'issuer', line: 0, start: 2, length: 3 },
    { name: 'name', line: 0, start: 5, length: 31 },
    { name: 'documentNumber', line: 1, start: 0, length: 9 },
    { name: 'documentNumberCheck', line: 1, start: 9, length: 1 },
    { name: 'nationality', line: 1, start: 10, length: 3 },
    { name: 'dateOfBirth', line: 1, start: 13, length: 6 },
    { name: 'dateOfBirthCheck', line: 1, start: 19, length: 1 },
    { name: 'sex', line: 1, start: 20, length: 1 },
    { name: 'dateOfExpiry', line: 1, start: 21, length: 6 },
    { name: 'dateOfExpiryCheck', line: 1, start: 27, length: 1 },
    { name: 'optionalData', line: 1, start: 28, length: 7 },
    { name: 'compositeCheck', line: 1, start: 35, length: 1 },
  ],
  composite: [
    [1, 0, 10],
    [1, 13, 20],
    [1, 21, 35],
  ],
  clause: 'Doc 9303-6, 8th ed., 4.2',
} as const satisfies MrzLayout

const td3 = {
  format: 'TD3',
  lines: 2,
  lineLength: 44,
  fields: [
    { name: 'documentCode', line: 0, start: 0, length: 2 },
    { name: 'issuer', line: 0, start: 2, length: 3 },
    { name: 'name', line: 0, start: 5, length: 39 },
    { name: 'documentNumber', line: 1, start: 0, length: 9 },
    { name: 'documentNumberCheck', line: 1, start: 9, length: 1 },
    { name: 'nationality', line: 1, start: 10, length: 3 },
    { name: 'dateOfBirth', line: 1, start: 13, length: 6 },
    { name: 'dateOfBirthCheck', line: 1, start: 19, length: 1 },
    { name: 'sex', line: 1, start: 20, length: 1 },
    { name: 'dateOfExpiry', line: 1, start: 21, length: 6 },
    { name: 'dateOfExpiryCheck', line: 1, start: 27, length: 1 },
    { name: 'optionalData', line: 1, start: 28, length: 14 },
    { name: 'optionalDataCheck', line: 1, start: 42, length: 1 },
    { name: 'compositeCheck', line: 1, start: 43, length: 1 },
  ],
  composite: [
    [1, 0, 10],
    [1, 13, 20],
    [1, 21, 43],
  ],
  clause: 'Doc 9303-4, 8th ed., 4.2',
} as const satisfies MrzLayout

/** The machine-readable zones of the three document sizes. */
export const mrzLayouts: Readonly<Record<MrzFormat, MrzLayout>> = { TD1: td1, TD2: td2, TD3: td3 }

/** Characters that the name field of a format holds: 30, 31, 39. */
export const mrzNameLength: Readonly<Record<MrzFormat, number>> = { TD1: 30, TD2: 31, TD3: 39 }
