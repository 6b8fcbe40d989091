import { randomBytes } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openChannel } from '@kart/apdu/host'
import { InputError, toHex, visibleText } from '@kart/codec'
import type { SeenKeys } from '@kart/crypto'
import { createBlankCard, testTransportKeys } from '@kart/emulator'
import { currentCardSet, issuerKeysOf, keySourceOf } from '@kart/keys'
import { type CardProfile, findApplication } from '@kart/layout/profile'
import {
  cvcFolderName,
  loadCvc,
  loadPki,
  newestCvca,
  PersonalizationError,
  type PersonalizationReport,
  requireUnfinished,
  seenInFile,
  softwareSigner,
  testHolderAuthority,
} from '@kart/personalization'
import { RunRecorder } from '@kart/report'
import type { Command } from 'commander'
import { cardFile } from '../card-file.ts'
import { type CardSourceOptions, type OpenCard, openCard } from '../card-source.ts'
import { checkRequestFolder, type ExchangeOptions, readCertificateFiles, writeRequests } from '../certificate-exchange.ts'
import { pc } from '../colours.ts'
import { summaries } from '../command-table.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import {
  checkIssuable,
  type IssueExtras,
  type IssueParts,
  issueCard,
  issueStages,
  issuingStages,
  readRecord,
  requestCard,
  requestingStages,
} from '../issuing.ts'
import { addTokenOptions, type KeyOptions, type OpenKeys, openKeys } from '../key-options.ts'
import type { Output } from '../output.ts'
import { profileNamed } from '../profile-option.ts'
import { followStages } from '../progress.ts'
import { readInput } from '../read-file.ts'
import type { Runner } from '../runner.ts'
import { type SecretsOutput, secretsOutput } from '../secrets-output.ts'
import { printTrace } from '../trace-output.ts'
import { printStages } from '../verdict-output.ts'
import { checkTarget, isSamePath, isTaken } from '../write-file.ts'

/** In the PKI's folder: the public keys of every holder that were ever made for certification. */
const seenKeysName = 'holder-keys.seen'

interface Options extends CardSourceOptions, KeyOptions, ExchangeOptions {
  readonly trace?: boolean
  readonly pki: string
  readonly profile?: string
  readonly can?: string
  readonly canFile?: string
  readonly letter?: string
  readonly rollbackCounter?: boolean
  readonly cvca?: string
  readonly allowUnfinished?: boolean
  readonly extendedLength: boolean
  readonly json?: boolean
}

/** A new emulated card in a file, with test transport keys. */
export function newEmulatedCard(path: string, counted?: boolean): OpenCard {
  const memory = cardFile(path, counted)
  try {
    const card = createBlankCard({ memory, transportKeys: testTransportKeys, iccSerial: new Uint8Array(randomBytes(10)) })
    return { transport: card.transport(), where: path, close: async () => card.close() }
  } catch (error) {
    memory.close()
    throw error
  }
}

/** After a run that failed: takes away the card that it made, while it still holds it, or says why the file stays. */
function leaveNoBlankCard(output: Output, path: string, written: boolean): void {
  if (!written) rmSync(path, { force: true })
  else output.aside(`${visibleText(path)} stays, a card that may be half written: delete it, or write it anew with --allow-unfinished.`)
}

/** What the card is given beside the record. Throws PkiError and InputError. */
async function extrasOf({ can, cvca, pki }: Options, profile: CardProfile): Promise<IssueExtras> {
  const signs = findApplication(profile, 'pkcs15') !== undefined
  const passwords = { ...(signs ? { signatureCard: {} } : {}), ...(can === undefined ? {} : { passwords: { can } }) }
  const beside = join(pki, cvcFolderName)
  if (cvca !== undefined) return { ...passwords, cvcaCertificate: readInput(cvca) }
  return existsSync(beside) ? { ...passwords, cvcaCertificate: newestCvca(await loadCvc(beside)).raw } : passwords
}

const neverOverwritten = 'exists already and is never overwritten'

