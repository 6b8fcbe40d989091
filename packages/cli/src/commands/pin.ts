import { visibleText } from '@kart/codec'
import {
  changePin,
  checkNewPin,
  checkUnblockable,
  findPin,
  type HolderPin,
  type PinStatus,
  readPinStatus,
  unblockPin,
} from '@kart/signature'
import type { Command } from 'commander'
import { pc } from '../colours.ts'
import { summaries } from '../command-table.ts'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import { type HolderOptions, triesBefore, withHolderCard, withHolderOptions } from '../holder-options.ts'
import type { Output } from '../output.ts'
import { readNewSecret, readSecret } from '../read-pin.ts'
import type { Runner } from '../runner.ts'
import { plainTable } from '../verdict-output.ts'

interface StatusOptions extends HolderOptions {
  readonly json?: boolean
}

interface NewPinOptions extends StatusOptions {
  readonly pinFile?: string
  readonly pukFile?: string
  readonly newPinFile?: string
}

const digitsOf = ({ minLength, maxLength }: HolderPin): string =>
  minLength === maxLength ? `${minLength} digits` : `${minLength} to ${maxLength} digits`

function stateText(status: PinStatus): string {
  switch (status.state) {
    case 'usable':
      return status.triesLeft === 1 ? pc.yellow('last try') : `${status.triesLeft} tries left`
    case 'verified':
      return 'verified'
    case 'blocked':
      return pc.red('blocked')
    case 'unknown':
      return `the card does not tell: ${status.meaning}`
  }
}

const newPin = (pin: HolderPin, file: string | undefined): Promise<string> =>
  readNewSecret({ what: `new ${pin.label} (${digitsOf(pin)})`, variable: 'KART_NEW_PIN', option: '--new-pin-file', file })

function addStatus(pins: Command, run: Runner): void {
  const command = withHolderOptions(pins.command('status').description('say how many tries each PIN has left; asking takes none'))
    .option('--json', 'one JSON document on standard output')
    .action((options: StatusOptions) =>
      run(options, (output) =>
        withHolderCard(options, async (channel, application, where) => {
          const table = plainTable(['PIN', 'reference', 'length', 'state'])
          const found: unknown[] = []
          for (const pin of application.pins) {
            const status = await readPinStatus(channel, pin)
            table.push([visibleText(pin.label), String(pin.reference), digitsOf(pin), stateText(status)])
            found.push({
              label: pin.label,
              reference: pin.reference,
              role: pin.role,
              minLength: pin.minLength,
              maxLength: pin.maxLength,
              ...status,
            })
          }
          output.line(table.toString())
          output.document({ card: where, pins: found })
          return exitCode.done
        }),
      ),
    )
  withExample(command, 'kart pin status --card citizen.card')
}

const transportHint = 'The PIN of the letter (transport PIN) is changed this way too; until then its key signs nothing.'

function done(output: Output, pin: HolderPin, what: 'changed' | 'unblocked', where: string): typeof exitCode.done {
  output.line(`${pc.green(what.toUpperCase())}  ${visibleText(pin.label)} of ${visibleText(where)}`)
  output.document({ card: where, pin: pin.label, done: what })
  return exitCode.done
}

function addChange(pins: Command, run: Runner): void {
  const command = withHolderOptions(
    pins
      .command('change')
      .description('change a PIN, or the transport PIN of the letter')
      .argument('<pin>', 'its name: AuthPIN, SignPIN, SO-PIN'),
  )
    .option('--pin-file <file>', 'the present PIN, in a file; else KART_PIN, else it is asked for')
    .option('--new-pin-file <file>', 'the new PIN, in a file; else KART_NEW_PIN, else it is asked for')
    .option('--json', 'one JSON document on standard output')
    .action((name: string, options: NewPinOptions) =>
      run(options, (output) =>
        withHolderCard(options, async (channel, application, where) => {
          const pin = findPin(application, name)
          const tries = await triesBefore(channel, pin)
          const present = await readSecret({
            what: `present ${pin.label}${tries}`,
            variable: 'KART_PIN',
            option: '--pin-file',
            ...fileOf(options.pinFile),
          })
          await changePin(channel, pin, present, await newPin(pin, options.newPinFile))
          return done(output, pin, 'changed', where)
        }),
      ),
    )
  command.addHelpText('after', `\n${transportHint}\nWeak PINs (1234.., 1111.., parts of your national code or date of birth) are refused.`)
  withExample(command, 'kart pin change SignPIN --card citizen.card')
}

const fileOf = (file: string | undefined): { readonly file: string | undefined } => ({ file })

function addUnblock(pins: Command, run: Runner): void {
  const command = withHolderOptions(
    pins
      .command('unblock')
      .description('give a blocked PIN its tries back with its PUK, and a new value')
      .argument('<pin>', 'its name: AuthPIN, SignPIN'),
  )
    .option('--puk-file <file>', 'the PUK, in a file; else KART_PUK, else it is asked for')
    .option('--new-pin-file <file>', 'the new PIN, in a file; else KART_NEW_PIN, else it is asked for')
    .option('--json', 'one JSON document on standard output')
    .action((name: string, options: NewPinOptions) =>
      run(options, (output) =>
        withHolderCard(options, async (channel, application, where) => {
          const pin = findPin(application, name)
          checkUnblockable(pin)
          const puk = await readSecret({
            what: `PUK of ${pin.label}`,
            variable: 'KART_PUK',
            option: '--puk-file',
            ...fileOf(options.pukFile),
          })
          const next = await newPin(pin, options.newPinFile)
          checkNewPin(next, pin, 'new PIN')
          await unblockPin(channel, pin, puk, next)
          return done(output, pin, 'unblocked', where)
        }),
      ),
    )
  withExample(command, 'kart pin unblock SignPIN --card citizen.card')
}

/** `kart pin`: tries left, change, unblock. Nothing is ever tried twice by itself. */
export function addPinCommand(program: Command, run: Runner): void {
  const pins = program.command('pin').description(summaries.pin)
  addStatus(pins, run)
  addChange(pins, run)
  addUnblock(pins, run)
  withExample(pins, 'kart pin status --reader "ACR"', 'kart pin change SignPIN --reader "ACR"')
}
