import { statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { InputError } from '@kart/codec'

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Refuses, before any work is done, a file that could not be written at its end; `option` names where it was given. Throws InputError. */
export function checkTarget(option: string, path: string | undefined): void {
  if (path === undefined) return
  if (isFolder(path)) throw new InputError(option, `${path} is a folder: name a file`)
  if (!isFolder(dirname(path))) throw new InputError(option, `there is no folder ${dirname(path)}`)
}

/** Writes what a command made; readable by its owner only, as all of it is personal data. Throws Node's own error. */
export function writeOutput(path: string, content: Uint8Array | string): void {
  writeFileSync(path, content, { mode: 0o600 })
}
