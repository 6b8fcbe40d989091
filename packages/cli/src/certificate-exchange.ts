import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { InputError } from '@kart/codec'
import { decodeCertificate, holderKeys } from '@kart/layout'
import type { CardProfile } from '@kart/layout/profile'
import { findApplication } from '@kart/layout/profile'
import type { HolderKeyPair, RequestReport } from '@kart/personalization'
import { checkBeforeSigning } from '@kart/verification'
import { holderTrust } from './signing.ts'
import { authoritiesNamed, certificatesIn } from './trust-options.ts'
import { checkTarget, isTaken, writeNew, writeOutput } from './write-file.ts'

/** How an authority elsewhere is asked and answers. */
export interface ExchangeOptions {
  readonly csr?: string
  readonly cert?: readonly string[]
  readonly ca?: readonly string[]
}

const requestFile = (folder: string, label: string): string => join(folder, `${label}.csr`)

const ownFolder = 'name a folder of this card’s own'

/** Requests that lie in a folder already, DER, by the label of the key that each is named after. */
export type EarlierRequests = ReadonlyMap<string, Uint8Array>

/** Makes the folder: nothing is done to a card whose requests could not be written. Gives what lies in it already. Throws InputError, Node's file errors. */
export function checkRequestFolder(folder: string, profile: CardProfile): EarlierRequests {
  if (findApplication(profile, 'pkcs15') === undefined)
    throw new InputError('--csr', `profile ${profile.name} has no keys of the holder to certify`)
  if (existsSync(folder) && !statSync(folder).isDirectory()) throw new InputError('--csr', `${folder} is not a folder`)
  mkdirSync(folder, { recursive: true })
  const earlier = new Map<string, Uint8Array>()
  for (const { label } of profile.holderKeys ?? holderKeys) {
    const file = requestFile(folder, label)
    checkTarget('--csr', file)
    if (!isTaken(file)) continue
    const text = !lstatSync(file).isFile()
      ? undefined
      : readFileSync(file, 'latin1').match(/-----BEGIN CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END/)?.[1]
    if (text === undefined) throw new InputError('--csr', `${file} is there already and is no request: ${ownFolder}`)
    earlier.set(label, new Uint8Array(Buffer.from(text, 'base64')))
  }
  return earlier
}

/** Throws InputError where a request that lies in the folder is not for the card's key: no other card's is written over. */
export function checkEarlierRequests(folder: string, earlier: EarlierRequests, keys: readonly HolderKeyPair[]): void {
  for (const [label, request] of earlier) {
    const own = keys.find(({ row }) => row.label === label)?.publicKey
    if (own === undefined || !Buffer.from(request).includes(Buffer.from(own)))
      throw new InputError('--csr', `${requestFile(folder, label)} is there already, for a key that this card does not hold: ${ownFolder}`)
  }
}

function toPem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`
}

/** Writes a file for each request, named by its key's label, over one for the same key; PEM (RFC 7468, 7). Gives their paths. Throws Node's file errors. */
export function writeRequests(folder: string, { requests }: RequestReport): string[] {
  return requests.map(({ label, request }) => {
    const file = requestFile(folder, label)
    if (existsSync(file)) writeOutput(file, toPem(request))
    else writeNew(file, toPem(request))
    return file
  })
}

/**
 * Refuses certificates of holders (DER) that no authority named by `--ca` vouches for; `given` holds those between as well. Gives the authorities' names; undefined where none
 * is named. Throws InputError.
 */
export function checkAuthorities(given: readonly Uint8Array[], ca: readonly string[] | undefined): readonly string[] | undefined {
  const named = authoritiesNamed(ca === undefined ? {} : { ca })
  if (named === undefined) return undefined
  const certificates = given.map(decodeCertificate)
  const trust = holderTrust({ ...named, now: new Date() })
  const names = new Set<string>()
  for (const one of certificates.filter(({ basicConstraints }) => basicConstraints?.ca !== true)) {
    const checks = checkBeforeSigning(
      one,
      certificates.filter((other) => other !== one),
      trust,
    )
    // What else a certificate must be is asked of it beside its key.
    const problem = checks.find(({ id, outcome }) => (id === 'sig.chain' || id === 'sig.algorithms') && outcome !== 'pass')
    if (problem !== undefined) throw new InputError('--cert', `a certificate is not of an authority that --ca names: ${problem.detail}`)
    for (const { id, detail } of checks) if (id === 'sig.chain') names.add(detail)
  }
  return [...names]
}

const certificateFile = /\.(cer|crt|der|pem)$/i

/** The certificates of the files that `--cert` names, and of those with such a name in its folders. Throws InputError, Node's file errors. */
export function readCertificateFiles(paths: readonly string[]): Uint8Array[] {
  const files = paths.flatMap((path) => {
    if (!statSync(path).isDirectory()) return [path]
    const found = readdirSync(path)
      .filter((name) => certificateFile.test(name))
      .sort()
    if (found.length === 0) throw new InputError('--cert', `${path} holds no certificate (.cer, .crt, .der, .pem)`)
    return found.map((name) => join(path, name))
  })
  return files.flatMap(certificatesIn)
}
