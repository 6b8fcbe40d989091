import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { InputError } from '@kart/codec'
import { syncFolder } from '@kart/personalization/sync-folder'
import { isFileError } from './exit-code.ts'

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

// A rename would put a file in the place of /dev/null, also when it is named through a link.
function isDevice(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat !== undefined && !stat.isFile() && !stat.isDirectory()
}

/** Where a path leads, over links; the file itself need not be there. */
function realPath(path: string): string {
  if (existsSync(path)) return realpathSync(path)
  const folder = dirname(resolve(path))
  return existsSync(folder) ? join(realpathSync(folder), basename(path)) : resolve(path)
}

/** Whether two paths name one file, however each is written. */
export const isSamePath = (one: string, other: string): boolean => realPath(one) === realPath(other)

const deviceProblem = 'is a pipe or a device: name a file'

/** Refuses, before any work is done, a file that could not be written at its end; `option` names where it was given. Throws InputError. */
export function checkTarget(option: string, path: string | undefined): void {
  if (path === undefined) return
  if (isFolder(path)) throw new InputError(option, `${path} is a folder: name a file`)
  if (isDevice(path)) throw new InputError(option, `${path} ${deviceProblem}`)
  if (!isFolder(dirname(path))) throw new InputError(option, `there is no folder ${dirname(path)}`)
}

/** Whether a name is taken, be it by a link that leads nowhere: a new file could not be made there. */
export const isTaken = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined

/** Refuses, before any work is done, a name that is taken already, be it by a link that leads nowhere; `option` names where it was given. Throws InputError. */
export function checkFree(option: string, path: string): void {
  if (isTaken(path)) throw new InputError(option, `${path} is there already: name another file, or say --force to write over it`)
}

/** What `--force` says of every command that writes a file. */
export const forceText = 'write over the file where it is there already'

/**
 * The one rule for what a command writes, before any work is done: nothing is written over unless `force` says so, and never a file that the command itself reads
 * (`inputs`: what each is, for people, and its path). Throws InputError.
 */
export function checkOutput(
  option: string,
  path: string | undefined,
  { force, inputs = {} }: { readonly force: boolean | undefined; readonly inputs?: Readonly<Record<string, string | undefined>> },
): void {
  checkTarget(option, path)
  if (path === undefined) return
  for (const [what, input] of Object.entries(inputs))
    if (input !== undefined && isSamePath(path, input)) throw new InputError(option, `is the file ${what}: name another`)
  if (force !== true) checkFree(option, path)
}

/** As {@link checkOutput}, of a folder that a command fills: nothing may be in it unless `force` says so. Throws InputError and Node's own error. */
export function checkOutputFolder(option: string, path: string | undefined, force: boolean | undefined): void {
  if (path === undefined || !existsSync(path)) return
  if (!isFolder(path)) throw new InputError(option, `${path} is no folder: name another`)
  if (force !== true && readdirSync(path).length > 0)
    throw new InputError(
      option,
      `${path} is there already and not empty: name another folder, or say --force to write over the files in it`,
    )
}

/** Writes what {@link checkOutput} let pass, to a file readable by its owner only. Throws as {@link writeOutput} and {@link writeNew}. */
export const writeMade = (path: string, content: Uint8Array | string, force: boolean | undefined): void =>
  force === true ? writeOutput(path, content) : writeNew(path, content)

/**
 * Writes a new file, readable by its owner only, that a power cut does not take back: synced, and its folder too. Never takes the place of what is there, nor of what
 * came since {@link checkFree} (EEXIST), and leaves nothing behind when it fails. Throws InputError for a pipe or a device, and Node's own error.
 */
export function writeNew(path: string, content: Uint8Array | string): void {
  writeBehind(path, (temporary) => writeFileSync(temporary, content, { mode: 0o600, flag: 'wx' }), placeNew(path))
}

/** What gives a file that was made its name, for {@link writeBehind}: where nothing may be replaced, in the way of {@link writeNew}. */
export const placeMade = (path: string, force: boolean | undefined): ((temporary: string) => void) =>
  force === true ? (temporary) => renameSync(temporary, path) : placeNew(path)

function placeNew(path: string): (temporary: string) => void {
  return (temporary) => {
    syncFile(temporary)
    try {
      // Unlike a rename a link fails where the name is taken.
      linkSync(temporary, path)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && withoutLinks.some((code) => code === error.code))) throw error
      copyFileSync(temporary, path, constants.COPYFILE_EXCL)
    }
    try {
      syncFile(path)
      syncFolder(dirname(path))
      rmSync(temporary)
    } catch (error) {
      rmSync(path, { force: true })
      throw error
    }
  }
}

/** What file systems say that have no hard links, as those of memory cards. */
const withoutLinks: readonly string[] = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK']

function syncFile(path: string): void {
  // Windows flushes only what was opened for writing.
  const descriptor = openSync(path, 'r+')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Writes what a command made; readable by its owner only, as all of it is personal data. A new file is renamed over the name: what was there, a link too, is
 * replaced, so that neither its permissions nor another place gets the content. Throws InputError for a pipe or a device, and Node's own error.
 */
export function writeOutput(path: string, content: Uint8Array | string): void {
  writeBehind(path, (temporary) => writeFileSync(temporary, content, { mode: 0o600, flag: 'wx' }))
}

/** As {@link writeOutput}, where `write` makes the file under a name that it is given, piece by piece, and `place` gives it its name; gives what `write` gives. */
export function writeBehind<T>(
  path: string,
  write: (temporary: string) => T,
  place: (temporary: string) => void = (temporary) => renameSync(temporary, path),
): T {
  if (isDevice(path)) throw new InputError(path, deviceProblem)
  const temporary = join(dirname(path), `.kart-${randomBytes(8).toString('hex')}.tmp`)
  try {
    const made = write(temporary)
    place(temporary)
    return made
  } catch (error) {
    rmSync(temporary, { force: true })
    // The user knows the file by the name that they gave it.
    if (isFileError(error)) error.path = path
    throw error
  }
}
