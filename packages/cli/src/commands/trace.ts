import type { Command } from 'commander'
import { summaries } from '../command-table.ts'
import { withExample } from '../help.ts'
import type { Runner } from '../runner.ts'
import { addTraceRecordCommand } from './trace-record.ts'
import { addTraceReplayCommand } from './trace-replay.ts'
import { addTraceShowCommand } from './trace-show.ts'

/** `kart trace`: trace files, a subcommand for each thing to do with them. */
export function addTraceCommand(program: Command, run: Runner): void {
  const trace = program.command('trace').description(summaries.trace)
  addTraceRecordCommand(trace, run)
  addTraceReplayCommand(trace, run)
  addTraceShowCommand(trace, run)
  withExample(trace, 'kart trace record citizen.trace -- read --card citizen.card --docno T00000017 --dob 900321 --doe 361101')
}
