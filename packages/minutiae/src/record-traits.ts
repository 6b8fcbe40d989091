/** The record formats of finger minutiae that Kart reads and writes. */
export type RecordFormat =
  | 'iso-19794-2-2005'
  | 'iso-19794-2-2011'
  | 'incits-378-2004'
  | 'incits-378-2007'
  | 'incits-378-2009'
  | 'incits-378-2009-am1'

/** In what the record formats differ, field by field. */
export interface RecordTraits {
  /** Name in errors. */
  readonly what: string
  /** Format identifier and version, the first eight bytes. */
  readonly magic: Uint8Array
  /** Units of angle in a turn: 1.40625 or 2 degrees. */
  readonly anglesPerTurn: 256 | 180
  /** View number and impression type share a byte (four bits each), or have one each. */
  readonly viewAndImpression: 'one byte' | 'a byte each'
  /** Highest impression type. */
  readonly impressions: number
  /** Whether several fingers in one image have finger positions of their own (13..15, 40..50). */
  readonly fingerGroups: boolean
  /**
   * Value of a quality where none was computed. 254 (not computed) and 255 (failed) are read and kept in every format, also in those that came before these values
   * (house rule: writers carry them back, and the record is sound otherwise).
   */
  readonly unreported: 0 | 254
}

const magicOf = (version: string): Uint8Array => Uint8Array.from(`FMR\0${version}\0`, (c) => c.charCodeAt(0))

/**
 * The traits of each record format: ISO/IEC 19794-2:2005, 7; ISO/IEC 19794-2:2011, 8; INCITS 378-2004, 6; INCITS 378-2007; INCITS 378-2009, 6, and its Amendment 1. INCITS 378-2007 is read as NIST's
 * sample of it is: quality 0 for none.
 */
export const recordTraits = {
  'iso-19794-2-2005': {
    what: 'ISO/IEC 19794-2:2005 record',
    magic: magicOf(' 20'),
    anglesPerTurn: 256,
    viewAndImpression: 'one byte',
    impressions: 15,
    fingerGroups: false,
    unreported: 0,
  },
  'iso-19794-2-2011': {
    what: 'ISO/IEC 19794-2:2011 record',
    magic: magicOf('030'),
    anglesPerTurn: 256,
    viewAndImpression: 'a byte each',
    impressions: 29,
    fingerGroups: true,
    unreported: 254,
  },
  'incits-378-2004': {
    what: 'INCITS 378-2004 record',
    magic: magicOf(' 20'),
    anglesPerTurn: 180,
    viewAndImpression: 'one byte',
    impressions: 15,
    fingerGroups: false,
    unreported: 0,
  },
  'incits-378-2007': {
    what: 'INCITS 378-2007 record',
    magic: magicOf('030'),
    anglesPerTurn: 180,
    viewAndImpression: 'a byte each',
    impressions: 15,
    fingerGroups: false,
    unreported: 0,
  },
  'incits-378-2009': {
    what: 'INCITS 378-2009 record',
    magic: magicOf('030'),
    anglesPerTurn: 180,
    viewAndImpression: 'a byte each',
    impressions: 15,
    fingerGroups: false,
    unreported: 254,
  },
  'incits-378-2009-am1': {
    what: 'INCITS 378-2009/AM 1 record',
    magic: magicOf('035'),
    anglesPerTurn: 180,
    viewAndImpression: 'a byte each',
    impressions: 29,
    fingerGroups: true,
    unreported: 254,
  },
} as const satisfies Record<RecordFormat, RecordTraits>

/** The traits of a format, as what all of them have in common. */
export function traitsOf(format: RecordFormat): RecordTraits {
  return recordTraits[format]
}

/** Whether a format has this finger position. */
export function hasPosition(format: RecordFormat, position: number): boolean {
  if (!Number.isInteger(position) || position < 0) return false
  if (position <= 10) return true
  return traitsOf(format).fingerGroups && ((position >= 13 && position <= 15) || (position >= 40 && position <= 50))
}
