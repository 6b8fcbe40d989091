import { CardMemoryError } from './card-memory.ts'

export type Fields = ReadonlyMap<unknown, unknown>

export const remedy = 'restore the file from a copy or make a new card'

/** The error for a field of the memory image that no card writes so. */
export function badField(what: string): CardMemoryError {
  return new CardMemoryError(`card memory field ${what} is not what a card writes: ${remedy}`)
}

/** The value, or undefined where null stands. */
export function optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === null ? undefined : read(value)
}

/** Reads the parts of one field, which it names in every refusal (CardMemoryError). */
export interface FieldReader {
  refuse(): never
  map(value: unknown): Fields
  bytes(value: unknown, lengths?: readonly number[]): Uint8Array
  /** 0..most. */
  integer(value: unknown, most: number): number
  text(value: unknown): string
  flag(value: unknown): boolean
  list(value: unknown): readonly unknown[]
  /** A map whose keys are integers 0..most and whose values are maps. */
  numbered<T>(value: unknown, most: number, read: (fields: Fields) => T): ReadonlyMap<number, T>
}

export function fieldReader(what: string): FieldReader {
  const refuse = (): never => {
    throw badField(what)
  }
  const map = (value: unknown): Fields => (value instanceof Map ? value : refuse())
  const integer = (value: unknown, most: number): number =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most ? value : refuse()
  return {
    refuse,
    map,
    integer,
    bytes: (value, lengths) =>
      value instanceof Uint8Array && (lengths === undefined || lengths.includes(value.length)) ? value.slice() : refuse(),
    text: (value) => (typeof value === 'string' ? value : refuse()),
    flag: (value) => (typeof value === 'boolean' ? value : refuse()),
    list: (value) => (Array.isArray(value) ? value : refuse()),
    numbered: (value, most, read) => new Map([...map(value)].map(([key, inside]) => [integer(key, most), read(map(inside))])),
  }
}
