import { randomBytes } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { InputError, toHex, visibleText } from '@kart/codec'
import type { SeenKeys } from '@kart/crypto'
import { createBlankCard, testTransportKeys } from '@kart/emulator'
import { currentCardSet, issuerKeysOf, keySourceOf } from '@kart/keys'
import { keyKinds } from '@kart/layout'
import { type CardProfile, findApplication } from '@kart/layout/profile'
import {
  cvcFolderName,
  loadCvc,
  loadPki,
  newestCvca,
  type PersonalizationReport,
  seenInFile,
  softwareSigner,
  testHolderAuthority,
} from '@kart/personalization'
import { RunRecorder } from '@kart/report'
import type { Command } from 'commander'
import { cardFile } from '../card-file.ts'
import { type CardSourceOptions, type OpenCard, openCard } from '../card-source.ts'
import {
  checkAuthorities,
  checkEarlierRequests,
  checkRequestFolder,
  type EarlierRequests,
  type ExchangeOptions,
  readCertificateFiles,
  writeRequests,
} from '../certificate-exchange.ts'
import { pc } from '../colours.ts'
import { summaries } from '../command-table.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import { hearInterrupts, InterruptedError, type Interrupts } from '../interrupt.ts'
import {
  checkIssuable,
  finishingStages,
  type IssueExtras,
  type IssueParts,
  issueCard,
  issueStages,
  issuingStages,
  pinNotes,
  readRecord,
  requestCard,
  requestingStages,
} from '../issuing.ts'
import { addTokenOptions, type KeyOptions, type OpenKeys, openKeys } from '../key-options.ts'
import type { Output } from '../output.ts'
import { profileNamed, withHolderKeys } from '../profile-option.ts'
import { followStages } from '../progress.ts'
import { readInput } from '../read-file.ts'
import type { Runner } from '../runner.ts'
import { checkFilesLeft, checkSecretFiles, checkTold } from '../secret-files.ts'
import { type SecretsOutput, secretsOutput } from '../secrets-output.ts'
import { printTrace } from '../trace-output.ts'
import { printStages } from '../verdict-output.ts'

/** In the PKI's folder: the public keys of every holder that were ever made for certification. */
const seenKeysName = 'holder-keys.seen'

