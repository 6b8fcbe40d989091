import { visibleText } from '@kart/codec'
import type { TraceRow } from './annotate-trace.ts'

const headings = ['#', 'Command', 'File', 'Channel', 'Plain', 'Answer', 'On the wire'] as const
const widest = [4, 44, 26, 7, 48, 40] as const

const cut = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, width - 1)}…`)

function columnsOf(row: TraceRow): string[] {
  const answer = [row.plainResponse, row.sw, row.sw === '9000' ? '' : row.swMeaning].filter((part) => part !== '').join(' ')
  return [`${row.number}`, row.name, row.target, row.channel ?? '-', row.plainCommand, answer].map((text, i) =>
    cut(visibleText(text), widest[i]!),
  )
}

/**
 * The trace as lines of aligned columns for a terminal: each plain command, the secure channel that carried it, and what went over the wire for it, one line an
 * exchange. As in the rows, data that say more than which file is meant are lengths only.
 */
export function renderTraceText(rows: readonly TraceRow[]): string[] {
  const table = rows.map((row) => ({ columns: columnsOf(row), wire: row.isProtected ? row.wire.map(visibleText) : ['as plain'] }))
  const widths = headings.slice(0, -1).map((heading, i) => Math.max(heading.length, ...table.map(({ columns }) => columns[i]!.length)))
  const line = (columns: readonly string[], wire: string): string =>
    [...columns.map((text, i) => (i === 0 ? text.padStart(widths[i]!) : text.padEnd(widths[i]!))), wire].join('  ').trimEnd()
  const empty = widths.map(() => '')
  return [
    line(headings.slice(0, -1), headings.at(-1)!),
    ...table.flatMap(({ columns, wire }) => wire.map((text, i) => line(i === 0 ? columns : empty, text))),
  ]
}
