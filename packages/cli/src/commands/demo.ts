import { join } from 'node:path'
import { InputError } from '@kart/codec'
import { testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout/profile'
import { decodeTemplate, decodeTemplates, encodeTemplate, fmrCodec, makeImpression } from '@kart/minutiae'
import {
  cvcFolderName,
  type EnrollmentRecord,
  initTestCvc,
  initTestPki,
  saveCvc,
  savePki,
  softwareSigner,
  testHolderAuthority,
} from '@kart/personalization'
import { annotateTrace, buildEvidenceTree, RunRecorder, renderFileTreeText } from '@kart/report'
import { defaultPolicy, judge, runChecks, trustStore } from '@kart/verification'
import type { Command } from 'commander'
import { accessKeyOf } from '../access-options.ts'
import { pc } from '../colours.ts'
import { summaries } from '../command-table.ts'
import { prepareDemoFolder } from '../demo-folder.ts'
import { withExample } from '../help.ts'
import { checkIssuable, issueCard, issueStages, issuingStages, readRecord } from '../issuing.ts'
import { noVerdict } from '../no-verdict.ts'
import { followStages, type Stage } from '../progress.ts'
import { readFinger, usingInput } from '../read-file.ts'
import { readWithTrace } from '../reading.ts'
import type { Runner } from '../runner.ts'
import { specimenFile } from '../specimen.ts'
import { terminalOf } from '../terminal-options.ts'
import { printReport, printStages, verdictDocument, verdictExit } from '../verdict-output.ts'
import { writePage } from '../verification-page.ts'
import { writeOutput } from '../write-file.ts'
import { newEmulatedCard } from './issue.ts'

interface Options {
  readonly record?: string
  readonly finger?: string
  readonly probe?: string
  readonly out: string
  readonly json?: boolean
}

const verificationStages = [
  { id: 'read', title: 'read the card: PACE, chip and terminal authentication, files, active authentication' },
  { id: 'check', title: 'check: signatures, chain, hashes, chip, identity, finger' },
] as const satisfies readonly Stage<string>[]

/** Seed of the made impression: the demonstration is the same every time. */
const impressionSeed = 20_261_122

/** Puts another enrolled finger into a record. */
function withFinger(record: EnrollmentRecord, file: string | undefined): EnrollmentRecord {
  if (file === undefined) return record
  const { bytes, template } = readFinger(file)
  if (template.count === 0) throw new InputError('--finger', 'holds no minutiae')
  const { format, record: decoded } = decodeTemplates(bytes)
  const position = decoded?.views[0]?.position || 2
  return {
    ...record,
    fingers: [
      {
        position,
        template:
          format === 'iso-19794-2-2005' && decoded?.views.length === 1
            ? bytes
            : usingInput(file, () => encodeTemplate(template, 'iso-19794-2-2005', { position })),
      },
    ],
  }
}

/** The live finger: the user's, or a made impression of the enrolled one, which is then said to be made. */
function liveFinger(record: EnrollmentRecord, file: string | undefined): { bytes: Uint8Array; note: string } {
  if (file !== undefined) return { bytes: readFinger(file).bytes, note: `The live finger is ${file}.` }
  const enrolled = record.fingers[0]
  if (enrolled === undefined) throw new Error('the record has no finger')
  const { template, description } = usingInput('fingers[0]', () =>
    makeImpression(decodeTemplate(enrolled.template), { seed: impressionSeed }),
  )
  return {
    bytes: encodeTemplate(template, 'iso-19794-2-2005', { position: fmrCodec.decode(enrolled.template).views[0]?.position ?? 0 }),
    note: `The live finger is no second scan: ${description}`,
  }
}

/** `kart demo`: the whole way, from an enrollment record to a verdict, on an emulated card in this process. */
export function addDemoCommand(program: Command, run: Runner): void {
  const command = program
    .command('demo')
    .description(summaries.demo)
    .option('--record <file>', 'your own enrollment record instead of the specimen citizen')
    .option('--finger <file>', 'your own enrolled finger (any supported template)')
    .option('--probe <file>', 'your own live finger; without it, a second impression is made by a model')
    .option('--out <dir>', 'where card, test PKI, live finger and report go; what an earlier demo left there is replaced', 'kart-demo')
    .option('--json', 'one JSON document on standard output')
    .action((options: Options) =>
      run(
        options,
        async (output) => {
          const profile = nationalId
          const record = withFinger(readRecord(options.record ?? specimenFile('record.json')), options.finger)
          const probe = record.fingers.length > 0 || options.probe !== undefined ? liveFinger(record, options.probe) : undefined
          const pki = initTestPki()
          const signer = softwareSigner(pki.documentSigner)
          const cvc = await initTestCvc()
          const extras = { cvcaCertificate: cvc.cvca.certificate.raw, signatureCard: {} }
          checkIssuable(record, profile, signer, extras)
          const files = prepareDemoFolder(options.out)

          output.line(
            pc.bold(
              options.record
                ? `Personalizing a card from ${options.record}`
                : 'Personalizing a card for the specimen citizen (an invented person)',
            ),
          )
          await savePki(files.pki, pki)
          const cvcFolder = join(files.pki, cvcFolderName)
          await saveCvc(cvcFolder, cvc)
          if (probe) writeOutput(files.probe, probe.bytes)
          const issueRecorder = new RunRecorder()
          const card = newEmulatedCard(files.card)
          try {
            const {
              report: issued,
              forPrinter,
              mrz,
            } = await followStages(issuingStages, output.json, (tell) =>
              issueCard({
                record,
                profile,
                card,
                keys: testTransportKeys,
                signer,
                extras,
                certify: testHolderAuthority(pki.holderAuthority),
                allowUnfinished: false,
                traceSink: issueRecorder.sink,
                tell,
              }),
            )
            output.line()
            printStages(output, issueStages(issued))

            output.line()
            output.line(pc.bold('Verifying it, as a stranger to whom it is shown'))
            const policy = defaultPolicy(new Date())
            const terminal = await terminalOf({ cvc: cvcFolder })
            const { reading, report } = await followStages(verificationStages, output.json, async (tell) => {
              tell('read')
              const read = await readWithTrace(
                card,
                profile,
                { access: accessKeyOf({ mrz: mrz.join('') }), ...(terminal ? { terminal } : {}) },
                (text) => tell('read', text),
              )
              tell('check')
              const checks = await runChecks(read.evidence, {
                profile,
                trust: trustStore([pki.csca.certificate]),
                policy,
                ...(probe ? { probe: probe.bytes } : {}),
              })
              return { reading: read, report: judge(checks, policy) }
            })
            output.line()
            printStages(output, reading.recorder.stages)
            output.line()
            output.line(renderFileTreeText(buildEvidenceTree(profile, reading.evidence)))
            output.line()
            printReport(output, report, policy, reading.evidence)

            const notes = [
              ...(options.record
                ? []
                : ['The holder is invented and the portrait drawn; the enrolled finger is a public-domain test record of NIST.']),
              ...(probe ? [probe.note] : ['The record has no finger, so none was matched.']),
              'The signing authority and the authority of terminals (CVCA) are TEST authorities made for this run.',
            ]
            // The folder is the demonstration's own.
            const ownFolder = true
            writePage(
              files.report,
              {
                profile,
                reading,
                report,
                policy,
                probe: probe?.bytes,
                notes,
                issued: { stages: issueStages(issued), trace: annotateTrace(issueRecorder.entries, profile) },
              },
              ownFolder,
            )
            output.line()
            for (const note of notes) output.line(pc.dim(note))
            output.line()
            output.line(`Report: ${files.report}`)
            output.line(
              `Try:    npx kart verify --card ${files.card} --mrz '${mrz.join('')}' --pki ${files.pki} --cvc ${cvcFolder}${probe ? ` --probe ${files.probe}` : ''}`,
            )
            if (forPrinter.can !== undefined) output.line(`        npx kart read --card ${files.card} --can ${forPrinter.can}`)
            output.document({
              ...verdictDocument(report, reading, profile, policy),
              mrz: mrz.join(''),
              ...(forPrinter.can === undefined ? {} : { can: forPrinter.can }),
              issued,
              notes,
              report: files.report,
            })
            return verdictExit(report)
          } finally {
            await card.close()
          }
        },
        noVerdict,
      ),
    )
  withExample(command, 'kart demo', 'kart demo --probe impostor.fmr      # ends in rejected, exit code 1')
}
