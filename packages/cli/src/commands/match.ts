import { thresholds } from '@kart/matcher'
import { drawExplanation, explainMatch, renderExplanationPage } from '@kart/report'
import type { Command } from 'commander'
import { pc } from '../colours.ts'
import { summaries } from '../command-table.ts'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import { readFingers, usingInput } from '../read-file.ts'
import type { Runner } from '../runner.ts'
import { thresholdNamed } from '../threshold-option.ts'
import { checkOutput, forceText, writeMade } from '../write-file.ts'
import { addMatchEvalCommand } from './match-eval.ts'

interface Options {
  readonly explain?: string
  readonly threshold: string
  readonly force?: boolean
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
    .option('--explain <file>', 'draw the comparison and what its score is made of: an SVG picture, or a page where the name ends in .html')
    .option('--force', forceText)
    .option('--json', 'one JSON document on standard output')
    .action((probeFile: string, candidateFile: string, options: Options) =>
      run(options, (output) => {
        const threshold = thresholdNamed(options.threshold)
        checkOutput('--explain', options.explain, {
          force: options.force,
          inputs: { 'of the live finger': probeFile, 'of the enrolled finger': candidateFile },
        })
        const probe = readFingers(probeFile)[0]!
        const candidate = readFingers(candidateFile)[0]!
        const named = [
          ...probe.concerns.map((concern) => ({ file: probeFile, ...concern })),
          ...candidate.concerns.map((concern) => ({ file: candidateFile, ...concern })),
        ]
        const words = named.map(({ file, unusable, detail }) => `${file}: ${unusable ? 'unusable' : 'doubtful'}: ${detail}`)
        const explanation = usingInput(probeFile, () => explainMatch(probe.template, candidate.template, threshold, words))
        const { result, trace } = explanation
        const limit = thresholds[threshold]
        const unusable = named.some((concern) => concern.unusable)
        const matched = result.status === 'scored' && !unusable && result.score >= limit
        for (const line of words) output.line(pc.yellow(line))
        if (result.status === 'too-few-minutiae')
          output.line(
            `${pc.yellow('too few minutiae')}: ${probe.template.count} and ${candidate.template.count}; the score would mean nothing`,
          )
        else if (unusable) output.line(`${pc.red('no match')}: an unusable template matches nobody, whatever its score`)
        else
          output.line(
            `${matched ? pc.green('match') : pc.red('no match')}: score ${result.score}, threshold ${limit} (${threshold}); ${result.pairs.length} of ${probe.template.count} and ${candidate.template.count} minutiae paired`,
          )
        if (options.explain !== undefined) {
          const page = /\.html?$/i.test(options.explain)
          writeMade(options.explain, page ? renderExplanationPage(explanation) : drawExplanation(explanation), options.force)
          output.line(`drawn: ${options.explain}`)
        }
        output.document({
          outcome: result.status !== 'scored' ? result.status : unusable ? 'unusable' : matched ? 'match' : 'no-match',
          score: result.score,
          threshold: { name: threshold, score: limit },
          pairs: result.pairs,
          minutiae: { probe: probe.template.count, candidate: candidate.template.count },
          concerns: named,
          ...(result.alignment ? { alignment: result.alignment } : {}),
          stages: trace.stages,
        })
        return matched ? exitCode.done : exitCode.rejected
      }),
    )
  addMatchEvalCommand(command, run)
  withExample(command, 'kart match live.fmr enrolled.fmr --explain overlay.svg', 'kart match eval prints/')
}
