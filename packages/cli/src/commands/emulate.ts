import { InputError } from '@kart/codec'
import { parseFaultPlan } from '@kart/emulator'
import type { Command } from 'commander'
import { summaries } from '../command-table.ts'
import {
  cardFiles,
  closeFileCards,
  type FileCard,
  noticeSilence,
  openFileCard,
  plugAll,
  type ReaderDriver,
  slotName,
} from '../emulating.ts'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import { usingInput } from '../read-file.ts'
import type { Runner } from '../runner.ts'

interface Options {
  readonly card: string
  readonly readers: string
  readonly readerDriver: string
  readonly host: string
  readonly port: string
  readonly sockets: string
  readonly slot: string
  readonly contactless?: boolean
  readonly fault?: string
  readonly verbose?: boolean
  readonly json?: boolean
}

function driverOf({ readerDriver, host, port, sockets, slot }: Options): ReaderDriver {
  if (readerDriver === 'kart') {
    const first = Number(slot)
    if (!Number.isInteger(first) || first < 0 || first > 15) throw new InputError('--slot', 'not a reader: 0 to 15')
    return { kind: 'kart', folder: sockets, first }
  }
  if (readerDriver !== 'vpcd') throw new InputError('--reader-driver', 'not vpcd or kart')
  const number = Number(port)
  if (!Number.isInteger(number) || number < 1 || number > 65535) throw new InputError('--port', 'not a port: 1 to 65535')
  return { kind: 'vpcd', host, port: number }
}

/** `kart emulate`: plugs emulated cards into the PC/SC system through virtual readers. */
export function addEmulateCommand(program: Command, run: Runner): void {
  const command = program
    .command('emulate')
    .description(summaries.emulate)
    .requiredOption('--card <file>', 'the file that holds the card; a blank card is made when there is none')
    .option('--readers <number>', 'so many cards, each in a reader and a file of its own (blank-00.card, ...)', '1')
    .option('--reader-driver <name>', 'the virtual readers: vpcd (two), or kart (up to 16; docs/readers.md)', 'vpcd')
    .option('--host <host>', 'vpcd: where it listens', '127.0.0.1')
    .option('--port <port>', 'vpcd: port of the first reader; 35963 the first slot, 35964 the second', '35963')
    .option('--sockets <folder>', 'kart: where its readers’ sockets are', process.env.KART_READER_SOCKETS ?? '/run/kart')
    .option('--slot <number>', 'kart: number of the first reader', '0')
    .option('--contactless', 'show the card as a reader’s field does: ATR out of its ATS, no PIN without PACE')
    .option('--fault <plan>', 'kart: delay=MS, cut, mute or length=BYTES, with @N for every Nth command')
    .option('--verbose', 'print every exchange by its lengths')
    .option('--json', 'one JSON document on standard output when the card is plugged in')
    .action((options: Options) =>
      run(options, async (output) => {
        const driver = driverOf(options)
        const { fault: plan } = options
        if (plan !== undefined && driver.kind === 'vpcd') throw new InputError('--fault', 'only with --reader-driver kart')
        const fault = plan === undefined ? undefined : usingInput('--fault', () => parseFaultPlan(plan))
        const files = cardFiles(options.card, Number(options.readers))
        const stop = new AbortController()
        process.once('SIGINT', () => stop.abort())
        process.once('SIGTERM', () => stop.abort())
        const cards: FileCard[] = []
        let isPlugged = false
        // vpcd lets a second card connect, and asks it nothing until the first is out.
        const silences = (driver.kind === 'vpcd' ? files : []).map((file, index) =>
          noticeSilence(() =>
            output.aside(
              `${file}: no reader has asked for it: perhaps another card is at ${slotName(driver, index)} already (--port names another reader’s)`,
            ),
          ),
        )
        try {
          for (const file of files) cards.push(openFileCard(file))
          const plugged = await plugAll(cards, {
            driver,
            contactless: options.contactless === true,
            fault,
            signal: stop.signal,
            onEvent: (index, event) => {
              silences[index]?.heard()
              const which = files.length > 1 ? `${files[index]}: ` : ''
              if (options.verbose)
                output.aside(
                  which +
                    Object.entries(event)
                      .map(([key, value]) => `${key} ${String(value)}`)
                      .join(', '),
                )
              else if (event.kind === 'card-failed') output.aside(`${which}the card failed on a command and answered 6F00`)
            },
          })
          isPlugged = true
          output.document(
            driver.kind === 'vpcd' && files.length === 1
              ? { plugged: true, card: files[0], blank: cards[0]?.blank, host: driver.host, port: driver.port }
              : {
                  plugged: true,
                  driver: driver.kind,
                  cards: cards.map(({ file, blank }, i) => ({ card: file, blank, at: slotName(driver, i) })),
                },
          )
          for (const [index, { file, blank }] of cards.entries())
            output.line(
              `${blank ? 'A blank card was made (test transport keys). ' : ''}${file} is plugged in at ${slotName(driver, index)}. Ctrl-C takes it out.`,
            )
          await Promise.all(plugged.map(({ closed }) => closed))
          output.line(cards.length === 1 ? 'The card is out.' : 'The cards are out.')
          return exitCode.done
        } finally {
          for (const silence of silences) silence.stop()
          closeFileCards(cards, isPlugged)
        }
      }),
    )
  withExample(
    command,
    'kart emulate --card blank.card',
    'kart readers      # in another terminal',
    'kart emulate --reader-driver kart --readers 16 --card blank.card',
  )
}
