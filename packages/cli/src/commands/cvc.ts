import { join } from 'node:path'
import { InputError, toHex } from '@kart/codec'
import { type CvCertificate, chatRights, decodeCvCertificate, decodeCvRequest, terminalAlgorithm } from '@kart/layout'
import {
  type IssuedCv,
  initTestCvc,
  issueCv,
  linkCvca,
  newestCvca,
  requestCv,
  saveCvc,
  saveCvHolder,
  saveCvRequest,
  terminalIn,
  verifyCv,
} from '@kart/personalization'
import type { Command } from 'commander'
import { pc } from '../colours.ts'
import { summaries } from '../command-table.ts'
import { isoDay } from '../date-option.ts'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import type { Output } from '../output.ts'
import { decodeInput, readInput } from '../read-file.ts'
import type { Runner } from '../runner.ts'
import { cvcFolder } from '../terminal-options.ts'

interface Options {
  readonly country: string
  readonly issuer?: string
  readonly holder?: string
  readonly authority?: string
  readonly request?: string
  readonly right?: readonly string[]
  readonly from?: string
  readonly months?: string
  readonly foreign?: boolean
  readonly terminal?: string
  readonly at?: string
  readonly json?: boolean
}

const roleNames = {
  cvca: 'CVCA',
  'dv-domestic': 'document verifier',
  'dv-foreign': 'foreign document verifier',
  terminal: 'terminal',
} as const

/** What a certificate says, for a document. */
const describe = (certificate: CvCertificate) => ({
  holder: certificate.holderReference,
  authority: certificate.authorityReference,
  role: certificate.authorization.role,
  terminalType: certificate.authorization.terminalType,
  rights: chatRights(certificate.authorization),
  effective: certificate.effective,
  expiration: certificate.expiration,
  algorithm: terminalAlgorithm(certificate.publicKey.oid)?.name ?? certificate.publicKey.oid,
})

/** One certificate in a line. */
function line(certificate: CvCertificate): string {
  const { holderReference, authorityReference, authorization, effective, expiration } = certificate
  const rights = chatRights(authorization).join(', ') || 'no rights'
  const by = authorityReference === holderReference ? 'self-signed' : `by ${authorityReference}`
  return `${holderReference}  ${roleNames[authorization.role]}, ${by}, ${effective} to ${expiration}, ${rights}`
}

/** First day and months of a certificate to issue, as `--from` and `--months` have them; the months are left out where the caller is to choose. */
function validityOf({ from, months }: Options): { readonly effective: string; readonly months?: number } {
  const effective = isoDay(from, '--from')
  if (months === undefined) return { effective }
  if (!/^\d{1,3}$/.test(months)) throw new InputError('--months', 'not a whole number')
  return { effective, months: Number(months) }
}

/** Keeps a new certificate and its key in the folder, and says so. */
async function keep(output: Output, dir: string, { certificate, privateKeyPkcs8 }: IssuedCv): Promise<void> {
  const file = join(dir, await saveCvHolder(dir, certificate, privateKeyPkcs8))
  output.line(`${pc.green('ISSUED')}  ${file}`)
  output.line(`  ${line(certificate)}`)
  output.document({ file, ...describe(certificate) })
}

/** The options that `issue` and `link` share; `months` says what holds unless told. */
const withValidity = (command: Command, months: string): Command =>
  command.option('--from <date>', 'first day, YYYY-MM-DD; today unless told').option('--months <number>', `validity; ${months} unless told`)

