import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PkiError } from './pki-error.ts'

/** PEM of a PKCS#8 private key. */
export function toPem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`
}

/** DER of a PEM private key; throws PkiError. */
export function fromPem(text: string, file: string): Uint8Array {
  const match = /^-----BEGIN PRIVATE KEY-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END PRIVATE KEY-----\s*$/.exec(text)
  if (match === null) throw new PkiError(`${file} is not a PEM private key (PKCS#8, not encrypted)`)
  return new Uint8Array(Buffer.from(match[1]!, 'base64'))
}

/** What a file error means, in plain words. */
export function fileProblem(error: unknown): string {
  const code = (error as { code?: string }).code
  if (code === 'ENOENT') return 'is missing'
  if (code === 'EEXIST') return 'exists already'
  if (code === 'EACCES' || code === 'EPERM') return 'may not be opened'
  return 'cannot be opened'
}

/** Writes a file of a PKI folder that must not be there yet. Throws PkiError. */
export async function create(folder: string, name: string, content: Uint8Array | string, mode: number): Promise<void> {
  // A key's reference may hold any printable character, and comes from whoever made the request.
  if (/[/\\:]/.test(name)) throw new PkiError(`${name} is no name for a file of the folder: it has a character of paths`)
  try {
    // wx: never over a file that is there; it may be the only copy of a key.
    await writeFile(join(folder, name), content, { flag: 'wx', mode })
  } catch (cause) {
    const next = (cause as { code?: string }).code === 'EEXIST' ? ', and is never overwritten: take another name or folder' : ''
    throw new PkiError(`${name} ${fileProblem(cause)} in the folder${next}`, { cause })
  }
}

/** Reads a file of a PKI folder. Throws PkiError. */
export async function read(folder: string, name: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(join(folder, name)))
  } catch (cause) {
    const next = (cause as { code?: string }).code === 'ENOENT' ? ': name another, or make one with "kart pki init DIR"' : ''
    throw new PkiError(`${name} ${fileProblem(cause)} in the PKI folder ${folder}${next}`, { cause })
  }
}
