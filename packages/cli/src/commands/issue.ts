import { randomBytes } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { InputError, toHex, visibleText } from '@kart/codec'
import { createBlankCard, fileMemory, testTransportKeys } from '@kart/emulator'
import { loadPki, softwareSigner } from '@kart/personalization'
import type { Command } from 'commander'
import { type CardSourceOptions, type OpenCard, openCard } from '../card-source.ts'
import { pc } from '../colours.ts'
import { summaries } from '../command-table.ts'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import { checkIssuable, issueCard, issueStages, issuingStages, readRecord } from '../issuing.ts'
import type { Output } from '../output.ts'
import { profileNamed } from '../profile-option.ts'
import { followStages } from '../progress.ts'
import type { Runner } from '../runner.ts'
import { printStages } from '../verdict-output.ts'

interface Options extends CardSourceOptions {
  readonly pki: string
  readonly profile?: string
  readonly allowUnfinished?: boolean
  readonly extendedLength: boolean
  readonly json?: boolean
}

/** A new emulated card in a file, with test transport keys. */
export function newEmulatedCard(path: string, options: Parameters<typeof fileMemory>[1] = {}): OpenCard {
  const memory = fileMemory(path, options)
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
  else output.aside(`${visibleText(path)} stays, a card half written: delete it, or write it anew with --allow-unfinished.`)
}

/** `kart issue`: makes a card from an enrollment record. */
export function addIssueCommand(program: Command, run: Runner): void {
  const command = program
    .command('issue')
    .description(summaries.issue)
    .argument('<record>', 'the record: JSON, schema kart-enrollment-1, with its images and fingers beside it')
    .requiredOption('--pki <dir>', 'the document signer (made by "kart pki init")')
    .option('--card <file>', 'a new emulated card, its memory kept in this file')
    .option('--reader <name>', 'the blank card in this reader (test transport keys)')
    .option('--allow-unfinished', 'write a card anew whose personalization was cut off')
    .option('--no-extended-length', 'short APDUs only, for readers that cannot carry long ones')
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
        checkIssuable(record, profile, signer)
        const newFile = options.card !== undefined && !existsSync(options.card) ? options.card : undefined
        const card = newFile === undefined ? await openCard(options) : newEmulatedCard(newFile)
        let written = false
        try {
          const { report, mrz, notes } = await followStages(issuingStages, output.json, (tell) =>
            issueCard({
              record,
              profile,
              card,
              keys: testTransportKeys,
              signer,
              allowUnfinished: options.allowUnfinished === true,
              extendedLength: options.extendedLength,
              tell: (step, text) => {
                written ||= step !== 'open'
                tell(step, text)
              },
            }),
          )
          output.line()
          printStages(output, issueStages(report))
          output.line()
          output.line(
            `${pc.green('ISSUED')}  ${visibleText(card.where)}: ${report.payload} bytes of content in ${report.apdus} APDUs, ${report.sent + report.received} bytes on the wire; life cycle ${report.lifeCycle}`,
          )
          for (const line of mrz) output.line(`  ${line}`)
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
          if (newFile !== undefined) leaveNoBlankCard(output, newFile, written)
          throw error
        } finally {
          await card.close()
        }
      }),
    )
  withExample(command, 'kart issue citizen.json --pki pki --card citizen.card')
}
