import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { InputError } from '@kart/codec'
import { holderKeys } from '@kart/layout'
import type { CardProfile } from '@kart/layout/profile'
import { findApplication } from '@kart/layout/profile'
import type { RequestReport } from '@kart/personalization'
import { certificatesIn } from './trust-options.ts'
import { checkTarget, isTaken, writeOnce } from './write-file.ts'

/** How an authority elsewhere is asked and answers. */
export interface ExchangeOptions {
  readonly csr?: string
  readonly cert?: readonly string[]
}

const requestFile = (folder: string, label: string): string => join(folder, `${label}.csr`)

/** Makes the folder, and refuses one in which requests lie already: nothing is done to a card whose requests could not be written. Throws InputError, Node's file errors. */
export function checkRequestFolder(folder: string, profile: CardProfile): void {
  if (findApplication(profile, 'pkcs15') === undefined)
    throw new InputError('--csr', `profile ${profile.name} has no keys of the holder to certify`)
  if (existsSync(folder) && !statSync(folder).isDirectory()) throw new InputError('--csr', `${folder} is not a folder`)
  mkdirSync(folder, { recursive: true })
  for (const { label } of holderKeys) {
    checkTarget('--csr', requestFile(folder, label))
    if (isTaken(requestFile(folder, label)))
      throw new InputError('--csr', `${folder} holds ${label}.csr already, which is never overwritten: name a folder of this card’s own`)
  }
}

function toPem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`
}

/** Writes a file for each request, named by its key's label; PEM (RFC 7468, 7). Gives their paths. Throws Node's file errors. */
export function writeRequests(folder: string, { requests }: RequestReport): string[] {
  return requests.map(({ label, request }) => {
    const file = requestFile(folder, label)
    writeOnce(file, toPem(request))
    return file
  })
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
