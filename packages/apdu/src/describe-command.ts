import { type CommandRow, commandTable } from './command-table.ts'

const fits = (byte: number, wanted: { readonly value: number; readonly mask: number } | undefined): boolean =>
  wanted === undefined || (byte & wanted.mask) === wanted.value

/**
 * The name and the clause of a command by its header bytes, for traces; files are named by the caller. A header that the table does not
 * hold is named by its instruction byte. SELECT keeps its interindustry name under a GlobalPlatform class byte.
 */
export function describeCommand(cla: number, ins: number, p1: number, p2: number): { readonly name: string; readonly clause: string } {
  const family = cla & 0x80 ? 'gp' : 'iso'
  const rows: readonly CommandRow[] = commandTable
  const row =
    rows.find((candidate) => candidate.family === family && candidate.ins === ins && fits(p1, candidate.p1) && fits(p2, candidate.p2)) ??
    (family === 'gp' && ins === 0xa4
      ? rows.find((candidate) => candidate.ins === ins && fits(p1, candidate.p1) && fits(p2, candidate.p2))
      : undefined)
  if (row !== undefined) return { name: row.name, clause: row.clause }
  return { name: `command with INS ${ins.toString(16).toUpperCase().padStart(2, '0')}`, clause: 'not in the table of commands' }
}
