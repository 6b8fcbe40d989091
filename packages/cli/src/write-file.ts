import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { InputError } from '@kart/codec'
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

/** As {@link writeOutput}, where nothing may be replaced, not even what came since {@link checkFree}. */
export function writeNew(path: string, content: Uint8Array | string): void {
  writeBehind(
    path,
    (temporary) => writeFileSync(temporary, content, { mode: 0o600, flag: 'wx' }),
    (temporary) => {
      try {
        // Unlike a rename a link fails where the name is taken.
        linkSync(temporary, path)
        rmSync(temporary)
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && withoutLinks.some((code) => code === error.code))) throw error
        checkFree(path, path)
        renameSync(temporary, path)
      }
    },
  )
}

/** What file systems say that have no hard links, as those of memory cards. */
const withoutLinks: readonly string[] = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK']

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

function syncFolder(folder: string): void {
  // Windows gives no handle on a folder.
  if (process.platform === 'win32') return
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Writes a new file, readable by its owner only, that a power cut does not take back: synced, and its folder too. Never takes the place of what is there (EEXIST), and
 * leaves nothing behind when it fails. Throws Node's own error.
 */
export function writeOnce(path: string, content: string): void {
  const descriptor = openSync(path, 'wx', 0o600)
  try {
    try {
      writeFileSync(descriptor, content)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    syncFolder(dirname(path))
  } catch (error) {
    rmSync(path, { force: true })
    if (isFileError(error)) error.path = path
    throw error
  }
}
