import { InputError } from '@kart/codec'
import { holderKeys, type KeyAlgorithmRow, type KeyRow } from './tables.ts'

/** Kinds of key pairs that the reference card makes, by the names that people give them. */
export const keyKinds = {
  p256: { kind: 'ec', bits: 256 },
  p384: { kind: 'ec', bits: 384 },
  p521: { kind: 'ec', bits: 521 },
  rsa2048: { kind: 'rsa', bits: 2048 },
  rsa3072: { kind: 'rsa', bits: 3072 },
  rsa4096: { kind: 'rsa', bits: 4096 },
} as const satisfies Readonly<Record<string, KeyAlgorithmRow>>

const wanted = `give one kind for all keys, or one for each (${holderKeys.map(({ label }) => label).join(',')}), of ${Object.keys(keyKinds).join(', ')}`

function kindNamed(name: string, field: string): KeyAlgorithmRow {
  const plain = name.trim().toLowerCase().replace('-', '')
  if (!Object.hasOwn(keyKinds, plain)) throw new InputError(field, wanted)
  return keyKinds[plain as keyof typeof keyKinds]
}

/**
 * The reference card's key pairs in other kinds: `rsa2048` for all, or `p256,rsa3072` for each in the order of {@link holderKeys}. What only a key on a curve does (derive) goes
 * where it is an RSA key. `field` is what an error calls them. Throws InputError that lists the kinds.
 */
export function keysOfKinds(text: string, field = 'kinds of keys'): readonly KeyRow[] {
  const kinds = text.split(',').map((name) => kindNamed(name, field))
  if (kinds.length !== 1 && kinds.length !== holderKeys.length) throw new InputError(field, wanted)
  return holderKeys.map((row: KeyRow, i) => {
    const algorithm = kinds[i] ?? kinds[0]!
    return { ...row, algorithm, usage: algorithm.kind === 'ec' ? row.usage : row.usage.filter((use) => use !== 'derive') }
  })
}
