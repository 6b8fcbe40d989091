import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs'
import { isAbsolute, join, relative, sep } from 'node:path'
import { CardError, InputError } from '@kart/codec'
import { decodeTemplate, decodeTemplates, imageOf, inspectTemplate, type MinutiaeTemplate, type TemplateConcern } from '@kart/minutiae'

/** Largest file that a command reads: far above any card, far below what would fill the memory. */
const maxFileBytes = 64 * 1024 * 1024
const chunkBytes = 64 * 1024

/**
 * The bytes of a file that the user named; InputError when it is a folder, a pipe, a device or larger than 64 MiB, Node's own error when it cannot be read.
 * Counted while reading, as a file may grow meanwhile, and some of the system's own say that they have no bytes.
 */
export function readInput(path: string): Uint8Array {
  // Opening a pipe that nobody writes to would wait for ever. Windows has no such flag.
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const stat = fstatSync(descriptor)
    if (stat.isDirectory()) throw new InputError(path, 'this is a folder, not a file')
    if (!stat.isFile()) throw new InputError(path, 'this is a pipe or a device, not a file: save what it gives to a file first')
    const chunks: Uint8Array[] = []
    let total = 0
    for (;;) {
      if (Math.max(stat.size, total) > maxFileBytes)
        throw new InputError(path, `larger than the ${maxFileBytes} bytes that are read at most`)
      const chunk = new Uint8Array(total === 0 && stat.size > 0 ? stat.size + 1 : chunkBytes)
      const count = readSync(descriptor, chunk)
      if (count === 0) return new Uint8Array(Buffer.concat(chunks, total))
      chunks.push(chunk.subarray(0, count))
      total += count
    }
  } finally {
    closeSync(descriptor)
  }
}

/** The bytes of a file named by a record in `folder`; InputError when it lies outside that folder, by whatever links, and as {@link readInput}. */
export function readWithin(folder: string, name: string): Uint8Array {
  const real = realpathSync(join(folder, name))
  const way = relative(realpathSync(folder), real)
  if (isAbsolute(way) || way === '..' || way.startsWith(`..${sep}`)) throw new InputError(name, 'leads out of the record’s folder')
  return readInput(real)
}

/** Runs a decoder over a file's content; what it refuses becomes an InputError that names the file. */
export function decodeInput<T>(path: string, decode: () => T): T {
  try {
    return decode()
  } catch (cause) {
    if (!(cause instanceof CardError)) throw cause
    throw new InputError(path, cause.message, { cause })
  }
}

/** Runs work on what the user handed in; bytes or values in it that cannot be decoded, are too many or do no arithmetic become an InputError that names `field`. */
export function usingInput<T>(field: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof CardError) || (cause.code !== 'decode' && cause.code !== 'limit' && cause.code !== 'crypto')) throw cause
    throw new InputError(field, cause.message, { cause })
  }
}

/** A finger that the user named: the file's bytes and its first template. Throws InputError that names the file, and Node's own error when it cannot be read. */
export function readFinger(path: string): { readonly bytes: Uint8Array; readonly template: MinutiaeTemplate } {
  const bytes = readInput(path)
  return { bytes, template: decodeInput(path, () => decodeTemplate(bytes)) }
}

/** A finger of a file, with the position that its record states and what speaks against comparing it. */
export interface ReadFinger {
  readonly template: MinutiaeTemplate
  readonly position: number
  readonly concerns: readonly TemplateConcern[]
}

/** Every finger of a file that the user named. Throws as {@link readFinger}. */
export function readFingers(path: string): ReadFinger[] {
  const bytes = readInput(path)
  const { templates, record } = decodeInput(path, () => decodeTemplates(bytes))
  if (templates.length === 0) throw new InputError(path, 'holds no finger')
  return templates.map((template, index) => {
    const view = record?.views[index]
    return { template, position: view?.position ?? 0, concerns: inspectTemplate(template, record && view && imageOf(record, view)) }
  })
}
