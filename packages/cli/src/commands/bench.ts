import { benchMatch, kernelNames, searchModes } from '@kart/matcher'
import type { Command } from 'commander'
import { summaries } from '../command-table.ts'
import { followCount } from '../count-progress.ts'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import type { Runner } from '../runner.ts'
import { plainTable } from '../verdict-output.ts'

interface Options {
  readonly json?: boolean
}

/** `kart bench match`: speed of the matcher on this machine. */
export function addBenchCommand(program: Command, run: Runner): void {
  const bench = program.command('bench').description(summaries.bench)
  const match = bench
    .command('match')
    .description('speed of the matcher here, on synthetic templates: every kernel, both search modes, one worker against several')
    .option('--json', 'one JSON document on standard output')
    .action((options: Options) =>
      run(options, async (output) => {
        const progress = followCount('bench match', 'parts', output.json)
        const found = await benchMatch(progress.count)
        progress.end()
        output.line(
          `${found.machine.cpu}, ${found.machine.cores} cores, node ${found.machine.node}, commit ${found.commit ?? 'unknown'}; synthetic templates`,
        )
        output.line(`a packed template: ${found.bytesPerTemplate} bytes`)
        const table = plainTable(['', ...kernelNames])
        const figures = (of: (name: (typeof kernelNames)[number]) => string) => kernelNames.map(of)
        table.push(['prepare, us', ...figures((name) => found.prepare[name].toFixed(0))])
        table.push(['similarities alone, us', ...figures((name) => found.similarities[name].toFixed(0))])
        table.push(['one to one, one finger, us', ...figures((name) => found.compare[name].genuine.toFixed(0))])
        table.push(['one to one, strangers, us', ...figures((name) => found.compare[name].strangers.toFixed(0))])
        for (const mode of searchModes)
          table.push([`search, ${mode}, a second and core`, ...figures((name) => String(found.search[mode][name]))])
        output.line(table.toString())
        for (const { workers, perSecond } of found.workers)
          output.line(`search on ${workers} ${workers === 1 ? 'worker' : 'workers'}: ${perSecond} candidates a second`)
        for (const [name, ratio] of Object.entries(found.ratios)) output.line(`${name}: ${ratio.toFixed(2)}`)
        output.document(found)
        return exitCode.done
      }),
    )
  withExample(bench, 'kart bench match --json')
  withExample(match, 'kart bench match --json')
}
