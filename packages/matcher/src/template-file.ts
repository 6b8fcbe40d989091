import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { InputError } from '@kart/codec'

/** Largest file of templates that is read: far above any record, far below what would fill the memory. */
const maxFileBytes = 64 * 1024 * 1024

/**
 * The bytes of a file of a folder of templates. Throws InputError for what is no file (a folder, a pipe, a device) and for one that is larger than 64 MiB, Node's own error when it cannot be
 * read.
 */
export function readTemplateFile(path: string): Uint8Array {
  // Opening a pipe that nobody writes to would wait for ever. Windows has no such flag.
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const stat = fstatSync(descriptor)
    if (stat.isDirectory()) throw new InputError('template', 'this is a folder, not a file')
    if (!stat.isFile()) throw new InputError('template', 'this is a pipe or a device, not a file')
    if (stat.size > maxFileBytes) throw new InputError('template', `larger than the ${maxFileBytes} bytes that are read at most`)
    return new Uint8Array(readFileSync(descriptor))
  } finally {
    closeSync(descriptor)
  }
}
