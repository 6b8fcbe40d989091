import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { InputError, toHex } from '@kart/codec'
import { decodeCertificate, decodeRevocationList } from '@kart/layout'
import {
  buildRevocationList,
  cvcFolderName,
  initTestCvc,
  initTestPki,
  loadPki,
  pkiFileNames,
  saveCvc,
  savePki,
} from '@kart/personalization'
import { type Command, Option } from 'commander'
import { pc } from '../colours.ts'
import { summaries } from '../command-table.ts'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import { readInput } from '../read-file.ts'
import type { Runner } from '../runner.ts'
import { certificatesIn } from '../trust-options.ts'
import { writeOutput } from '../write-file.ts'

interface Options {
  readonly country: string
  readonly state: string
  readonly json?: boolean
}

interface RevokeOptions {
  readonly by: 'holder-ca' | 'csca'
  readonly days: string
  readonly json?: boolean
}

const authorities = {
  'holder-ca': ['holderAuthority', 'holder-ca.crl'],
  csca: ['csca', 'csca.crl'],
} as const

function addRevoke(pki: Command, run: Runner): void {
  const revoke = pki
    .command('revoke')
    .description(
      'put certificates on the revocation list of a TEST authority; without certificates a fresh list of what was revoked before',
    )
    .argument('<dir>', 'a folder of "kart pki init"')
    .argument('[certificates...]', 'certificates that no longer count (DER or PEM)')
    .addOption(new Option('--by <authority>', 'whose list').choices(Object.keys(authorities)).default('holder-ca'))
    .option('--days <number>', 'days until the next list', '30')
    .option('--json', 'one JSON document on standard output')
    .action((dir: string, files: readonly string[], options: RevokeOptions) =>
      run(options, async (output) => {
        if (!/^[1-9]\d{0,3}$/.test(options.days)) throw new InputError('--days', 'not 1 to 9999 days')
        const [name, listName] = authorities[options.by]
        const authority = (await loadPki(dir))[name]
        const target = join(dir, listName)
        const certificates = files.flatMap(certificatesIn)
        const list = buildRevocationList(authority, {
          ...{ certificates, days: Number(options.days) },
          ...(existsSync(target) ? { previous: readInput(target) } : {}),
        })
        writeOutput(target, list)
        const { revoked, nextUpdate } = decodeRevocationList(list)
        const numbers = revoked.map(({ serialNumber }) => toHex(serialNumber))
        const due = nextUpdate?.toISOString().slice(0, 10)
        output.line(`${target}: ${numbers.length} revoked; the next list is due on ${due}`)
        output.document({ list: target, revoked: numbers, nextUpdate: nextUpdate?.toISOString() })
        return exitCode.done
      }),
    )
  withExample(revoke, 'kart pki revoke pki lost-card.cer', 'kart sign --verify contract.pdf --pki pki --crl pki/holder-ca.crl')
}

/** `kart pki`: a country signing authority, a document signer, an authority for holders, and the CVCA with its terminal, for tests; and revocation lists. */
export function addPkiCommand(program: Command, run: Runner): void {
  const pki = program.command('pki').description(summaries.pki)
  const init = pki
    .command('init')
    .description(
      'make a TEST country signing authority, a document signer, an authority for holders’ certificates, and in the folder cvc a CVCA with a terminal; keys lie in files, unprotected',
    )
    .argument('<dir>', 'a folder; files that are there already are never overwritten')
    .option('--country <code>', 'ISO 3166-1 alpha-2 code in the certificates', 'IR')
    .option('--state <code>', 'ICAO three-letter code of the issuing state', 'IRN')
    .option('--json', 'one JSON document on standard output')
    .action((dir: string, options: Options) =>
      run(options, async (output) => {
        const there = [...Object.values(pkiFileNames), cvcFolderName].find((name) => existsSync(join(dir, name)))
        if (there !== undefined) throw new InputError(dir, `holds ${there} already, which is never overwritten: name another folder`)
        const made = initTestPki({ country: options.country, mrzCode: options.state })
        await savePki(dir, made)
        const cvc = await initTestCvc({ country: options.country })
        await saveCvc(join(dir, cvcFolderName), cvc)
        const describe = (certificate: Uint8Array) => {
          const { subject, notBefore, notAfter } = decodeCertificate(certificate)
          return { subject: subject.text, notBefore: notBefore.toISOString(), notAfter: notAfter.toISOString() }
        }
        const csca = describe(made.csca.certificate)
        const documentSigner = describe(made.documentSigner.certificate)
        const holderAuthority = describe(made.holderAuthority.certificate)
        output.line(`${pc.yellow('TEST KEYS')} in ${dir}: whoever has this folder can sign cards that verify against it.`)
        for (const [file, { subject, notAfter }] of [
          [pkiFileNames.cscaCertificate, csca],
          [pkiFileNames.signerCertificate, documentSigner],
          [pkiFileNames.holderCertificate, holderAuthority],
        ] as const)
          output.line(`  ${file}: ${subject}, valid until ${notAfter.slice(0, 10)}`)
        const { certificate: cvca } = cvc.cvca
        const { certificate: terminal } = cvc.terminal
        output.line(
          `  ${cvcFolderName}/: CVCA ${cvca.holderReference} until ${cvca.expiration}, terminal ${terminal.holderReference} until ${terminal.expiration}`,
        )
        output.document({
          dir,
          test: true,
          csca,
          documentSigner,
          holderAuthority,
          cvca: cvca.holderReference,
          terminal: terminal.holderReference,
        })
        return exitCode.done
      }),
    )
  addRevoke(pki, run)
  withExample(pki, 'kart pki init pki')
  withExample(init, 'kart pki init pki')
}
