import { readFileSync } from 'node:fs'

const root = new URL('../../../../test-vectors/', import.meta.url)

/** A file under test-vectors/, by its path there. */
export function vectorFile(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(path, root)))
}

/** A JSON vector file under test-vectors/. */
export function vectorJson<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(path, root), 'utf8')) as T
}