interface Options extends CardSourceOptions, KeyOptions, ExchangeOptions {
  readonly trace?: boolean
  readonly pki: string
  readonly profile?: string
  readonly holderKeys?: string
  readonly can?: string
  readonly canFile?: string
  readonly letter?: string
  readonly soPinFile?: string
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

/** After a run that failed: takes away the card that it made, while it still holds it, or says why the file stays; after one that was stopped also what became of another card. */
function explainCard(
  output: Output,
  error: unknown,
  { card, newFile, written, csr }: OpenedCard & { readonly written: boolean; readonly csr?: string },
): void {
  if (newFile !== undefined && written && csr === undefined)
    output.aside(`${visibleText(newFile)} stays, a card that may be half written: delete it, or write it anew with --allow-unfinished.`)
  if (newFile !== undefined && !written) rmSync(newFile, { force: true })
  if (written && csr !== undefined)
    output.aside(
      `${visibleText(card.where)}: the card is not finished. Run --csr again: keys that it holds whole ask again, while --allow-unfinished makes other keys.`,
    )
  if (!(error instanceof InterruptedError)) return
  if (!written) output.aside('Nothing was written onto the card; the same command begins again.')
  else if (newFile === undefined && csr === undefined)
    output.aside(
      `${visibleText(card.where)}: the card is not finished and may be half written; the same command with --allow-unfinished goes on.`,
    )
}

/** What the card is given beside the record. Throws PkiError and InputError. */
async function extrasOf({ can, cvca, pki }: Options, profile: CardProfile): Promise<IssueExtras> {
  const signs = findApplication(profile, 'pkcs15') !== undefined
  const passwords = { ...(signs ? { signatureCard: {} } : {}), ...(can === undefined ? {} : { passwords: { can } }) }
  const beside = join(pki, cvcFolderName)
  if (cvca !== undefined) return { ...passwords, cvcaCertificate: readInput(cvca) }
  return existsSync(beside) ? { ...passwords, cvcaCertificate: newestCvca(await loadCvc(beside)).raw } : passwords
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
      .option('--so-pin-file <file>', 'write the SO-PIN there, a new file for the office; without it, it stands at the end of the letter')
      .option('--cvca <file>', 'whose terminals may read the fingerprints: a CVCA certificate; that of the PKI’s folder cvc unless told'),
  )
    .option(
      '--csr <dir>',
      'let the card make the holder’s keys, write a request (PKCS #10) for each into this folder, and stop: the card waits',
    )
    .option('--cert <file...>', 'finish such a card with these certificates, files (PEM, DER) or folders; authorities above go onto it too')
    .option('--ca <file...>', 'with --cert: the authorities of holders that are trusted; certificates of any other are refused')
    .option('--rollback-counter', 'keep a counter beside a new emulated card, so that an older copy put in its place is refused')
    .option('--allow-unfinished', 'write a card anew whose personalization was cut off')
    .option('--no-extended-length', 'short APDUs only, for readers that cannot carry long ones')
    .option('--trace', 'show every command beside what went over the wire for it; contents and keys by their lengths only')
    .option('--profile <name>', 'the profile', 'national-id')
    .option(
      '--holder-keys <kinds>',
      `kinds of the holder’s keys, one for all or AUTHENTICATION,SIGNATURE: ${Object.keys(keyKinds).join(', ')}; p256,p384 unless told. The same for --csr and --cert`,
    )
    .option('--json', 'one JSON document on standard output')
    .action((recordFile: string, options: Options) =>
      run(options, async (output) => {
        const profile = withHolderKeys(profileNamed(options.profile), options.holderKeys)
        const record = readRecord(recordFile)
        const pki = await loadPki(options.pki)
        const signer = softwareSigner(pki.documentSigner)
        if (options.card !== undefined && options.reader !== undefined)
          throw new InputError('card', 'name one card: --card FILE or --reader NAME')
        checkExchange(options)
        const extras = await extrasOf(options, profile)
        if (options.csr === undefined) checkTold(options, profile)
        checkSecretFiles(options)
        checkIssuable(record, profile, signer, extras)
        const certificates = options.cert && readCertificateFiles(options.cert)
        const authorities = certificates && checkAuthorities(certificates, options.ca)
        const earlier = options.csr === undefined ? new Map() : checkRequestFolder(options.csr, profile)
        if (options.csr !== undefined && options.card !== undefined && !existsSync(options.card))
          checkEarlierRequests(options.csr, earlier, [])
        const interrupts = hearInterrupts((text) => output.aside(text))
        let opened: OpenKeys | undefined
        try {
          opened = await keysNamed(options)
          const parts = { record, profile, extras, seenKeys: await seenKeysBeside(options.pki), ...keysFor(opened) }
          if (options.csr !== undefined) return await requestOne(output, options, { folder: options.csr, earlier }, parts, interrupts)
          return await issueOne(
            output,
            options,
            {
              ...parts,
              signer,
              ...(certificates === undefined ? { certify: testHolderAuthority(pki.holderAuthority) } : { certificates, authorities }),
            },
            interrupts,
          )
        } finally {
          interrupts.release()
          await opened?.store.close()
        }
      }),
    )
  withExample(
    command,
    'kart issue citizen.json --pki pki --card citizen.card',
    'kart issue citizen.json --pki pki --keys keys --card citizen.card',
    'kart issue citizen.json --pki pki --card citizen.card --can-file can.txt --letter letter.txt',
    'kart issue citizen.json --pki pki --card citizen.card --holder-keys rsa2048        # for programs that know no curves',
    'kart issue citizen.json --pki pki --card citizen.card --csr citizen-requests       # then let an authority sign, and:',
    'kart issue citizen.json --pki pki --card citizen.card --cert citizen-requests/*.crt issuing-ca.crt --ca root-ca.crt',
  )
}

interface OpenedCard {
  readonly card: OpenCard
  /** The file of a card that is new. */
  readonly newFile: string | undefined
}

/** The card that the options name, which stops where the user says. */
async function cardFor(options: Options, interrupts: Interrupts): Promise<OpenedCard> {
  const newFile = options.card !== undefined && !existsSync(options.card) ? options.card : undefined
  if (newFile !== undefined && options.cert !== undefined)
    throw new InputError('--card', 'is no file: the certificates are for the card that made the requests (--csr)')
  const card = newFile === undefined ? await openCard(options) : newEmulatedCard(newFile, options.rollbackCounter)
  return { newFile, card: interrupts.guard(card) }
}

/** Lets the card make its keys and ask for their certificates. */
async function requestOne(
  output: Output,
  options: Options,
  { folder, earlier }: { readonly folder: string; readonly earlier: EarlierRequests },
  parts: Pick<IssueParts, 'record' | 'profile' | 'extras' | 'seenKeys' | 'keys' | 'issuerKeys'>,
  interrupts: Interrupts,
): Promise<ExitCode> {
  const { card, newFile } = await cardFor(options, interrupts)
  let written = false
  try {
    const report = await followStages(requestingStages, output.json, (tell) =>
      requestCard({
        ...parts,
        card,
        ...(earlier.size === 0 ? {} : { checkHeld: (keys) => checkEarlierRequests(folder, earlier, keys) }),
        allowUnfinished: options.allowUnfinished === true,
        extendedLength: options.extendedLength,
        tell: (step, text) => {
          written ||= step !== 'open' && step !== 'certificates'
          tell(step, text)
        },
      }),
    )
    const files = writeRequests(folder, report)
    output.line()
    output.line(
      `${pc.green('WAITS')}  ${visibleText(card.where)}: ${report.keysHeld ? 'the same keys as before asked again' : 'the holder’s keys are made'}, the card is not finished; life cycle ${report.lifeCycle}`,
    )
    for (const [i, { label }] of report.requests.entries())
      output.line(`  the request for the key ${label}: ${visibleText(files[i] ?? '')}`)
    for (const note of pinNotes(report.throughPace)) output.line(pc.dim(note))
    output.line('  When the authority has signed them: "kart issue" of the same record and card with --cert.')
    output.document({
      card: card.where,
      ...report,
      requests: report.requests.map(({ label, use, fingerprint }, i) => ({ label, use, fingerprint, file: files[i] })),
    })
    return exitCode.done
  } catch (error) {
    explainCard(output, error, { card, newFile, written, csr: folder })
    throw error
  } finally {
    await card.close()
  }
}

