import { compare, type MatchTrace, prepare, thresholds } from '@kart/matcher'
import { drawMatch } from '@kart/report'
import type { Command } from 'commander'
import { pc } from '../colours.ts'
import { summaries } from '../command-table.ts'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import { readFinger, usingInput } from '../read-file.ts'
import type { Runner } from '../runner.ts'
import { thresholdNamed } from '../threshold-option.ts'
import { checkTarget, writeOutput } from '../write-file.ts'
import { addMatchEvalCommand } from './match-eval.ts'

interface Options {
  readonly explain?: string
  readonly threshold: string
  readonly json?: boolean
}

/** `kart match`: compares two templates; exit 0 when they match, 1 when they do not. */
export function addMatchCommand(program: Command, run: Runner): void {
  const command = program
    .command('match')
    .description(summaries.match)
    .argument('<probe>', 'the live finger')
    .argument('<candidate>', 'the enrolled finger')
    .option('--threshold <name>', `accept at this false match rate: ${Object.keys(thresholds).join(', ')}`, 'fmr1e-4')
    .option('--explain <file>', 'draw the comparison as SVG')
    .option('--json', 'one JSON document on standard output')
    .action((probeFile: string, candidateFile: string, options: Options) =>
      run(options, (output) => {
        const threshold = thresholdNamed(options.threshold)
        checkTarget('--explain', options.explain)
        const probe = readFinger(probeFile).template
        const candidate = readFinger(candidateFile).template
        const trace: MatchTrace = { stages: [] }
        const result = usingInput(probeFile, () => compare(prepare(probe), prepare(candidate), trace))
        const limit = thresholds[threshold]
        const matched = result.status === 'scored' && result.score >= limit
        if (result.status === 'too-few-minutiae')
          output.line(`${pc.yellow('too few minutiae')}: ${probe.count} and ${candidate.count}; the score would mean nothing`)
        else
          output.line(
            `${matched ? pc.green('match') : pc.red('no match')}: score ${result.score}, threshold ${limit} (${threshold}); ${result.pairs.length} of ${probe.count} and ${candidate.count} minutiae paired`,
          )
        if (options.explain !== undefined) {
          writeOutput(options.explain, drawMatch(probe, candidate, threshold))
          output.line(`drawn: ${options.explain}`)
        }
        output.document({
          outcome: result.status === 'scored' ? (matched ? 'match' : 'no-match') : result.status,
          score: result.score,
          threshold: { name: threshold, score: limit },
          pairs: result.pairs,
          minutiae: { probe: probe.count, candidate: candidate.count },
          ...(result.alignment ? { alignment: result.alignment } : {}),
          stages: trace.stages,
        })
        return matched ? exitCode.done : exitCode.rejected
      }),
    )
  addMatchEvalCommand(command, run)
  withExample(command, 'kart match live.fmr enrolled.fmr --explain overlay.svg', 'kart match eval prints/')
}
