import { InputError } from '@kart/codec'
import { thresholds } from '@kart/matcher'
import { defaultPolicy, type HolderRequest, judge, runChecks } from '@kart/verification'
import type { Command } from 'commander'
import { type AccessOptions, accessKeyOf, withAccessOptions } from '../access-options.ts'
import { withCardOptions } from '../card-options.ts'
import { type CardSourceOptions, openCard } from '../card-source.ts'
import { pc } from '../colours.ts'
import { summaries } from '../command-table.ts'
import { momentNamed } from '../date-option.ts'
import { withExample } from '../help.ts'
import { noVerdict } from '../no-verdict.ts'
import { profileNamed } from '../profile-option.ts'
import { readFinger } from '../read-file.ts'
import { readSecret } from '../read-pin.ts'
import { readWithTrace } from '../reading.ts'
import type { Runner } from '../runner.ts'
import { accessPolicyOf, type TerminalOptions, terminalOf, withTerminalOptions } from '../terminal-options.ts'
import { thresholdNamed } from '../threshold-option.ts'
import { printTrace } from '../trace-output.ts'
import { type HolderTrustOptions, holderAuthoritiesOf, type TrustOptions, trustOf } from '../trust-options.ts'
import { printReport, printStages, verdictDocument, verdictExit } from '../verdict-output.ts'
import { writePage } from '../verification-page.ts'
import { checkOutput, forceText } from '../write-file.ts'

interface Options extends CardSourceOptions, AccessOptions, TerminalOptions, TrustOptions, Omit<HolderTrustOptions, 'pki'> {
  readonly probe?: string
  readonly onCard?: boolean
  readonly report?: string
  readonly trace?: boolean
  readonly force?: boolean
  readonly profile?: string
  readonly threshold: string
  readonly at?: string
  readonly json?: boolean
}

/** What is asked of the holder's application: its PIN only where an option says so. */
function holderRequest({ askPin, pinFile }: HolderTrustOptions, where: string): HolderRequest {
  if (askPin !== true && pinFile === undefined) return {}
  return {
    askPin: ({ label, triesLeft }) => {
      const note = triesLeft === undefined ? '' : triesLeft === 1 ? ', last try' : `, ${triesLeft} tries left`
      return readSecret({ what: `${label} of ${where}`, note, variable: 'KART_PIN', option: '--pin-file', file: pinFile })
    },
  }
}

/** `kart verify`: reads a card, proves it genuine, and matches its holder's finger. */
export function addVerifyCommand(program: Command, run: Runner): void {
  const command = withTerminalOptions(withAccessOptions(withCardOptions(program.command('verify').description(summaries.verify))))
    .option('--pki <dir>', 'trust the CSCA in this folder (made by "kart pki init")')
    .option('--csca <file...>', 'trust these country signing certificates (DER or PEM)')
    .option('--link <file...>', 'link certificates that lead from a trusted CSCA to its next key (DER or PEM)')
    .option('--crl <file...>', 'revocation lists of the CSCA (DER or PEM)')
    .option('--holder-ca <file...>', 'hold the holder’s certificates on the card against these authorities (DER or PEM); never a CSCA')
    .option('--ask-pin', 'let the holder’s authentication key sign a challenge: its PIN from KART_PIN, else asked for, and sent once')
    .option('--pin-file <file>', 'as --ask-pin, with the PIN in a file')
    .option(
      '--probe <file>',
      'a live finger, any template that "kart minutiae" can show; compared with the card’s own where --cvc lets it be read, else by the card',
    )
    .option('--on-card', 'let the card compare the finger, even where its own could be read; each no costs its holder a try')
    .option('--threshold <name>', `how like the finger must be: ${Object.keys(thresholds).join(', ')}`, 'fmr1e-4')
    .option('--at <time>', 'judge as of this time instead of now')
    .option('--report <file>', 'write an HTML report')
    .option(
      '--trace',
      'show every command beside what went over the wire for it, contents and keys by their lengths only; and why an offer of PACE was passed over',
    )
    .option('--profile <name>', 'the profile', 'national-id')
    .option('--force', forceText)
    .option('--json', 'one JSON document on standard output: verdict and every check')
    .action((options: Options) =>
      run(
        options,
        async (output) => {
          const profile = profileNamed(options.profile)
          const access = accessKeyOf(options)
          const trust = trustOf(options)
          const holderAuthorities = holderAuthoritiesOf(options)
          const policy = { ...defaultPolicy(momentNamed(options.at)), fingerThreshold: thresholdNamed(options.threshold) }
          const probe = options.probe === undefined ? undefined : readFinger(options.probe).bytes
          if (options.onCard === true && probe === undefined) throw new InputError('--on-card', 'needs a finger: give it with --probe')
          checkOutput('--report', options.report, {
            force: options.force,
            inputs: { 'of the card': options.card, 'of the finger': options.probe, 'of the PIN': options.pinFile },
          })
          const terminal = await terminalOf(options)
          const card = await openCard(options)
          try {
            const reading = await readWithTrace(card, profile, {
              access,
              accessPolicy: accessPolicyOf(options),
              ...(terminal === undefined ? {} : { terminal }),
              ...(probe === undefined ? {} : { finger: { probe, when: options.onCard === true ? 'always' : 'without-dg3' } }),
              ...(holderAuthorities === undefined ? {} : { holder: holderRequest(options, card.where) }),
            })
            const checks = await runChecks(reading.evidence, {
              ...{ profile, trust, policy },
              ...(holderAuthorities === undefined ? {} : { holderAuthorities }),
              ...(probe ? { probe } : {}),
            })
            const report = judge(checks, policy)
            printStages(output, reading.recorder.stages)
            if (options.trace === true) printTrace(output, reading.recorder, profile)
            output.line()
            printReport(output, report, policy, reading.evidence, options.trace === true)
            if (options.report !== undefined) {
              writePage(options.report, { profile, reading, report, policy, probe, notes: [] }, options.force)
              output.line(pc.dim(`report: ${options.report}`))
            }
            output.document(verdictDocument(report, reading, profile, policy))
            return verdictExit(report)
          } finally {
            await card.close()
          }
        },
        noVerdict,
      ),
    )
  withExample(
    command,
    'kart verify --card citizen.card --docno T00000017 --dob 1990-03-21 --doe 2036-11-01 --pki pki --report report.html',
    'kart verify --card citizen.card --can 123456 --pki pki --ask-pin     # the holder’s certificates, and the key of one: asks for the AuthPIN',
    'kart verify --card citizen.card --can 123456 --pki pki --cvc pki/cvc --probe live.fmr     # fingerprints open to a terminal only',
    'kart verify --card citizen.card --can 123456 --pki pki --probe live.fmr --on-card       # the card compares, and says yes or no',
  )
}
