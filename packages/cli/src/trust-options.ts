import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { InputError } from '@kart/codec'
import { type Certificate, decodeCertificate, decodeRevocationList } from '@kart/layout'
import { pkiFileNames } from '@kart/personalization'
import { type TrustStore, trustStore } from '@kart/verification'
import { decodeInput, readInput, usingInput } from './read-file.ts'

export interface TrustOptions {
  readonly pki?: string
  readonly csca?: readonly string[]
  readonly link?: readonly string[]
  readonly crl?: readonly string[]
}

const pemCertificate = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g
const pemRevocationList = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/g

/** The certificates of a file: one in DER, or any number in PEM. Throws InputError that names the file. */
export function certificatesIn(path: string): Uint8Array[] {
  const found = derIn(path, readInput(path), pemCertificate, 'certificate')
  for (const certificate of found) decodeInput(path, () => decodeCertificate(certificate))
  return found
}

/** The revocation lists of a file: one in DER, or any number in PEM. Throws InputError that names the file. */
function revocationListsIn(path: string): Uint8Array[] {
  const found = derIn(path, readInput(path), pemRevocationList, 'revocation list')
  for (const list of found) decodeInput(path, () => decodeRevocationList(list))
  return found
}

function derIn(path: string, bytes: Uint8Array, pem: RegExp, what: string): Uint8Array[] {
  if (bytes[0] === 0x30) return [bytes]
  const found = [...Buffer.from(bytes).toString('latin1').matchAll(pem)].map(
    (match) => new Uint8Array(Buffer.from(match[1] ?? '', 'base64')),
  )
  if (found.length === 0) throw new InputError(path, `holds no ${what}, neither DER nor PEM`)
  return found
}

function certificateOfPki(folder: string, name: string, instead: string): string {
  if (!existsSync(folder)) throw new InputError('--pki', `there is no folder ${folder}: make one with "kart pki init ${folder}"`)
  const file = join(folder, name)
  if (!existsSync(file)) throw new InputError('--pki', `${folder} holds no ${name}: name a folder of "kart pki init", or ${instead}`)
  return file
}

const cscaOf = (folder: string): string => certificateOfPki(folder, pkiFileNames.cscaCertificate, 'a certificate by --csca')
const holderCertificateOf = (folder: string): string => certificateOfPki(folder, pkiFileNames.holderCertificate, 'a certificate by --ca')

/** The country signing certificates that the user trusts. Throws InputError unless --pki or --csca is given. */
export function trustOf(options: TrustOptions): TrustStore {
  const files = [...(options.csca ?? []), ...(options.pki === undefined ? [] : [cscaOf(options.pki)])]
  if (files.length === 0) throw new InputError('--csca', 'say whom you trust: --csca FILE (a country signing certificate) or --pki DIR')
  const certificates = files.flatMap(certificatesIn)
  const more = { links: (options.link ?? []).flatMap(certificatesIn), revocationLists: (options.crl ?? []).flatMap(revocationListsIn) }
  return usingInput('--csca', () => trustStore(certificates, [], more))
}

export interface AuthorityOptions {
  readonly ca?: readonly string[]
  readonly pki?: string
  readonly crl?: readonly string[]
}

export interface HolderTrustOptions {
  readonly holderCa?: readonly string[]
  readonly askPin?: boolean
  readonly pinFile?: string
  readonly pki?: string
}

/**
 * The authorities that the holder's certificates are judged by: those named, or with a PIN that of the --pki folder; undefined where nothing was asked of the holder's
 * certificates. Throws InputError.
 */
export function holderAuthoritiesOf({ holderCa, askPin, pinFile, pki }: HolderTrustOptions): readonly Certificate[] | undefined {
  if (holderCa !== undefined) return holderCa.flatMap(certificatesIn).map(decodeCertificate)
  if (askPin !== true && pinFile === undefined) return undefined
  const file = pki === undefined ? undefined : join(pki, pkiFileNames.holderCertificate)
  if (file === undefined || !existsSync(file))
    throw new InputError('--holder-ca', 'say who may certify the holder’s keys: --holder-ca FILE, or a --pki folder that has holder-ca.cer')
  return certificatesIn(file).map(decodeCertificate)
}

/** Whom the user trusts to certify holders, and their revocation lists, in DER. */
export interface NamedAuthorities {
  readonly authorities: readonly Uint8Array[]
  readonly revocationLists: readonly Uint8Array[]
}

/** The authorities of holders' certificates that the user trusts: those named, and that of the --pki folder; undefined where none is named. Throws InputError. */
export function authoritiesNamed({ ca = [], pki, crl = [] }: AuthorityOptions): NamedAuthorities | undefined {
  const files = [...ca, ...(pki === undefined ? [] : [holderCertificateOf(pki)])]
  if (files.length === 0) {
    if (crl.length > 0) throw new InputError('--crl', 'goes with --ca or --pki: a list counts only for an authority that is trusted')
    return undefined
  }
  return { authorities: files.flatMap(certificatesIn), revocationLists: crl.flatMap(revocationListsIn) }
}

/** As {@link authoritiesNamed}. Throws InputError unless --ca or --pki is given. */
export function authoritiesOf(options: AuthorityOptions): NamedAuthorities {
  const named = authoritiesNamed(options)
  if (named === undefined)
    throw new InputError('--ca', 'say whom you trust: --ca FILE, the certificate of an authority that certifies holders, or --pki DIR')
  return named
}
