import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Which key a holder's certificate is for. */
export type HolderUse = 'nonRepudiation' | 'digitalSignature'

/** A certification authority kept by openssl in a folder of its own: not a line of it is ours. */
export interface OpensslAuthority {
  readonly folder: string
  readonly certificate: Uint8Array
  /** Runs openssl in the folder; throws with its words where it fails. */
  openssl(...args: readonly string[]): Buffer
  /** Makes a key NAME.key (`ec` group or `rsa:bits`) and its certificate NAME.crt. */
  holder(name: string, key: string, use?: HolderUse, days?: number): Uint8Array
  /** Certificate NAME.crt for a public key that another holds the private half of. */
  certify(name: string, spki: Uint8Array, use: HolderUse): Uint8Array
  /** A key NAME.key on P-256 and its certificate NAME.crt by another of the folder's (`ca`, or a name given here before), with these extensions, a line each. */
  chained(name: string, by: string, extensions: readonly string[]): Uint8Array
  /** A revocation list, DER, of `ca` or of an authority under it, that names these certificates (NAME.crt) alone. */
  revocationList(by: string, ...names: readonly string[]): Uint8Array
  remove(): void
}

const subject = (commonName: string) => `/C=IR/O=TEST ONLY Kart/${commonName}`
const holderName = (commonName: string) => subject(`SN=نمونه\u200cپور/GN=آزمون/CN=${commonName}/serialNumber=0499370899`)
const holderExtensions = (use: HolderUse) => [
  'basicConstraints=CA:FALSE',
  `keyUsage=critical,${use}`,
  'subjectKeyIdentifier=hash',
  'authorityKeyIdentifier=keyid',
]

/** Makes an authority on P-384. */
export function opensslAuthority(): OpensslAuthority {
  const folder = mkdtempSync(join(tmpdir(), 'kart-authority-'))
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', [...args], { cwd: folder, timeout: 60_000, stdio: ['ignore', 'pipe', 'pipe'] })
  /** The words of a line, and what has spaces in it behind them. */
  const say = (line: string, ...more: readonly string[]) => openssl(...line.split(' '), ...more)
  const der = (name: string) => new Uint8Array(say(`x509 -in ${name}.crt -outform DER`))
  const request = (name: string, key: string, subject: string, keyFile = `${name}.key`) => {
    const newKey = key.startsWith('rsa:') ? key : `ec -pkeyopt ec_paramgen_curve:${key}`
    say(`req -newkey ${newKey} -nodes -keyout ${keyFile} -out ${name}.csr -utf8 -subj`, subject)
  }
  const issue = (name: string, by: string, extensions: readonly string[], days: number, ...more: readonly string[]) => {
    writeFileSync(join(folder, `${name}.ext`), `${extensions.join('\n')}\n`)
    const issuer = `-CA ${by}.crt -CAkey ${by}.key -CAcreateserial`
    say(`x509 -req -in ${name}.csr ${issuer} -sha384 -days ${days} -extfile ${name}.ext -out ${name}.crt`, ...more)
    return der(name)
  }
  say(
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -sha384 -days 3650 -keyout ca.key -out ca.crt -utf8 -addext keyUsage=critical,keyCertSign,cRLSign -subj',
    subject('CN=TEST Citizen CA'),
  )
  return {
    folder,
    certificate: der('ca'),
    openssl,
    holder(name, key, use = 'nonRepudiation', days = 365) {
      request(name, key, holderName(name))
      return issue(name, 'ca', holderExtensions(use), days)
    },
    certify(name, spki, use) {
      const pem = `-----BEGIN PUBLIC KEY-----\n${Buffer.from(spki).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END PUBLIC KEY-----\n`
      writeFileSync(join(folder, `${name}.pub`), pem)
      // A request needs a key that signs it: a passing one, whose public half the certificate does not take.
      request(name, 'P-256', holderName(name), 'passing.key')
      return issue(name, 'ca', holderExtensions(use), 365, '-force_pubkey', `${name}.pub`)
    },
    chained(name, by, extensions) {
      request(name, 'P-256', subject(`CN=TEST ${name}`))
      return issue(name, by, extensions, 365)
    },
    revocationList(by, ...revoked) {
      writeFileSync(join(folder, `${by}.index`), '')
      writeFileSync(join(folder, `${by}.cnf`), `[ca]\ndefault_ca=d\n[d]\ndatabase=${by}.index\ndefault_md=sha384\ndefault_crl_days=30\n`)
      const issuer = `-config ${by}.cnf -cert ${by}.crt -keyfile ${by}.key`
      for (const name of revoked) say(`ca ${issuer} -revoke ${name}.crt`)
      say(`ca ${issuer} -gencrl -out ${by}.crl`)
      return new Uint8Array(say(`crl -in ${by}.crl -outform DER`))
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A file's bytes in the authority's folder. */
export const fileIn = ({ folder }: OpensslAuthority, name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)))