/** Throws InputError for options that do not go together with `--csr` and `--cert`. */
function checkExchange({ csr, cert, ca, letter, canFile, soPinFile, can, trace }: Options): void {
  if (ca !== undefined && cert === undefined) throw new InputError('--ca', 'is for the certificates of --cert')
  if (csr === undefined) return
  if (cert !== undefined) throw new InputError('--csr', 'comes first: run again with --cert when the certificates are there')
  const early = Object.entries({ '--letter': letter, '--can-file': canFile, '--so-pin-file': soPinFile, '--can': can }).find(
    ([, value]) => value !== undefined,
  )
  if (early !== undefined) throw new InputError(early[0], 'is for the run with --cert, in which the card gets its PINs and its number')
  if (trace === true) throw new InputError('--trace', 'is not for the run with --csr')
}

/** Makes the card that the options name. */
async function issueOne(
  output: Output,
  options: Options,
  parts: Pick<IssueParts, 'record' | 'profile' | 'signer' | 'extras' | 'certify' | 'certificates' | 'seenKeys' | 'keys' | 'issuerKeys'> & {
    /** Names of the trusted authorities that the given certificates were held against; undefined = none was named. */
    readonly authorities?: readonly string[] | undefined
  },
  interrupts: Interrupts,
): Promise<ExitCode> {
  const { card, newFile } = await cardFor(options, interrupts)
  let written = false
  let secrets: SecretsOutput | undefined
  const recorder = options.trace === true ? new RunRecorder() : undefined
  try {
    await checkFilesLeft(options, { ...parts, card }, output)
    const { report, mrz, notes } = await followStages(
      parts.certificates === undefined ? issuingStages : finishingStages,
      output.json,
      (tell, show) => {
        const keeper = secretsOutput(output, options, show)
        secrets = keeper
        return issueCard({
          ...parts,
          card,
          identify: (iccSerial) => keeper.identify({ documentNumber: parts.record.document.number, iccSerial }),
          keeper: {
            async keep(told) {
              await interrupts.passStopping()
              await keeper.keep(told)
            },
            drop: () => keeper.drop(),
          },
          allowUnfinished: options.allowUnfinished === true,
          extendedLength: options.extendedLength,
          ...(recorder === undefined ? {} : { traceSink: recorder.sink }),
          tell: (step, text) => {
            written ||= step !== 'open' && step !== 'certificates'
            tell(step, text)
          },
        })
      },
    )
    if (recorder !== undefined) output.line()
    // Every stage stands above already with its time; what each cost belongs to a trace.
    if (recorder !== undefined) printStages(output, issueStages(report))
    if (recorder !== undefined) printTrace(output, recorder, parts.profile)
    output.line()
    output.line(
      `${pc.green('ISSUED')}  ${visibleText(card.where)}: ${report.payload} bytes of content in ${report.apdus} APDUs, ${report.sent + report.received} bytes on the wire; life cycle ${report.lifeCycle}`,
    )
    for (const line of mrz) output.line(`  ${line}`)
    secrets?.explainFiles()
    if (parts.authorities !== undefined)
      output.line(`  certificates of ${parts.authorities.map(visibleText).join('; ')}, which --ca trusts`)
    else if (parts.certificates !== undefined)
      output.line('  No authority was checked: the certificates were taken from whoever signed them (--ca FILE checks them).')
    printKeySet(output, report)
    for (const key of report.holderKeys)
      output.line(`  the holder’s key ${key.label}, ${key.algorithm}, made on the card, certified, and proved by a signature`)
    for (const note of notes) output.line(pc.dim(note))
    if (interrupts.late !== undefined) output.aside(`${interrupts.late} came too late to stop: the card is finished.`)
    output.document({
      card: card.where,
      mrz: mrz.join(''),
      notes,
      secretFiles: secrets?.files ?? {},
      ...(parts.certificates === undefined ? {} : { checkedAuthorities: parts.authorities ?? null }),
      ...report,
      publicKey: report.publicKey,
      atr: toHex(card.transport.atr),
    })
    return exitCode.done
  } catch (error) {
    secrets?.explainFailure()
    explainCard(output, error, { card, newFile, written })
    throw error
  } finally {
    await card.close()
  }
}
