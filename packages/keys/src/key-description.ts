import { fromHex, InputError, parseStrictJson, toHex } from '@kart/codec'
import { z } from 'zod'
import { type SchemeName, schemes } from './diversification.ts'
import { type MasterAlgorithm, type MasterKey, masterAlgorithms } from './key-store.ts'
import { KeyStoreError } from './key-store-error.ts'

/** Key sets that cards carry, as a bureau describes them: which master key, which scheme, which key version, from when till when. */
export interface KeySet {
  readonly name: string
  /** `transport`: what the blank chips come with; `card`: what replaces it when the card is issued. */
  readonly use: 'transport' | 'card'
  /** Key version number on the card, 1..127. */
  readonly keyVersion: number
  readonly scheme: SchemeName
  /** The master key of each of the three keys, by id; mostly the same one. */
  readonly keys: { readonly enc: string; readonly mac: string; readonly dek: string }
  /** Bytes of each of the card's keys: 16, 24 or 32. */
  readonly keyLength: number
  /** First and last day of use, `2026-03-21` in UTC, both included; without one there is no such bound. */
  readonly notBefore?: string
  readonly notAfter?: string
}

/** What stands in `keys.json`: no secret, and all that is needed to know the right key from a wrong one. */
export interface KeyDescription {
  /** Whether the keys are for tests only. */
  readonly test: boolean
  readonly keys: readonly MasterKey[]
  readonly sets: readonly KeySet[]
}

const id = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,62}$/)
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/)
const algorithms = Object.keys(masterAlgorithms) as [MasterAlgorithm, ...MasterAlgorithm[]]
const schemeNames = Object.keys(schemes) as [SchemeName, ...SchemeName[]]

const descriptionSchema = z.strictObject({
  schema: z.literal('kart-keys-1'),
  test: z.boolean(),
  keys: z
    .array(z.strictObject({ id, algorithm: z.enum(algorithms), checkValue: z.string().regex(/^([0-9a-f]{6}|[0-9a-f]{10})$/) }))
    .min(1)
    .max(200),
  sets: z
    .array(
      z.strictObject({
        name: id,
        use: z.enum(['transport', 'card']),
        keyVersion: z.number().int().min(1).max(127),
        scheme: z.enum(schemeNames),
        keys: z.strictObject({ enc: id, mac: id, dek: id }),
        keyLength: z.union([z.literal(16), z.literal(24), z.literal(32)]),
        notBefore: day.optional(),
        notAfter: day.optional(),
      }),
    )
    .max(200),
})

/**
 * Reads a key description (schema kart-keys-1), strictly: unknown fields, keys twice, sets whose key there is not, is of another cipher than the scheme's or
 * shorter than what is derived from it are refused. Throws KeyStoreError; values are not repeated.
 */
export function parseKeyDescription(text: string): KeyDescription {
  const result = descriptionSchema.safeParse(parsed(text))
  if (!result.success) throw refusal(pathOf(result.error.issues[0]?.path ?? []), 'is not what kart-keys-1 has here')
  const { test, keys, sets } = result.data
  const masters = keys.map((key, i) => {
    if (key.checkValue.length !== (key.algorithm === 'des-ede2' ? 6 : 10))
      throw refusal(`keys[${i}].checkValue`, 'is 5 bytes for an AES key and 3 for a triple-DES key')
    return { ...key, checkValue: fromHex(key.checkValue) }
  })
  requireUnique('keys', 'id', keys.map((key) => key.id)) // biome-ignore format: one line a rule
  requireUnique('sets', 'name', sets.map((set) => set.name)) // biome-ignore format: one line a rule
  for (const [i, set] of sets.entries()) checkSet(set as KeySet, `sets[${i}]`, masters)
  // Over both uses: what a card has is told by the version alone.
  requireUnique(
    'sets',
    'keyVersion',
    sets.map((set) => String(set.keyVersion)),
  )
  return { test, keys: masters, sets: sets as KeySet[] }
}

/** Writes a key description as {@link parseKeyDescription} reads it. */
export function encodeKeyDescription({ test, keys, sets }: KeyDescription): string {
  const document = { schema: 'kart-keys-1', test, keys: keys.map((key) => ({ ...key, checkValue: toHex(key.checkValue) })), sets }
  return `${JSON.stringify(document, null, 2)}\n`
}

function parsed(text: string): unknown {
  try {
    return parseStrictJson(text)
  } catch (cause) {
    if (cause instanceof InputError) throw new KeyStoreError('description', `the key description is not JSON: ${cause.message}`, { cause })
    throw new KeyStoreError('description', 'the key description is too large', { cause })
  }
}

const refusal = (where: string, problem: string) => new KeyStoreError('description', `key description: ${where} ${problem}`)

function pathOf(path: readonly PropertyKey[]): string {
  return (
    path
      .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
      .join('')
      .replace(/^\./, '') || 'it'
  )
}

function requireUnique(what: string, field: string, values: readonly string[]): void {
  if (new Set(values).size !== values.length) throw refusal(what, `has the same ${field} twice`)
}

function isDay(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

function checkSet(set: KeySet, where: string, masters: readonly MasterKey[]): void {
  const isDes = schemes[set.scheme].mechanism === 'des-ede2'
  if (isDes && set.use === 'card') throw refusal(`${where}.scheme`, 'gives triple-DES keys, which no card is issued with')
  for (const purpose of ['enc', 'mac', 'dek'] as const) {
    const master = masters.find((key) => key.id === set.keys[purpose])
    if (master === undefined) throw refusal(`${where}.keys.${purpose}`, 'is no key of this description')
    if ((master.algorithm === 'des-ede2') !== isDes) throw refusal(`${where}.keys.${purpose}`, `is not a key for scheme ${set.scheme}`)
    // A key is no stronger than the key it comes from (NIST SP 800-108 Rev. 1, 6.1).
    if (set.keyLength > masterAlgorithms[master.algorithm]) throw refusal(`${where}.keyLength`, 'is longer than the master key')
  }
  for (const field of ['notBefore', 'notAfter'] as const)
    if (set[field] !== undefined && !isDay(set[field])) throw refusal(`${where}.${field}`, 'is no day of the calendar')
  if (set.notBefore !== undefined && set.notAfter !== undefined && set.notBefore > set.notAfter)
    throw refusal(`${where}.notAfter`, 'is before the first day')
}

/** The first key set of a folder: one master key, from which the keys of issued cards follow by the house's scheme. */
export function firstCardSet(keyId: string, options: { readonly keyVersion?: number; readonly keyLength?: 16 | 24 | 32 } = {}): KeySet {
  return {
    name: 'card-1',
    use: 'card',
    keyVersion: options.keyVersion ?? 0x31,
    scheme: 'sp800-108-cmac',
    keys: { enc: keyId, mac: keyId, dek: keyId },
    keyLength: options.keyLength ?? 16,
  }
}
