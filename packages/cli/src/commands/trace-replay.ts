import { toHex, visibleText } from '@kart/codec'
import { explainExchange } from '@kart/report'
import type { Command } from 'commander'
import { withCardOptions } from '../card-options.ts'
import { type CardSourceOptions, openCard } from '../card-source.ts'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import type { Output } from '../output.ts'
import type { Runner } from '../runner.ts'
import { compareWithTrace, type ReplayedExchange } from '../trace-comparison.ts'
import { readTrace } from './apdu.ts'

interface Options extends CardSourceOptions {
  readonly json?: boolean
}

function show(output: Output, trace: ReturnType<typeof readTrace>): void {
  const { header, exchanges } = trace
  output.line(`${header.date}  ATR ${toHex(header.atr).toUpperCase()}${header.where === undefined ? '' : `  ${visibleText(header.where)}`}`)
  if (header.data === 'blanked') output.line('Data were not recorded: zeros stand for them.')
  for (const { command, response, redacted, microseconds, failure } of exchanges) {
    const explained = explainExchange(command, response ?? new Uint8Array())
    output.line(`> ${explained.command}   ${explained.name}${redacted ? '   (blanked)' : ''}`)
    if (!redacted) for (const line of explained.data) output.line(`  ${line}`)
    const end = failure === undefined ? `${explained.sw ?? '-'} ${explained.meaning}` : `failed: ${visibleText(failure.code)}`
    output.line(`< ${end}   ${(microseconds / 1000).toFixed(1)} ms`)
  }
}

/** `kart trace replay`: a trace as a log, or played to a card that must answer alike. */
export function addTraceReplayCommand(trace: Command, run: Runner): void {
  const command = withCardOptions(
    trace
      .command('replay')
      .description('show a trace; with a card, send it the same commands and say where it answers otherwise (exit 1)')
      .argument('<file>', 'a trace file'),
  )
    .option('--json', 'one JSON document on standard output')
    .action((file: string, options: Options) =>
      run(options, async (output) => {
        const recorded = readTrace(file)
        if (options.card === undefined && options.reader === undefined) {
          show(output, recorded)
          output.document({
            ...recorded.header,
            atr: toHex(recorded.header.atr),
            exchanges: recorded.exchanges.map(({ command, response, ...rest }) => ({
              ...explainExchange(command, response ?? new Uint8Array()),
              ...rest,
            })),
          })
          return exitCode.done
        }
        const card = await openCard(options)
        try {
          const results = await compareWithTrace(card.transport, recorded)
          const count = (outcome: ReplayedExchange['outcome']) => results.filter((one) => one.outcome === outcome).length
          for (const { number, name, outcome, problem } of results)
            if (outcome !== 'same') output.line(`${number}  ${name}: ${outcome === 'skipped' ? 'not sent, ' : ''}${problem ?? ''}`)
          output.line(`${count('same')} answered alike, ${count('different')} otherwise, ${count('skipped')} not sent`)
          output.document({ where: card.where, exchanges: results })
          return count('different') > 0 ? exitCode.rejected : exitCode.done
        } finally {
          await card.close()
        }
      }),
    )
  withExample(command, 'kart trace replay citizen.trace', 'kart trace replay session.trace --card citizen.card')
}
