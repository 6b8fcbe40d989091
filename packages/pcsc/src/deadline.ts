import { InputError } from '@kart/codec'
import type { PcscError } from './errors.ts'

const longest = 2 ** 31 - 1

/** Checks a timeout: whole milliseconds, 1 to 2^31 - 1. Throws InputError. */
export function checkTimeout(timeoutMs: number): number {
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > longest)
    throw new InputError('timeoutMs', `not a whole number from 1 to ${longest}`)
  return timeoutMs
}

/** Waits for work at most so long; then rejects with `late()`. The work itself goes on: its late outcome is the caller's to handle. */
export function within<T>(work: Promise<T>, timeoutMs: number, late: () => PcscError): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), timeoutMs)
    work.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