/** What is told once goes into a file that takes the place of nothing, least of all of the card. Throws InputError. */
function checkSecretFile(option: string, file: string | undefined, { card, allowUnfinished }: Options): void {
  if (file === undefined) return
  checkTarget(option, file)
  if (card !== undefined && isSamePath(card, file)) throw new InputError(option, 'is the file of the card: name another')
  // The file of a run that was cut off may be all that tells the PINs of a card that it finished: the card is asked first.
  if (isTaken(file) && allowUnfinished !== true) throw new InputError(option, neverOverwritten)
}

/** After a run that was cut off its files may be there: says whether they are those of the card. Throws InputError, and what asking the card throws. */
async function checkFilesLeft(
  { canFile, letter }: Options,
  { card, profile, keys }: Pick<IssueParts, 'card' | 'profile' | 'keys'>,
  output: Output,
) {
  const named = [['--can-file', canFile] as const, ['--letter', letter] as const]
  const [left] = named.filter(([, file]) => file !== undefined && isTaken(file))
  if (left === undefined) return
  const [option, file = ''] = left
  try {
    await requireUnfinished(openChannel(card.transport), profile, keys)
  } catch (error) {
    if (error instanceof PersonalizationError)
      output.aside(`${visibleText(file)} is left as it is. If it was written for this card, it holds its PINs or number: keep it.`)
    throw error
  }
  throw new InputError(option, `${neverOverwritten}; this card is not finished and gets new PINs and a new number, so name a new file`)
}

/** The memory of keys in the PKI's folder, found fit before any card is touched. Throws PkiError. */
async function seenKeysBeside(pki: string): Promise<SeenKeys> {
  const seen = seenInFile(join(pki, seenKeysName))
  await seen.has('')
  return seen
}

/** The keys that open the card and those that it gets: test transport keys and none, unless a store of master keys is named. */
function keysFor(opened: OpenKeys | undefined): Pick<IssueParts, 'keys' | 'issuerKeys'> {
  if (opened === undefined) return { keys: testTransportKeys }
  const { store, description } = opened
  const set = currentCardSet(description.sets, new Date())
  // A blank may carry a described transport set, or what an earlier run that was cut off has left: the issuer's own.
  return {
    keys: keySourceOf(store, description.sets, store.test ? { testKeys: testTransportKeys } : {}),
    issuerKeys: issuerKeysOf(store, set),
  }
}

/** Opens the master keys that the options name; undefined when they name none. */
async function keysNamed(options: KeyOptions): Promise<OpenKeys | undefined> {
  if (options.keys !== undefined) return openKeys(options.keys, options)
  if (options.pkcs11 !== undefined || options.token !== undefined || options.pinFile !== undefined)
    throw new InputError('--keys', 'name the folder with the description of the token’s keys')
  return undefined
}

function printKeySet(output: Output, { keySet }: Pick<PersonalizationReport, 'keySet'>): void {
  if (keySet === undefined) return
  const { enc, mac, dek } = keySet.checkValues
  const version = keySet.version.toString(16).toUpperCase().padStart(2, '0')
  output.line(
    `  the issuer’s keys, version ${version}; key check values ENC ${enc.toUpperCase()}, MAC ${mac.toUpperCase()}, DEK ${dek.toUpperCase()}`,
  )
}

