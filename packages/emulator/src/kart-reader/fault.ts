import { InputError } from '@kart/codec'

/**
 * What goes wrong with one answer of a card: it comes late; the card is pulled out in place of it; it never comes; it has another length,
 * cut or filled up with zeros.
 */
export type ReaderFault =
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'cut' }
  | { readonly kind: 'mute' }
  | { readonly kind: 'wrong-length'; readonly length: number }

/** Says what goes wrong with the answer to a command; `count` is 1 for the first command since the card was put in. */
export type FaultPlan = (command: Uint8Array, count: number) => ReaderFault | undefined

const longest = 100_000

/**
 * A plan out of a few characters: `delay=MS`, `cut`, `mute` or `length=BYTES`, each with `@N` behind it for every Nth command only. Throws
 * InputError.
 */
export function parseFaultPlan(text: string): FaultPlan {
  const match = /^(delay|cut|mute|length)(?:=(\d+))?(?:@(\d+))?$/.exec(text)
  const [, kind, value, every = '1'] = match ?? []
  const number = value === undefined ? undefined : Number(value)
  const needsValue = kind === 'delay' || kind === 'length'
  const step = Number(every)
  if (kind === undefined || needsValue !== (number !== undefined) || step < 1 || (number ?? 0) > longest)
    throw new InputError('fault', `not delay=MS, cut, mute or length=BYTES (0 to ${longest}), with or without @N (from 1) behind it`)
  const fault: ReaderFault =
    kind === 'delay'
      ? { kind, ms: number! }
      : kind === 'length'
        ? { kind: 'wrong-length', length: number! }
        : { kind: kind === 'cut' ? 'cut' : 'mute' }
  return (_, count) => (count % step === 0 ? fault : undefined)
}
