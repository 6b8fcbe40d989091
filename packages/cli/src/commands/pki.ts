import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { InputError } from '@kart/codec'
import { decodeCertificate } from '@kart/layout'
import { cvcFolderName, initTestCvc, initTestPki, pkiFileNames, saveCvc, savePki } from '@kart/personalization'
import type { Command } from 'commander'
import { pc } from '../colours.ts'
import { summaries } from '../command-table.ts'
import { exitCode } from '../exit-code.ts'
import { withExample } from '../help.ts'
import type { Runner } from '../runner.ts'

interface Options {
  readonly country: string
  readonly state: string
  readonly json?: boolean
}

/** `kart pki init`: a country signing authority, a document signer, and the CVCA with its terminal, for tests. */
export function addPkiCommand(program: Command, run: Runner): void {
  const pki = program.command('pki').description(summaries.pki)
  const init = pki
    .command('init')
    .description(
      'make a TEST country signing authority, a document signer, and in the folder cvc a CVCA with a terminal; keys lie in files, unprotected',
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
        output.line(`${pc.yellow('TEST KEYS')} in ${dir}: whoever has this folder can sign cards that verify against it.`)
        for (const [file, { subject, notAfter }] of [
          [pkiFileNames.cscaCertificate, csca],
          [pkiFileNames.signerCertificate, documentSigner],
        ] as const)
          output.line(`  ${file}: ${subject}, valid until ${notAfter.slice(0, 10)}`)
        const { certificate: cvca } = cvc.cvca
        const { certificate: terminal } = cvc.terminal
        output.line(
          `  ${cvcFolderName}/: CVCA ${cvca.holderReference} until ${cvca.expiration}, terminal ${terminal.holderReference} until ${terminal.expiration}`,
        )
        output.document({ dir, test: true, csca, documentSigner, cvca: cvca.holderReference, terminal: terminal.holderReference })
        return exitCode.done
      }),
    )
  withExample(pki, 'kart pki init pki')
  withExample(init, 'kart pki init pki')
}