/** `kart issue`: makes a card from an enrollment record. */
export function addIssueCommand(program: Command, run: Runner): void {
  const command = addTokenOptions(
    program
      .command('issue')
      .description(summaries.issue)
      .argument('<record>', 'the record: JSON, schema kart-enrollment-1, with its images and fingers beside it')
      .requiredOption('--pki <dir>', 'the document signer (made by "kart pki init")')
      .option('--card <file>', 'a new emulated card, its memory kept in this file')
      .option('--reader <name>', 'the blank card in this reader (test transport keys, unless --keys says otherwise)')
      .option('--keys <dir>', 'master keys (made by "kart keys init"): the card’s own keys replace its transport keys')
      .option('--can <number>', 'the card access number, six digits; drawn at random unless told')
      .option(
        '--can-file <file>',
        'write the card access number there, a new file for the printer, before the card is finished, and do not show it',
      )
      .option(
        '--letter <file>',
        'write the holder’s PINs and PUKs there, a new file for the letter, before the card is finished, and do not show them',
      )
      .option('--cvca <file>', 'whose terminals may read the fingerprints: a CVCA certificate; that of the PKI’s folder cvc unless told'),
  )
    .option(
      '--csr <dir>',
      'let the card make the holder’s keys, write a request (PKCS #10) for each into this folder, and stop: the card waits',
    )
    .option('--cert <file...>', 'finish such a card with these certificates, files (PEM, DER) or folders; authorities above go onto it too')
    .option('--rollback-counter', 'keep a counter beside a new emulated card, so that an older copy put in its place is refused')
    .option('--allow-unfinished', 'write a card anew whose personalization was cut off')
    .option('--no-extended-length', 'short APDUs only, for readers that cannot carry long ones')
    .option('--trace', 'show every command beside what went over the wire for it; contents and keys by their lengths only')
    .option('--profile <name>', 'the profile', 'national-id')
    .option('--json', 'one JSON document on standard output')
    .action((recordFile: string, options: Options) =>
      run(options, async (output) => {
        const profile = profileNamed(options.profile)
        const record = readRecord(recordFile)
        const pki = await loadPki(options.pki)
        const signer = softwareSigner(pki.documentSigner)
        if (options.card !== undefined && options.reader !== undefined)
          throw new InputError('card', 'name one card: --card FILE or --reader NAME')
        checkExchange(options)
        const extras = await extrasOf(options, profile)
        checkSecretFile('--can-file', options.canFile, options)
        checkSecretFile('--letter', options.letter, options)
        if (options.letter !== undefined && options.canFile !== undefined && isSamePath(options.letter, options.canFile))
          throw new InputError('--letter', 'is the file of the card access number: name another')
        checkIssuable(record, profile, signer, extras)
        const certificates = options.cert && readCertificateFiles(options.cert)
        if (options.csr !== undefined) checkRequestFolder(options.csr, profile)
        const opened = await keysNamed(options)
        try {
          const parts = { record, profile, extras, seenKeys: await seenKeysBeside(options.pki), ...keysFor(opened) }
          if (options.csr !== undefined) return await requestOne(output, options, options.csr, parts)
          return await issueOne(output, options, {
            ...parts,
            signer,
            ...(certificates === undefined ? { certify: testHolderAuthority(pki.holderAuthority) } : { certificates }),
          })
        } finally {
          await opened?.store.close()
        }
      }),
    )
  withExample(
    command,
    'kart issue citizen.json --pki pki --card citizen.card',
    'kart issue citizen.json --pki pki --keys keys --card citizen.card',
    'kart issue citizen.json --pki pki --card citizen.card --can-file can.txt --letter letter.txt',
    'kart issue citizen.json --pki pki --card citizen.card --csr citizen-requests       # then let an authority sign, and:',
    'kart issue citizen.json --pki pki --card citizen.card --cert citizen-requests/*.crt issuing-ca.crt',
  )
}

/** The card that the options name, and the file of one that is new. */
async function cardFor(options: Options): Promise<{ readonly card: OpenCard; readonly newFile: string | undefined }> {
  const newFile = options.card !== undefined && !existsSync(options.card) ? options.card : undefined
  if (newFile !== undefined && options.cert !== undefined)
    throw new InputError('--card', 'is no file: the certificates are for the card that made the requests (--csr)')
  return { newFile, card: newFile === undefined ? await openCard(options) : newEmulatedCard(newFile, options.rollbackCounter) }
}