/** `kart cvc`: the certificates by which terminals may read fingerprints. */
export function addCvcCommand(program: Command, run: Runner): void {
  const cvc = program.command('cvc').description(summaries.cvc)

  const init = cvc
    .command('init')
    .description('make a TEST CVCA, a document verifier and a terminal that may read fingerprints; keys lie in files, unprotected')
    .argument('<dir>', 'a folder; files that are there already are never overwritten')
    .option('--country <code>', 'ISO 3166-1 alpha-2 code in the names', 'IR')
    .option('--json', 'one JSON document on standard output')
    .action((dir: string, options: Options) =>
      run(options, async (output) => {
        const made = await initTestCvc({ country: options.country })
        await saveCvc(dir, made)
        const certificates = [made.cvca, made.documentVerifier, made.terminal].map(({ certificate }) => certificate)
        output.line(`${pc.yellow('TEST KEYS')} in ${dir}: whoever has this folder can read the fingerprints of cards issued with its CVCA.`)
        for (const certificate of certificates) output.line(`  ${line(certificate)}`)
        output.document({ dir, test: true, certificates: certificates.map(describe) })
        return exitCode.done
      }),
    )
  withExample(init, 'kart cvc init cvc')

  const issue = withValidity(
    cvc
      .command('issue')
      .description('issue a certificate: a document verifier’s by a CVCA, a terminal’s by a document verifier')
      .argument('<dir>', 'the folder that holds the issuer’s certificate and key; the new ones go there')
      .requiredOption('--issuer <name>', 'holder reference of the issuer')
      .option('--holder <name>', 'holder reference of the new certificate; a key is made for it')
      .option('--request <file>', 'certify the key in this request instead')
      .option('--right <name...>', 'what it may do: read-dg3, read-dg4; both unless told')
      .option('--foreign', 'the document verifier is another country’s'),
    '3 for a document verifier, 1 for a terminal',
  )
    .option('--json', 'one JSON document on standard output')
    .action((dir: string, options: Options) =>
      run(options, async (output) => {
        const validity = validityOf(options)
        const made = await issueCv(await cvcFolder(dir, 'dir'), {
          issuer: options.issuer ?? '',
          ...(options.holder === undefined ? {} : { holderReference: options.holder }),
          ...(options.request === undefined ? {} : { request: readInput(options.request) }),
          ...(options.right === undefined ? {} : { rights: options.right }),
          domestic: options.foreign !== true,
          ...validity,
        })
        await keep(output, dir, made)
        return exitCode.done
      }),
    )
  withExample(issue, 'kart cvc issue cvc --issuer IRTESTDV00001 --holder IRTESTIS00002 --right read-dg3')

  const link = withValidity(
    cvc
      .command('link')
      .description('make the next key of a CVCA, and the link certificate by which the present one vouches for it')
      .argument('<dir>', 'the folder that holds the CVCA’s certificate and key')
      .option('--issuer <name>', 'holder reference of the CVCA; the newest self-signed one unless told'),
    '36',
  )
    .option('--json', 'one JSON document on standard output')
    .action((dir: string, options: Options) =>
      run(options, async (output) => {
        const { effective, months } = validityOf(options)
        const folder = await cvcFolder(dir, 'dir')
        const issuer = options.issuer ?? newestCvca(folder).holderReference
        const made = await linkCvca(folder, issuer, effective, months)
        await keep(output, dir, made)
        return exitCode.done
      }),
    )
  withExample(link, 'kart cvc link cvc')

  const request = cvc
    .command('request')
    .description('make a key, and the request for its certificate')
    .argument('<dir>', 'an existing folder for both')
    .requiredOption('--holder <name>', 'holder reference of the new key')
    .requiredOption('--authority <name>', 'holder reference of the authority that is asked')
    .option('--json', 'one JSON document on standard output')
    .action((dir: string, options: Options) =>
      run(options, async (output) => {
        const made = await requestCv(options.holder ?? '', options.authority ?? '')
        const file = join(dir, await saveCvRequest(dir, made.request, made.privateKeyPkcs8))
        output.line(`${pc.green('REQUESTED')}  ${file}`)
        output.document({ file, holder: made.request.holderReference, authority: made.request.authorityReference ?? null })
        return exitCode.done
      }),
    )
  withExample(request, 'kart cvc request cvc --holder IRTESTIS00002 --authority IRTESTDV00001')

  const show = cvc
    .command('show')
    .description('show a CV certificate or a request')
    .argument('<file>', 'the certificate or request, DO’7F21’ or DO’67’')
    .option('--json', 'one JSON document on standard output')
    .action((file: string, options: Options) =>
      run(options, (output) => {
        const bytes = readInput(file)
        if (isRequest(bytes)) {
          const found = decodeInput(file, () => decodeCvRequest(bytes))
          const algorithm = terminalAlgorithm(found.publicKey.oid)?.name ?? found.publicKey.oid
          output.line(`request of ${found.holderReference} to ${found.authorityReference ?? 'any authority'}, ${algorithm}`)
          output.document({ kind: 'request', holder: found.holderReference, authority: found.authorityReference ?? null, algorithm })
          return exitCode.done
        }
        const found = decodeInput(file, () => decodeCvCertificate(bytes))
        output.line(line(found))
        output.line(pc.dim(`${describe(found).algorithm}; ${found.extensions.length} extensions; ${bytes.length} bytes`))
        output.document({ kind: 'certificate', ...describe(found), bytes: toHex(found.raw) })
        return exitCode.done
      }),
    )
  withExample(show, 'kart cvc show cvc/IRTESTIS00001.cvcert')

  const verify = cvc
    .command('verify')
    .description('verify the chain from the folder’s CVCA to a terminal, as a card would')
    .argument('<dir>', 'the folder')
    .option('--terminal <name>', 'the terminal; the newest unless told')
    .option('--at <date>', 'the day, YYYY-MM-DD; today unless told')
    .option('--json', 'one JSON document on standard output')
    .action((dir: string, options: Options) =>
      run(options, async (output) => {
        const folder = await cvcFolder(dir, 'dir')
        const terminal = terminalIn(folder, options.terminal).certificate
        const found = verifyCv(folder, newestCvca(folder), terminal, isoDay(options.at, '--at'))
        for (const certificate of [found.root, ...found.chain]) output.line(line(certificate))
        const rights = chatRights(found.authorization)
        output.line(`${pc.green('HOLDS')}  the card would grant: ${rights.join(', ') || 'nothing'}`)
        output.document({ holds: true, rights, chain: [found.root, ...found.chain].map(describe) })
        return exitCode.done
      }),
    )
  withExample(verify, 'kart cvc verify cvc')
  withExample(cvc, 'kart cvc init cvc')
}

/** Whether these bytes are a request: DO'67', or a DO'7F21' whose body names no holder authorization. */
function isRequest(bytes: Uint8Array): boolean {
  if (bytes[0] === 0x67) return true
  try {
    decodeCvRequest(bytes)
    return true
  } catch {
    return false
  }
}
