import type { CardChannel } from '@kart/apdu/host'
import { InputError, visibleText } from '@kart/codec'
import {
  changePin,
  checkUnblockable,
  type FingerStatus,
  findPin,
  type HolderApplication,
  type HolderPin,
  officerPin,
  type PinDetails,
  type PinStatus,
  readFingers,
  readPinDetails,
  readPinStatus,
  unblockByOfficer,
  unblockFingers,
  unblockPin,
} from '@kart/signature'
import type { Command } from 'commander'
import { pc } from '../colours.ts'
import { summaries } from '../command-table.ts'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import { type HolderOptions, triesBefore, withHolderCard, withHolderOptions } from '../holder-options.ts'
import type { Output } from '../output.ts'
import { readNewSecret, readSecret, type SecretSource } from '../read-pin.ts'
import type { Runner } from '../runner.ts'
import { plainTable } from '../verdict-output.ts'

interface StatusOptions extends HolderOptions {
  readonly json?: boolean
}

interface SecretOptions extends StatusOptions {
  readonly pinFile?: string
  readonly pukFile?: string
  readonly newPinFile?: string
  readonly soPin?: boolean
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

function pukText({ pukTriesLeft }: PinDetails): string {
  if (pukTriesLeft === undefined) return 'none'
  return pukTriesLeft === 0 ? pc.red('used up') : pukTriesLeft === 1 ? pc.yellow('last try') : `${pukTriesLeft} tries left`
}

/** The secrets that the commands ask for: for people, the environment variable, the option, and the property of the options that names a file. */
const secrets = {
  present: { what: 'current', variable: 'KART_PIN', option: '--pin-file', file: 'pinFile' },
  puk: { what: 'PUK of', variable: 'KART_PUK', option: '--puk-file', file: 'pukFile' },
  next: { what: 'new', variable: 'KART_NEW_PIN', option: '--new-pin-file', file: 'newPinFile' },
} as const

type Secret = keyof typeof secrets

function sourceOf(secret: Secret, pin: HolderPin, options: SecretOptions, note = ''): SecretSource {
  const { what, variable, option, file } = secrets[secret]
  return { what: `${what} ${pin.label}`, note, variable, option, file: options[file] }
}

const newPin = (pin: HolderPin, options: SecretOptions): Promise<string> =>
  readNewSecret(sourceOf('next', pin, options, ` (${digitsOf(pin)})`))

function withSecrets(command: Command, named: Readonly<Partial<Record<Secret, string>>>): Command {
  for (const [secret, description] of Object.entries(named) as [Secret, string][])
    command.option(`${secrets[secret].option} <file>`, `${description}, in a file; else ${secrets[secret].variable}, else it is asked for`)
  return command.option('--json', 'one JSON document on standard output')
}

/** An empty VERIFY, which asks for tries, knows PINs alone; the reference card has an object for the rest, other cards may not. */
const notTold = 'The card tells neither whether a PIN is still that of the letter, nor how many tries a PUK has left.'

const fingerName = (reference: number): string => `finger ${reference.toString(16).toUpperCase()}`

const fingerState = ({ triesLeft }: FingerStatus): PinStatus =>
  triesLeft === undefined ? { state: 'verified' } : triesLeft === 0 ? { state: 'blocked' } : { state: 'usable', triesLeft }

function addStatus(pins: Command, run: Runner): void {
  const command = withHolderOptions(
    pins.command('status').description('say how many tries each PIN and each enrolled finger has left; asking takes none'),
  )
    .option('--json', 'one JSON document on standard output')
    .action((options: StatusOptions) =>
      run(options, (output) =>
        withHolderCard(options, async (channel, application, where) => {
          const table = plainTable(['PIN', 'reference', 'length', 'state', 'PUK'])
          let told = true
          const found: unknown[] = []
          for (const pin of application.pins) {
            const status = await readPinStatus(channel, pin)
            const details = await readPinDetails(channel, pin)
            told &&= details !== undefined
            const { label, reference, role, minLength, maxLength } = pin
            const state = details?.transport ? `${stateText(status)}, ${pc.yellow('still that of the letter')}` : stateText(status)
            table.push([visibleText(label), String(reference), digitsOf(pin), state, details ? pukText(details) : ''])
            const beside = details && { transport: details.transport, pukTriesLeft: details.pukTriesLeft ?? null }
            found.push({ label, reference, role, minLength, maxLength, ...status, ...beside })
          }
          const fingers = await readFingers(channel)
          for (const finger of fingers)
            table.push([fingerName(finger.reference), finger.reference.toString(16).toUpperCase(), '', stateText(fingerState(finger)), ''])
          output.line(table.toString())
          if (!told) output.line(pc.dim(notTold))
          output.document({
            ...{ card: where, pins: found },
            fingers: fingers.map((finger) => ({ reference: finger.reference, ...fingerState(finger) })),
          })
          return exitCode.done
        }),
      ),
    )
  withExample(command, 'kart pin status --card citizen.card')
}

type Done = 'changed' | 'unblocked'

function tell(output: Output, name: string, what: Done, where: string, next?: string): typeof exitCode.done {
  output.line(`${pc.green(what.toUpperCase())}  ${visibleText(name)} of ${visibleText(where)}`)
  if (next !== undefined) output.line(`  ${next}`)
  output.document({ card: where, pin: name, done: what, ...(next === undefined ? {} : { next }) })
  return exitCode.done
}

/** What a command does with the PIN that it names. */
interface PinAct {
  readonly name: string
  readonly description: string
  readonly argument: string
  readonly secrets: Readonly<Partial<Record<Secret, string>>>
  readonly done: Done
  /** Gives what is still to be done, for people; nothing where that is all. */
  readonly act: (
    channel: CardChannel,
    pin: HolderPin,
    options: SecretOptions,
    application: HolderApplication,
    output: Output,
  ) => Promise<string | undefined>
}

function addAct(pins: Command, run: Runner, { name, description, argument, secrets: named, done, act }: PinAct): Command {
  return withSecrets(withHolderOptions(pins.command(name).description(description).argument('<pin>', argument)), named).action(
    (label: string, options: SecretOptions) =>
      run(options, (output) =>
        withHolderCard(options, async (channel, application, where) => {
          const pin = findPin(application, label)
          const next = await act(channel, pin, options, application, output)
          return tell(output, pin.label, done, where, next)
        }),
      ),
  )
}

function addChange(pins: Command, run: Runner): void {
  const command = addAct(pins, run, {
    name: 'change',
    description: 'change a PIN, or the transport PIN of the letter',
    argument: 'its name: AuthPIN, SignPIN, SO-PIN',
    secrets: { present: 'the current PIN, at first that of the letter', next: 'the new PIN' },
    done: 'changed',
    act: async (channel, pin, options) => {
      const present = await readSecret(sourceOf('present', pin, options, await triesBefore(channel, pin)))
      await changePin(channel, pin, present, await newPin(pin, options))
      return undefined
    },
  })
  command.addHelpText(
    'after',
    `
The PIN of the letter (transport PIN) is changed this way too; until then its key signs nothing. At a terminal a new PIN is asked for twice.
Weak PINs (1234.., 1111.., parts of your national code or date of birth) are refused.`,
  )
  withExample(command, 'kart pin change SignPIN --card citizen.card')
}

/** What is left to do behind an unblocking, as that does not end a transport PIN; nothing where the card says that it is none. */
function changeStillDue(details: PinDetails | undefined): string | undefined {
  if (details === undefined)
    return 'If the PIN of the letter was never changed, that is still to be done ("kart pin change"): until then its key signs nothing.'
  return details.transport
    ? 'It still counts as the PIN of the letter: change it once ("kart pin change"); until then its key signs nothing.'
    : undefined
}

function addUnblock(pins: Command, run: Runner): void {
  const command = addAct(pins, run, {
    name: 'unblock',
    description: 'give a PIN its tries back and a new value, with its PUK or with the SO-PIN; nothing unblocks the SO-PIN',
    argument: 'its name: AuthPIN, SignPIN',
    secrets: { puk: 'the PUK', present: 'with --so-pin, the SO-PIN', next: 'the new PIN' },
    done: 'unblocked',
    act: async (channel, pin, options, application, output) => {
      checkUnblockable(pin)
      const status = await readPinStatus(channel, pin)
      if (status.state === 'usable')
        output.aside(`${visibleText(pin.label)} is not blocked (${stateText(status)}); it gets a new value all the same.`)
      if (options.soPin === true) {
        const officer = officerPin(application)
        const present = await readSecret(sourceOf('present', officer, options, await triesBefore(channel, officer)))
        await unblockByOfficer(channel, application, pin, present, await newPin(pin, options))
      } else {
        const puk = await readSecret(sourceOf('puk', pin, options))
        await unblockPin(channel, pin, puk, await newPin(pin, options))
      }
      return changeStillDue(await readPinDetails(channel, pin))
    },
  }).option('--so-pin', 'with the SO-PIN in place of the PUK, where that is lost or used up')
  command.addHelpText(
    'after',
    `
A PUK has ten tries; when they are used up, the PIN goes on working with the tries it has, and the SO-PIN alone unblocks it (--so-pin). Unblocking a PIN of the letter
(transport PIN) does not end it: change it too.`,
  )
  withExample(
    command,
    'kart pin unblock SignPIN --card citizen.card',
    'kart pin unblock SignPIN --card citizen.card --so-pin      # asks for the SO-PIN',
  )
}

function addUnblockFinger(pins: Command, run: Runner): void {
  const command = withSecrets(
    withHolderOptions(
      pins.command('unblock-finger').description('give blocked fingers their tries back with the SO-PIN; ten times a finger, and no more'),
    ),
    { present: 'the SO-PIN' },
  ).action((options: SecretOptions) =>
    run(options, (output) => {
      if (options.can === undefined) throw new InputError('--can', 'a finger is unblocked inside PACE only: give the card access number')
      return withHolderCard(options, async (channel, application, where) => {
        const fingers = await readFingers(channel)
        const blocked = fingers.filter(({ triesLeft }) => triesLeft === 0).map(({ reference }) => reference)
        if (blocked.length === 0) throw new InputError('card', fingers.length === 0 ? 'compares no fingers' : 'has no blocked finger')
        const pin = officerPin(application)
        const officer = await readSecret(sourceOf('present', pin, options, await triesBefore(channel, pin)))
        await unblockFingers(channel, application, blocked, officer)
        return tell(output, blocked.map(fingerName).join(', '), 'unblocked', where)
      })
    }),
  )
  withExample(command, 'kart pin unblock-finger --card citizen.card --can 123456     # asks for the SO-PIN')
}

/** `kart pin`: tries left, change, unblock. Nothing is ever tried twice by itself. */
export function addPinCommand(program: Command, run: Runner): void {
  const pins = program.command('pin').description(summaries.pin)
  addStatus(pins, run)
  addChange(pins, run)
  addUnblock(pins, run)
  addUnblockFinger(pins, run)
  withExample(pins, 'kart pin status --reader "ACR"', 'kart pin change SignPIN --reader "ACR"')
}
