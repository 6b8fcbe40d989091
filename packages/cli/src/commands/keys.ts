import { type CardTransport, getResponse, openChannel, wrongLength } from '@kart/apdu/host'
import { fromHex, InputError, visibleText } from '@kart/codec'
import {
  currentCardSet,
  type ExplainedKey,
  explainDiversification,
  FileKeyStore,
  initTestKeys,
  initTokenKeys,
  type KeyDescription,
  type KeyPurpose,
  type KeySet,
  listTokenKeys,
  type MasterAlgorithm,
  purposes,
  showCheckValue,
} from '@kart/keys'
import { PersonalizationError, readChipSerial } from '@kart/personalization'
import { type Command, Option } from 'commander'
import { type CardSourceOptions, openCard } from '../card-source.ts'
import { pc } from '../colours.ts'
import { summaries } from '../command-table.ts'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import { addTokenOptions, openKeys, type TokenOptions, tokenOf } from '../key-options.ts'
import { masterDocument, masterLine, printExplanation, setLine } from '../key-output.ts'
import type { Output } from '../output.ts'
import { profileNamed } from '../profile-option.ts'
import type { Runner } from '../runner.ts'

interface InitOptions extends TokenOptions {
  readonly bits: '128' | '192' | '256'
  readonly cardBits: '128' | '192' | '256'
  readonly test?: boolean
  readonly json?: boolean
}

interface ExplainOptions extends TokenOptions, CardSourceOptions {
  readonly keys?: string
  readonly serial?: string
  readonly set?: string
  readonly purpose?: readonly KeyPurpose[]
  readonly json?: boolean
}

interface ListOptions extends TokenOptions {
  readonly json?: boolean
}

const exampleSerial = fromHex('00010203040506070809')

function printDescription(output: Output, description: KeyDescription): void {
  for (const key of description.keys) output.line(`  ${masterLine(key)}`)
  for (const set of description.sets) output.line(`  ${setLine(set)}`)
}

const documentOf = ({ test, keys, sets }: KeyDescription) => ({ test, keys: keys.map(masterDocument), sets })

async function makeKeys(folder: string, options: InitOptions): Promise<KeyDescription> {
  const algorithm = `aes-${options.bits}` as Exclude<MasterAlgorithm, 'des-ede2'>
  const keyLength = (Number(options.cardBits) / 8) as 16 | 24 | 32
  if (Number(options.cardBits) > Number(options.bits))
    throw new InputError('--card-bits', 'a card’s keys are not longer than the master key')
  const token = await tokenOf(options)
  if (token === undefined) return initTestKeys(folder, { algorithm, keyLength })
  return initTokenKeys(folder, token, { algorithm, keyLength, test: options.test === true })
}

function addInit(keys: Command, run: Runner): void {
  const sizes = ['128', '192', '256']
  const init = addTokenOptions(
    keys
      .command('init')
      .description('make a master key: a TEST key in a file, or with --pkcs11 one that never leaves its token')
      .argument('<dir>', 'a folder for the key description; files that are there already are never overwritten'),
  )
    .addOption(new Option('--bits <bits>', 'size of the master key, AES').choices(sizes).default('256'))
    .addOption(new Option('--card-bits <bits>', 'size of the keys derived for cards, AES').choices(sizes).default('128'))
    .option('--test', 'with --pkcs11: the token’s key is for tests, and may be used with test cards')
    .option('--json', 'one JSON document on standard output')
    .action((dir: string, options: InitOptions) =>
      run(options, async (output) => {
        const description = await makeKeys(dir, options)
        if (options.pkcs11 === undefined)
          output.line(`${pc.yellow('TEST KEYS')} in ${visibleText(dir)}: whoever has this folder has the keys of every card made with it.`)
        else
          output.line(`A master key on token ${visibleText(options.token ?? '')}, described in ${visibleText(dir)}; it cannot be read out.`)
        printDescription(output, description)
        output.document({ dir, ...documentOf(description) })
        return exitCode.done
      }),
    )
  withExample(init, 'kart keys init keys', 'kart keys init keys --pkcs11 /usr/lib/softhsm/libsofthsm2.so --token cards')
}

function setNamed(description: KeyDescription, name: string | undefined): KeySet {
  if (name === undefined) return currentCardSet(description.sets, new Date())
  const set = description.sets.find((candidate) => candidate.name === name)
  if (set === undefined)
    throw new InputError('--set', `there is no such key set; there are ${description.sets.map((known) => known.name).join(', ')}`)
  return set
}

/** The serial number that the options name, and where it is from. */
async function serialOf(options: ExplainOptions): Promise<{ serial: Uint8Array; from: string }> {
  if (options.serial !== undefined) {
    if (options.card !== undefined || options.reader !== undefined) throw new InputError('--serial', 'give it, or a card, not both')
    if (!/^([0-9a-fA-F]{2}){10}$/.test(options.serial)) throw new InputError('--serial', 'not 10 bytes in hex (20 digits)')
    return { serial: fromHex(options.serial), from: 'as given' }
  }
  if (options.card === undefined && options.reader === undefined) return { serial: exampleSerial, from: 'an example' }
  const card = await openCard(options)
  try {
    return { serial: await chipSerial(card.transport), from: `read from ${visibleText(card.where)}` }
  } catch (cause) {
    if (!(cause instanceof PersonalizationError)) throw cause
    throw new InputError(
      options.card === undefined ? '--reader' : '--card',
      'the card has no keys, and so does not tell its data: take one that was issued with --keys, or give the data by --serial',
      { cause },
    )
  } finally {
    await card.close()
  }
}

