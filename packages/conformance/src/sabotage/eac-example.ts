import { fromHex } from '@kart/codec'
import type { Load } from './vector-rows.ts'

/** The worked examples of TR-03110: PACE, then terminal and chip authentication version 2, as test-vectors/eac has them. */
export interface EacExample {
  readonly kind: 'ecdh' | 'dh'
  readonly input: Readonly<Record<'pace' | 'ta' | 'ca', Readonly<Record<string, string>>>> & { readonly password: string }
  readonly expected: Readonly<Record<'pace' | 'ta' | 'ca', Readonly<Record<string, string>>>> & {
    readonly secureMessaging: {
      readonly encrypt: { readonly ssc: number; readonly plain: string; readonly cipher: string }
      readonly mac: { readonly ssc: number; readonly data: string; readonly mac: string }
    }
  }
}

/** Both examples. */
export function eacExamples(load: Load): readonly EacExample[] {
  return (['ecdh', 'dh'] as const).map((kind) => {
    const { input, expected } = load(`eac/eac-${kind}.json`)[0]!.tests[0]!
    return { kind, input, expected } as unknown as EacExample
  })
}

/** Private keys of the DH example are longer than the order; modulo the order they give the same public keys. */
export function scalarOf(kind: 'ecdh' | 'dh', hex: string | undefined): Uint8Array {
  const value = BigInt(`0x${hex}`)
  if (kind === 'ecdh') return fromHex(value.toString(16).padStart(64, '0'))
  return fromHex((value % 0xf518aa8781a8df278aba4e7d64b7cb9d49462353n).toString(16).padStart(40, '0'))
}
