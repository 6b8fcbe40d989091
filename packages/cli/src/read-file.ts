import { readFileSync, statSync } from 'node:fs'
import { InputError } from '@kart/codec'

/** Largest file that a command reads: far above any card, far below what would fill the memory. */
const maxFileBytes = 64 * 1024 * 1024

/** The bytes of a file that the user named; InputError when it is larger than 64 MiB, Node's own error when it cannot be read. */
export function readInput(path: string): Uint8Array {
  const { size } = statSync(path)
  if (size > maxFileBytes) throw new InputError(path, `${size} bytes; at most ${maxFileBytes} are read`)
  return new Uint8Array(readFileSync(path))
}