const chipSerial = (transport: CardTransport) =>
  readChipSerial(openChannel(transport, getResponse(), wrongLength()), profileNamed(undefined))

function addExplain(keys: Command, run: Runner): void {
  const explain = addTokenOptions(
    keys
      .command('explain')
      .description('show step by step how a card’s keys are derived: inputs, labels and key check values, never a key')
      .option('--keys <dir>', 'the keys (made by "kart keys init"); without it, a key that all the world knows'),
  )
    .option('--serial <hex>', 'the card’s 10 bytes of key diversification data, 20 hex digits')
    .option('--card <file>', 'or read them from the emulated card in this file')
    .option('--reader <name>', 'or from the card in this reader')
    .option('--set <name>', 'the key set; the one in use for issued cards unless told')
    .addOption(
      new Option('--purpose <name...>', 'what the keys are for; the three secure channel keys unless told').choices(Object.keys(purposes)),
    )
    .option('--json', 'one JSON document on standard output')
    .action((options: ExplainOptions) =>
      run(options, async (output) => {
        if (options.keys === undefined && (await tokenOf(options)) !== undefined)
          throw new InputError('--keys', 'name the folder with the description of the token’s keys')
        const { serial, from } = await serialOf(options)
        const { store, description } = options.keys === undefined ? await FileKeyStore.example() : await openKeys(options.keys, options)
        try {
          const explanation = await explainDiversification(store, setNamed(description, options.set), serial, options.purpose)
          printExplanation(output, explanation, { store: store.name, serial: from })
          output.document({
            store: { kind: store.kind, name: store.name, test: store.test },
            ...explanation,
            keys: explanation.keys.map(documentKey),
          })
          return exitCode.done
        } finally {
          await store.close()
        }
      }),
    )
  withExample(explain, 'kart keys explain --serial 4B415254000000000001', 'kart keys explain --keys keys --card citizen.card')
}

const documentKey = (key: ExplainedKey) => ({
  ...key,
  checkValue: key.checkValue.toUpperCase(),
  masterCheckValue: key.masterCheckValue.toUpperCase(),
})

function addList(keys: Command, run: Runner): void {
  const list = addTokenOptions(
    keys
      .command('list')
      .description('list master keys and key sets with their check values; each key is tried against its description')
      .argument('[dir]', 'the folder with the key description; with --pkcs11 alone, every secret key of the token'),
  )
    .option('--json', 'one JSON document on standard output')
    .action((dir: string | undefined, options: ListOptions) =>
      run(options, async (output) => {
        if (dir !== undefined) {
          const { store, description } = await openKeys(dir, options)
          try {
            const held = await store.list()
            output.line(
              `${store.test ? pc.yellow('TEST KEYS') : 'Keys'} of ${visibleText(store.name)}; every one is the key that its description says`,
            )
            printDescription(output, { ...description, keys: held })
            output.document({ store: { kind: store.kind, name: store.name }, ...documentOf(description) })
            return exitCode.done
          } finally {
            await store.close()
          }
        }
        const token = await tokenOf(options)
        if (token === undefined) throw new InputError('dir', 'name a folder of keys, or a token: --pkcs11 MODULE --token LABEL')
        const rows = await listTokenKeys(token)
        output.line(
          rows.length === 0 ? `Token ${visibleText(token.token)} has no secret keys.` : `Secret keys of token ${visibleText(token.token)}`,
        )
        for (const { label, algorithm, checkValue, unfit } of rows)
          output.line(
            `  ${visibleText(label)}: ${algorithm ?? 'another kind of key'}${checkValue ? `, key check value ${showCheckValue(checkValue)}` : ''}${unfit ? pc.yellow(`, ${unfit}`) : ''}`,
          )
        output.document({
          store: { kind: 'pkcs11', name: token.token },
          keys: rows.map(({ label, algorithm, checkValue, unfit }) => ({
            id: label,
            algorithm,
            checkValue: checkValue && showCheckValue(checkValue),
            unfit,
          })),
        })
        return exitCode.done
      }),
    )
  withExample(list, 'kart keys list keys', 'kart keys list --pkcs11 /usr/lib/softhsm/libsofthsm2.so --token cards')
}

/** `kart keys`: master keys, and how the keys of cards follow from them. */
export function addKeysCommand(program: Command, run: Runner): void {
  const keys = program.command('keys').description(summaries.keys)
  addInit(keys, run)
  addExplain(keys, run)
  addList(keys, run)
  withExample(keys, 'kart keys init keys', 'kart keys explain --keys keys --serial 4B415254000000000001')
}
