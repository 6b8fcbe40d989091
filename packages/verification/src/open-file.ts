import { type Codec, DecodeError, LimitError } from '@kart/codec'
import { bytesOf, type Evidence } from './evidence.ts'

/** A file of the evidence, opened: absent, not decodable, or its value beside the raw bytes that hashes run over. */
export type OpenedFile<T> =
  | { readonly state: 'absent' }
  | { readonly state: 'malformed'; readonly bytes: Uint8Array; readonly problem: string }
  | { readonly state: 'decoded'; readonly bytes: Uint8Array; readonly value: T }

/** Opens a file that was read; a file that cannot be decoded is a finding, not an error. */
export function openFile<T>(evidence: Evidence, application: string, name: string, codec: Pick<Codec<T>, 'decode'>): OpenedFile<T> {
  const bytes = bytesOf(evidence, application, name)
  if (bytes === undefined) return { state: 'absent' }
  try {
    return { state: 'decoded', bytes, value: codec.decode(bytes) }
  } catch (error) {
    if (error instanceof DecodeError || error instanceof LimitError) return { state: 'malformed', bytes, problem: error.message }
    throw error
  }
}

/** The value of an opened file; undefined when it is absent or malformed. */
export function decodedValue<T>(file: OpenedFile<T>): T | undefined {
  return file.state === 'decoded' ? file.value : undefined
}
