import { timingSafeEqual } from 'node:crypto'

/** Whether two secrets are equal; the time depends on their lengths only. */
export function equalSecrets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
