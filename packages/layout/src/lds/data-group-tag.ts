/** A file of the eMRTD application: number of the data group and tag of its outermost data object (Doc 9303-10, 8th ed., 4.7). */
export interface DataGroupRow {
  readonly number: number
  readonly tag: number
}

export const dataGroups = [
  { number: 1, tag: 0x61 },
  { number: 2, tag: 0x75 },
  { number: 3, tag: 0x63 },
  { number: 4, tag: 0x76 },
  { number: 5, tag: 0x65 },
  { number: 6, tag: 0x66 },
  { number: 7, tag: 0x67 },
  { number: 8, tag: 0x68 },
  { number: 9, tag: 0x69 },
  { number: 10, tag: 0x6a },
  { number: 11, tag: 0x6b },
  { number: 12, tag: 0x6c },
  { number: 13, tag: 0x6d },
  { number: 14, tag: 0x6e },
  { number: 15, tag: 0x6f },
  { number: 16, tag: 0x70 },
] as const satisfies readonly DataGroupRow[]

/** Tag of a data group, 1..16; undefined for another number. */
export function dataGroupTag(number: number): number | undefined {
  return dataGroups.find((row) => row.number === number)?.tag
}

/** Number of the data group with this tag; undefined for another tag. */
export function dataGroupOfTag(tag: number): number | undefined {
  return dataGroups.find((row) => row.tag === tag)?.number
}
