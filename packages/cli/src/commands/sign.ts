import { existsSync } from 'node:fs'
import { InputError, toHex, visibleText } from '@kart/codec'
import { findKey, signWithCard } from '@kart/signature'
import type { CadesReport } from '@kart/verification'
import type { Command } from 'commander'
import { pc } from '../colours.ts'
import { summaries } from '../command-table.ts'
import { momentNamed } from '../date-option.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import { type HolderOptions, triesBefore, withHolderCard, withHolderOptions } from '../holder-options.ts'
import type { Output } from '../output.ts'
import { readInput } from '../read-file.ts'
import { readSecret } from '../read-pin.ts'
import type { Runner } from '../runner.ts'
import { approveSigner, checkSignable, hashFile, personOf, verifyFile } from '../signing.ts'
import { type AuthorityOptions, authoritiesNamed, authoritiesOf } from '../trust-options.ts'
import { checkLines } from '../verdict-output.ts'
import { checkOutput, writeMade } from '../write-file.ts'

interface Options extends HolderOptions, AuthorityOptions {
  readonly key: string
  readonly pinFile?: string
  readonly output?: string
  readonly force?: boolean
  readonly anyTime?: boolean
  readonly verify?: boolean
  readonly signature?: string
  readonly at?: string
  readonly json?: boolean
}

async function sign(file: string, options: Options, output: Output): Promise<ExitCode> {
  for (const [option, value] of [
    ['--signature', options.signature],
    ['--at', options.at],
  ] as const)
    if (value !== undefined) throw new InputError(option, 'goes with --verify; a signature is written with -o')
  checkSignable(file)
  const target = options.output ?? `${file}.p7s`
  checkOutput('-o', target, {
    force: options.force,
    inputs: { 'that is to be signed': file, 'of the card': options.card, 'of the PIN': options.pinFile },
  })
  const trust = authoritiesNamed(options)
  return withHolderCard(options, async (channel, application, where) => {
    const key = findKey(application, options.key)
    const { pin } = key
    const note = pin === undefined ? '' : await triesBefore(channel, pin)
    const what = pin && `${pin.label} of ${where}`
    const made = await signWithCard(channel, application, {
      key,
      pin:
        what === undefined
          ? undefined
          : () => readSecret({ what, note, variable: 'KART_PIN', option: '--pin-file', file: options.pinFile }),
      anyTime: options.anyTime === true,
      approve: (signer) => trust && approveSigner(signer, { ...trust, now: new Date() }, options.anyTime === true),
      messageDigest: (hash) => hashFile(file, hash, output.json),
    })
    writeMade(target, made.signature, options.force)
    const { subject, issuer } = made.certificate
    output.line(`${pc.green('SIGNED')}  ${visibleText(file)} with the key ${visibleText(key.label)}: ${visibleText(target)}`)
    output.line(`  by ${visibleText(subject.text)}`)
    if (trust === undefined) output.line(pc.dim('  whether an authority vouches for the signer was not looked at: --ca or --pki does'))
    output.line(
      pc.dim(`  at ${made.signingTime.toISOString()} by this machine’s clock; ${made.scheme.kind}, ${made.scheme.hash}; CAdES-B-B`),
    )
    output.document({
      ...{ file, signature: target, key: key.label, scheme: made.scheme, signingTime: made.signingTime.toISOString() },
      signer: { ...personOf(subject), subject: subject.text, issuer: issuer.text },
    })
    return exitCode.done
  })
}

function printVerdict(output: Output, { verdict, signers }: CadesReport, file: string): void {
  const colour = verdict === 'accepted' ? pc.green : pc.red
  for (const { certificate, signingTime, checks } of signers) {
    output.line(checkLines(checks))
    output.line()
    const reason = checks.find(({ required, outcome }) => required && outcome !== 'pass')
    output.line(
      `${pc.bold(colour(verdict.toUpperCase()))}  ${visibleText(file)}${reason ? `: ${reason.title}: ${visibleText(reason.detail)}` : ''}`,
    )
    if (certificate === undefined) continue
    output.line(`  ${verdict === 'accepted' ? 'signed by' : 'the signature names'} ${visibleText(certificate.subject.text)}`)
    output.line(pc.dim(`  certified by ${visibleText(certificate.issuer.text)}`))
    if (signingTime !== undefined) output.line(pc.dim(`  at ${signingTime.toISOString()}, as the signer says; no time-stamp proves it`))
  }
  if (signers.length === 0) output.line(`${pc.bold(pc.red('REJECTED'))}  ${visibleText(file)}: the signature names no signer`)
}

