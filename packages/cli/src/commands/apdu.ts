import { createInterface } from 'node:readline'
import { parseTrace, replayTransport } from '@kart/apdu'
import { CardError, decodeUtf8, InputError } from '@kart/codec'
import type { Command } from 'commander'
import { ApduShell, mayKeepLine } from '../apdu-shell.ts'
import { withCardOptions } from '../card-options.ts'
import { type CardSourceOptions, type OpenCard, openCard } from '../card-source.ts'
import { summaries } from '../command-table.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import { explainError, type Output } from '../output.ts'
import { decodeInput, readInput } from '../read-file.ts'
import type { Runner } from '../runner.ts'
import { startRecording } from '../trace-recording.ts'

interface Options extends CardSourceOptions {
  readonly replay?: string
  readonly script?: string
  readonly trace?: string
  readonly data?: boolean
  readonly json?: boolean
}

/** The trace in a file. Throws InputError that names the file. */
export function readTrace(file: string): ReturnType<typeof parseTrace> {
  const bytes = readInput(file)
  try {
    return parseTrace(decodeUtf8(bytes, 'trace'))
  } catch (cause) {
    if (!(cause instanceof CardError)) throw cause
    throw new InputError(file, `is no trace that can be read: "kart trace record" makes one (${cause.message})`, { cause })
  }
}

async function openSource(options: Options): Promise<OpenCard> {
  if (options.replay === undefined) return openCard(options)
  if (options.card !== undefined || options.reader !== undefined)
    throw new InputError('--replay', 'the trace is the card: leave --card and --reader out')
  const transport = replayTransport(readTrace(options.replay))
  return { transport, where: options.replay, close: () => transport.close() }
}

/** Carries out the lines of a script one by one; the first that fails ends it. */
async function runLines(shell: ApduShell, lines: Iterable<string> | AsyncIterable<string>): Promise<void> {
  for await (const line of lines) if ((await shell.execute(line)) === 'quit') return
}

/** Reads lines from the keyboard until `quit` or the end of input; a line that fails is told, and the shell goes on. */
async function converse(shell: ApduShell, output: Output): Promise<void> {
  output.line('APDUs in hexadecimal; "help" says more.')
  const keyboard = createInterface({ input: process.stdin, output: process.stdout, prompt: 'apdu> ', historySize: 1000 })
  // readline's own list, newest first; the arrow keys walk it.
  const { history } = keyboard as typeof keyboard & { history?: string[] }
  keyboard.prompt()
  for await (const line of keyboard) {
    if (!mayKeepLine(line)) history?.shift()
    try {
      if ((await shell.execute(line)) === 'quit') break
    } catch (error) {
      if (!(error instanceof CardError)) throw error
      output.aside(explainError(error).message)
    }
    keyboard.prompt()
  }
  keyboard.close()
}

/** `kart apdu`: a shell for APDUs. */
export function addApduCommand(program: Command, run: Runner): void {
  const command = withCardOptions(
    program
      .command('apdu')
      .description(summaries.apdu)
      .argument('[commands...]', 'APDUs in hexadecimal, each an argument; without them a shell, or the lines of standard input'),
  )
    .option('--replay <file>', 'a recorded trace in place of a card: it answers what was answered then')
    .option('--script <file>', 'take the lines from this file')
    .option('--trace <file>', 'record the exchanges in a new file (PINs and keys blanked)')
    .option('--data', 'with --trace: keep the data, which is personal; without it lengths and status words only')
    .option('--json', 'one JSON document on standard output')
    .action((commands: string[], options: Options) =>
      run(options, async (output): Promise<ExitCode> => {
        if (commands.length > 0 && options.script !== undefined) throw new InputError('--script', 'give commands or a script, not both')
        if (options.trace !== undefined && options.replay !== undefined) throw new InputError('--trace', 'a replay is a trace already')
        const { script } = options
        const lines = script === undefined ? commands : decodeInput(script, () => decodeUtf8(readInput(script), 'script')).split('\n')
        const recording = options.trace === undefined ? undefined : startRecording(options.trace, { keepData: options.data === true })
        try {
          const card = await openSource(options)
          try {
            const shell = new ApduShell(card, (text) => output.line(text))
            if (lines.length > 0) await runLines(shell, lines)
            else if (process.stdin.isTTY === true && !output.json) await converse(shell, output)
            else await runLines(shell, createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY }))
            output.document({ where: card.where, exchanges: shell.exchanges, asExpected: shell.asExpected })
            return shell.asExpected ? exitCode.done : exitCode.rejected
          } finally {
            await card.close()
          }
        } finally {
          recording?.stop()
        }
      }),
    )
  withExample(
    command,
    'kart apdu --reader "Kart Reader 00 00"',
    'kart apdu --card citizen.card "00A4040C07A0000002471001 = 9000" 0084000008',
    'kart apdu --replay citizen.trace --script commands.txt',
  )
}
