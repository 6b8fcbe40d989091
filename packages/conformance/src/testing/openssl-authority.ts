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
  /** A revocation list of the authority, DER, that names these certificates (NAME.crt). */
  revoke(...names: readonly string[]): Uint8Array
  remove(): void
}

const names = (commonName: string) => `/C=IR/O=TEST ONLY Kart/SN=نمونه\u200cپور/GN=آزمون/CN=${commonName}/serialNumber=0499370899`

/** Makes an authority on P-384. */
export function opensslAuthority(): OpensslAuthority {
  const folder = mkdtempSync(join(tmpdir(), 'kart-authority-'))
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', [...args], { cwd: folder, timeout: 60_000, stdio: ['ignore', 'pipe', 'pipe'] })
  const der = (name: string) => new Uint8Array(openssl('x509', '-in', `${name}.crt`, '-outform', 'DER'))
  const extensions = (use: HolderUse) => {
    writeFileSync(
      join(folder, 'holder.ext'),
      `basicConstraints=CA:FALSE\nkeyUsage=critical,${use}\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n`,
    )
    return ['-extfile', 'holder.ext']
  }
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-nodes', '-sha384', '-days', '3650', '-keyout', 'ca.key',
    '-out', 'ca.crt', '-utf8', '-subj', '/C=IR/O=TEST ONLY Kart/CN=TEST Citizen CA', '-addext', 'keyUsage=critical,keyCertSign,cRLSign') // biome-ignore format: a command a line
  const issue = (name: string, use: HolderUse, days: number) =>
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-sha384',
      '-days',
      String(days),
      ...extensions(use),
      '-out',
      `${name}.crt`,
    )
  return {
    folder,
    certificate: der('ca'),
    openssl,
    holder(name, key, use = 'nonRepudiation', days = 365) {
      const made = key.startsWith('rsa:') ? ['-newkey', key] : ['-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${key}`]
      openssl('req', ...made, '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-utf8', '-subj', names(name))
      issue(name, use, days)
      return der(name)
    },
    certify(name, spki, use) {
      const pem = `-----BEGIN PUBLIC KEY-----\n${Buffer.from(spki).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END PUBLIC KEY-----\n`
      writeFileSync(join(folder, `${name}.pub`), pem)
      // A request needs a key that signs it: a passing one, whose public half the certificate does not take.
      openssl(
        'req',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-keyout',
        'passing.key',
        '-out',
        `${name}.csr`,
        '-utf8',
        '-subj',
        names(name),
      )
      openssl(
        'x509',
        '-req',
        '-in',
        `${name}.csr`,
        '-force_pubkey',
        `${name}.pub`,
        '-CA',
        'ca.crt',
        '-CAkey',
        'ca.key',
        '-CAcreateserial',
        '-sha384',
        '-days',
        '365',
        ...extensions(use),
        '-out',
        `${name}.crt`,
      )
      return der(name)
    },
    revoke(...revoked) {
      writeFileSync(join(folder, 'ca.index'), '')
      writeFileSync(join(folder, 'ca.cnf'), '[ca]\ndefault_ca=d\n[d]\ndatabase=ca.index\ndefault_md=sha384\ndefault_crl_days=30\n')
      const by = ['-config', 'ca.cnf', '-cert', 'ca.crt', '-keyfile', 'ca.key']
      for (const name of revoked) openssl('ca', ...by, '-revoke', `${name}.crt`)
      openssl('ca', ...by, '-gencrl', '-out', 'ca.crl')
      return new Uint8Array(openssl('crl', '-in', 'ca.crl', '-outform', 'DER'))
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A file's bytes in the authority's folder. */
export const fileIn = ({ folder }: OpensslAuthority, name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)))