async function verify(file: string, options: Options, output: Output): Promise<ExitCode> {
  const { card, reader, output: target, pinFile, force, anyTime } = options
  if ([card, reader, target, pinFile, force, anyTime].some((option) => option !== undefined))
    throw new InputError('--verify', 'needs no card and writes nothing: leave --card, --reader, --pin-file, -o, --force and --any-time out')
  checkSignable(file)
  const path = options.signature ?? `${file}.p7s`
  if (options.signature === undefined && !existsSync(path))
    throw new InputError('--signature', `there is no ${path}: name the signature where it lies elsewhere`)
  const bytes = readInput(path)
  const report = await verifyFile(file, bytes, { ...authoritiesOf(options), now: momentNamed(options.at) }, output.json)
  printVerdict(output, report, file)
  output.document({
    ...{ verdict: report.verdict, file, signature: path },
    signers: report.signers.map(({ certificate, signingTime, checks }) => ({
      ...(certificate === undefined
        ? {}
        : {
            ...personOf(certificate.subject),
            subject: certificate.subject.text,
            issuer: certificate.issuer.text,
            certificateSerialNumber: toHex(certificate.serialNumber),
          }),
      ...(signingTime === undefined ? {} : { signingTime: signingTime.toISOString() }),
      checks,
    })),
  })
  return report.verdict === 'accepted' ? exitCode.done : exitCode.rejected
}

/** `kart sign`: signs a file with the card, or verifies a signature. */
export function addSignCommand(program: Command, run: Runner): void {
  const command = withHolderOptions(
    program
      .command('sign')
      .description(summaries.sign)
      .argument('<file>', 'the file: its content is hashed here, and never goes to the card'),
  )
    .option('--key <name>', 'which key of the card, by its label: one that is certified for signatures in its holder’s name', 'signature')
    .option('--pin-file <file>', 'the PIN of that key, in a file; else KART_PIN, else it is asked for. It is sent once')
    .option('-o, --output <file>', 'where the signature goes; the file’s name and .p7s unless told')
    .option('--force', 'write over an earlier signature of that name; without it the card is not even asked then')
    .option('--verify', 'verify a signature instead, and say who signed')
    .option('--signature <file>', 'with --verify: the signature; the file’s name and .p7s unless told')
    .option(
      '--ca <file...>',
      'trust these authorities of holders’ certificates (DER or PEM); before signing, the signer’s is held against them',
    )
    .option('--pki <dir>', 'as --ca, with the authority for holders of this folder (made by "kart pki init")')
    .option('--crl <file...>', 'revocation lists of those authorities (DER or PEM); they must then speak of every certificate')
    .option('--any-time', 'sign even with a certificate that has expired or does not hold yet')
    .option('--at <time>', 'with --verify: judge as of this time instead of now')
    .option('--json', 'one JSON document on standard output')
    .action((file: string, options: Options) =>
      run(
        options,
        (output) => (options.verify === true ? verify(file, options, output) : sign(file, options, output)),
        options.verify === true ? { verdict: 'error' } : {},
      ),
    )
  withExample(
    command,
    'kart sign contract.pdf --card citizen.card                # asks for the SignPIN, writes contract.pdf.p7s',
    'kart sign contract.pdf --card citizen.card --pki pki       # as above, once the PKI’s authority was found to vouch for the signer',
    'kart sign --verify contract.pdf --pki pki',
    'kart sign --verify contract.pdf --signature contract.pdf.p7s --ca citizen-ca.cer --crl citizen-ca.crl',
    'openssl x509 -inform DER -in citizen-ca.cer -out citizen-ca.pem      # openssl cms takes authorities as PEM alone',
    'openssl cms -verify -cades -binary -inform DER -in contract.pdf.p7s -content contract.pdf -CAfile citizen-ca.pem -purpose any -out /dev/null',
  )
}