/** Lets the card make its keys and ask for their certificates. */
async function requestOne(
  output: Output,
  options: Options,
  folder: string,
  parts: Pick<IssueParts, 'record' | 'profile' | 'extras' | 'seenKeys' | 'keys' | 'issuerKeys'>,
): Promise<ExitCode> {
  const { card, newFile } = await cardFor(options)
  let written = false
  try {
    const report = await followStages(requestingStages, output.json, (tell) =>
      requestCard({
        ...parts,
        card,
        allowUnfinished: options.allowUnfinished === true,
        extendedLength: options.extendedLength,
        tell: (step, text) => {
          written ||= step !== 'open'
          tell(step, text)
        },
      }),
    )
    const files = writeRequests(folder, report)
    output.line()
    output.line(
      `${pc.green('WAITS')}  ${visibleText(card.where)}: the holder’s keys are made, the card is not finished; life cycle ${report.lifeCycle}`,
    )
    for (const [i, { label }] of report.requests.entries())
      output.line(`  the request for the key ${label}: ${visibleText(files[i] ?? '')}`)
    output.line('  When the authority has signed them: "kart issue" of the same record and card with --cert.')
    output.document({
      card: card.where,
      ...report,
      requests: report.requests.map(({ label, use, fingerprint }, i) => ({ label, use, fingerprint, file: files[i] })),
    })
    return exitCode.done
  } catch (error) {
    if (newFile !== undefined) leaveNoBlankCard(output, newFile, written)
    throw error
  } finally {
    await card.close()
  }
}

/** Throws InputError for options that do not go together with `--csr` and `--cert`. */
function checkExchange({ csr, cert, letter, canFile, can, trace }: Options): void {
  if (csr === undefined) return
  if (cert !== undefined) throw new InputError('--csr', 'comes first: run again with --cert when the certificates are there')
  const early = Object.entries({ '--letter': letter, '--can-file': canFile, '--can': can }).find(([, value]) => value !== undefined)
  if (early !== undefined) throw new InputError(early[0], 'is for the run with --cert, in which the card gets its PINs and its number')
  if (trace === true) throw new InputError('--trace', 'is not for the run with --csr')
}

/** Makes the card that the options name. */
async function issueOne(
  output: Output,
  options: Options,
  parts: Pick<IssueParts, 'record' | 'profile' | 'signer' | 'extras' | 'certify' | 'certificates' | 'seenKeys' | 'keys' | 'issuerKeys'>,
): Promise<ExitCode> {
  const { card, newFile } = await cardFor(options)
  let written = false
  let secrets: SecretsOutput | undefined
  const recorder = options.trace === true ? new RunRecorder() : undefined
  try {
    await checkFilesLeft(options, { ...parts, card }, output)
    const { report, mrz, notes } = await followStages(issuingStages, output.json, (tell, show) => {
      secrets = secretsOutput(output, options, show)
      return issueCard({
        ...parts,
        card,
        keeper: secrets,
        allowUnfinished: options.allowUnfinished === true,
        extendedLength: options.extendedLength,
        ...(recorder === undefined ? {} : { traceSink: recorder.sink }),
        tell: (step, text) => {
          written ||= step !== 'open'
          tell(step, text)
        },
      })
    })
    output.line()
    printStages(output, issueStages(report))
    if (recorder !== undefined) printTrace(output, recorder, parts.profile)
    output.line()
    output.line(
      `${pc.green('ISSUED')}  ${visibleText(card.where)}: ${report.payload} bytes of content in ${report.apdus} APDUs, ${report.sent + report.received} bytes on the wire; life cycle ${report.lifeCycle}`,
    )
    for (const line of mrz) output.line(`  ${line}`)
    printKeySet(output, report)
    for (const key of report.holderKeys)
      output.line(`  the holder’s key ${key.label}, ${key.algorithm}, made on the card, certified, and proved by a signature`)
    for (const note of notes) output.line(pc.dim(note))
    output.document({
      card: card.where,
      mrz: mrz.join(''),
      notes,
      ...report,
      publicKey: report.publicKey,
      atr: toHex(card.transport.atr),
    })
    return exitCode.done
  } catch (error) {
    secrets?.explainFailure()
    if (newFile !== undefined) leaveNoBlankCard(output, newFile, written)
    throw error
  } finally {
    await card.close()
  }
}
