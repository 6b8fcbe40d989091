import { coarseMinutiae, coarseTableBytes, makeCoarseTable } from './coarse.ts'
import { leadingFirst } from './compare.ts'
import { unpackTemplate } from './packed.ts'

/** The tables of packed probes for the coarse look, one after the other. */
export function coarseTablesOf(records: readonly Uint8Array[]): Uint8Array {
  const tables = new Uint8Array(records.length * coarseTableBytes)
  for (const [p, record] of records.entries()) {
    const side = unpackTemplate(record)
    tables.set(makeCoarseTable(side, leadingFirst(side, coarseMinutiae)), p * coarseTableBytes)
  }
  return tables
}
