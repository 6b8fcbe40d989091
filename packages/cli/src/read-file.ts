import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { CardError, InputError } from '@kart/codec'
import { decodeTemplate, type MinutiaeTemplate } from '@kart/minutiae'

/** Largest file that a command reads: far above any card, far below what would fill the memory. */
const maxFileBytes = 64 * 1024 * 1024
const chunkBytes = 64 * 1024

/**
 * The bytes of a file that the user named (a pipe will do); InputError when it is a folder or larger than 64 MiB, Node's own error when it cannot be read.
 * Counted while reading, as the size that the file system names says nothing of a pipe or a device.
 */
export function readInput(path: string): Uint8Array {
  const descriptor = openSync(path, 'r')
  try {
    const stat = fstatSync(descriptor)
    if (stat.isDirectory()) throw new InputError(path, 'this is a folder, not a file')
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

/** Runs a decoder over a file's content; what it refuses becomes an InputError that names the file. */
export function decodeInput<T>(path: string, decode: () => T): T {
  try {
    return decode()
  } catch (cause) {
    if (!(cause instanceof CardError)) throw cause
    throw new InputError(path, cause.message, { cause })
  }
}

/** A finger that the user named: the file's bytes and its first template. Throws InputError that names the file, and Node's own error when it cannot be read. */
export function readFinger(path: string): { readonly bytes: Uint8Array; readonly template: MinutiaeTemplate } {
  const bytes = readInput(path)
  return { bytes, template: decodeInput(path, () => decodeTemplate(bytes)) }
}
