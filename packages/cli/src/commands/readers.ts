import { explainAtr } from '@kart/apdu'
import { DecodeError, toHex, visibleText } from '@kart/codec'
import { openPcsc, watchReaders } from '@kart/pcsc'
import type { Command } from 'commander'
import { pc } from '../colours.ts'
import { summaries } from '../command-table.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import type { Output } from '../output.ts'
import { eraseLines, ReaderTable } from '../reader-table.ts'
import type { Runner } from '../runner.ts'

interface Options {
  readonly watch?: boolean
  readonly json?: boolean
}

function explain(atr: Uint8Array): string[] {
  try {
    return explainAtr(atr)
  } catch (error) {
    if (error instanceof DecodeError) return [`not a valid ATR: ${error.message}`]
    throw error
  }
}

/** Shows what comes and goes, through a service that stops and starts again, until Ctrl-C. */
async function follow(output: Output): Promise<ExitCode> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  process.once('SIGTERM', () => stop.abort())
  // Nobody reads on: there is nothing left to watch for.
  process.stdout.once('error', () => stop.abort())
  const live = process.stdout.isTTY === true && !output.json
  const table = new ReaderTable()
  let drawn = 0
  for await (const event of watchReaders({ signal: stop.signal })) {
    if (live) {
      table.apply(event, new Date())
      const lines = table.render()
      output.line(eraseLines(drawn) + lines.join('\n'))
      drawn = lines.length
      continue
    }
    const reader = 'reader' in event ? event.reader : undefined
    const atr = 'atr' in event && event.atr ? toHex(event.atr) : undefined
    const error = 'error' in event ? event.error.message : undefined
    const words = [reader, atr?.toUpperCase(), error].filter((word) => word !== undefined).map(visibleText)
    output.line(`${new Date().toISOString()}  ${event.kind.padEnd(15)}  ${words.join('  ')}`.trimEnd())
    output.document({ kind: event.kind, ...(reader === undefined ? {} : { reader }), ...(atr ? { atr } : {}), ...(error ? { error } : {}) })
  }
  return exitCode.done
}

/** `kart readers`: the readers, what is in them, and what their cards say at reset. */
export function addReadersCommand(program: Command, run: Runner): void {
  const command = program
    .command('readers')
    .description(summaries.readers)
    .option('--watch', 'show readers and cards as they come and go, until Ctrl-C: a live table, or a line an event where no terminal is')
    .option('--json', 'one JSON document on standard output (with --watch: one an event)')
    .action((options: Options) =>
      run(options, async (output) => {
        if (options.watch) return follow(output)
        const context = await openPcsc()
        try {
          const readers = await context.listReaders()
          const document = readers.map(({ name, cardPresent, atr, exclusive, inUse, mute }) => ({
            name,
            cardPresent,
            exclusive,
            inUse,
            mute,
            ...(atr ? { atr: toHex(atr), explained: explain(atr) } : {}),
          }))
          if (readers.length === 0) output.line('No readers. Plug one in, or plug in an emulated card: kart emulate --card FILE')
          for (const reader of readers) {
            const use = reader.exclusive ? ', held by one program' : reader.inUse ? ', in use' : ''
            output.line(
              `${pc.bold(visibleText(reader.name))}: ${reader.cardPresent ? (reader.mute ? 'a card that does not answer' : `a card${use}`) : 'empty'}`,
            )
            if (!reader.atr) continue
            output.line(
              `  ATR ${toHex(reader.atr)
                .toUpperCase()
                .replace(/(..)(?=.)/g, '$1 ')}`,
            )
            for (const line of explain(reader.atr)) output.line(`    ${visibleText(line)}`)
          }
          output.document({ readers: document })
          return exitCode.done
        } finally {
          await context.close()
        }
      }),
    )
  withExample(command, 'kart readers', 'kart readers --watch')
}
