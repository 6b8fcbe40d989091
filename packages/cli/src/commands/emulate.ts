import { randomBytes } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { InputError } from '@kart/codec'
import { createBlankCard, EmulatedCard, fileMemory, plugIntoVpcd, testTransportKeys } from '@kart/emulator'
import type { Command } from 'commander'
import { summaries } from '../command-table.ts'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import type { Runner } from '../runner.ts'

interface Options {
  readonly card: string
  readonly host: string
  readonly port: string
  readonly verbose?: boolean
  readonly json?: boolean
}

/** `kart emulate`: plugs an emulated card into the PC/SC system through the virtual reader vpcd. */
export function addEmulateCommand(program: Command, run: Runner): void {
  const command = program
    .command('emulate')
    .description(summaries.emulate)
    .requiredOption('--card <file>', 'the file that holds the card; a blank card is made when there is none')
    .option('--host <host>', 'where vpcd listens', '127.0.0.1')
    .option('--port <port>', 'its port: 35963 the first slot, 35964 the second', '35963')
    .option('--verbose', 'print every exchange by its lengths')
    .option('--json', 'one JSON document on standard output when the card is plugged in')
    .action((options: Options) =>
      run(options, async (output) => {
        const port = Number(options.port)
        if (!Number.isInteger(port) || port < 1 || port > 65535) throw new InputError('--port', 'not a port: 1 to 65535')
        const memory = fileMemory(options.card)
        const blank = !existsSync(options.card)
        let card: EmulatedCard
        try {
          card = blank
            ? createBlankCard({ memory, transportKeys: testTransportKeys, iccSerial: new Uint8Array(randomBytes(10)) })
            : new EmulatedCard({ memory })
        } catch (error) {
          memory.close()
          throw error
        }
        const stop = new AbortController()
        process.once('SIGINT', () => stop.abort())
        process.once('SIGTERM', () => stop.abort())
        let isPlugged = false
        try {
          const plugged = await plugIntoVpcd({
            card,
            host: options.host,
            port,
            signal: stop.signal,
            onEvent: (event) => {
              if (options.verbose)
                output.aside(
                  Object.entries(event)
                    .map(([key, value]) => `${key} ${String(value)}`)
                    .join(', '),
                )
              else if (event.kind === 'card-failed') output.aside('the card failed on a command and answered 6F00')
            },
          })
          isPlugged = true
          output.document({ plugged: true, card: options.card, blank, host: options.host, port })
          output.line(
            `${blank ? 'A blank card was made (test transport keys). ' : ''}${options.card} is plugged in at ${options.host}:${port}. Ctrl-C takes it out.`,
          )
          await plugged.closed
          output.line('The card is out.')
          return exitCode.done
        } finally {
          // A blank card that never reached a reader is of no use to anybody; it goes while this run still holds it.
          if (blank && !isPlugged) rmSync(options.card, { force: true })
          card.close()
        }
      }),
    )
  withExample(command, 'kart emulate --card blank.card', 'kart readers      # in another terminal')
}
