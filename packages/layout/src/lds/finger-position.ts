import { InputError } from '@kart/codec'

/** One finger with the names the standards give it. */
export interface FingerPositionRow {
  /** ISO/IEC 19794-2:2005, table 2. */
  readonly position: number
  /** Biometric subtype of the header: hand in bits 2-1, finger in bits 5-3 (ISO/IEC 19785-3; Doc 9303-10, 8th ed., 4.7.3). */
  readonly subtype: number
  readonly name: string
}

/** The ten fingers; position 0 (unknown) has subtype 0. */
export const fingerPositions = [
  { position: 0, subtype: 0x00, name: 'unknown finger' },
  { position: 1, subtype: 0x05, name: 'right thumb' },
  { position: 2, subtype: 0x09, name: 'right index finger' },
  { position: 3, subtype: 0x0d, name: 'right middle finger' },
  { position: 4, subtype: 0x11, name: 'right ring finger' },
  { position: 5, subtype: 0x15, name: 'right little finger' },
  { position: 6, subtype: 0x06, name: 'left thumb' },
  { position: 7, subtype: 0x0a, name: 'left index finger' },
  { position: 8, subtype: 0x0e, name: 'left middle finger' },
  { position: 9, subtype: 0x12, name: 'left ring finger' },
  { position: 10, subtype: 0x16, name: 'left little finger' },
] as const satisfies readonly FingerPositionRow[]

/** The biometric subtype of a finger position 0..10; throws InputError for any other. */
export function subtypeOfFinger(position: number): number {
  const row = fingerPositions.find((candidate) => candidate.position === position)
  if (row === undefined) throw new InputError('position', 'not a finger position (0..10)')
  return row.subtype
}

/** The finger position of a biometric subtype; undefined when it names no single finger. */
export function fingerOfSubtype(subtype: number): number | undefined {
  return fingerPositions.find((candidate) => candidate.subtype === subtype)?.position
}

/** The finger in words. */
export function fingerName(position: number): string {
  return fingerPositions.find((candidate) => candidate.position === position)?.name ?? `finger ${position}`
}
