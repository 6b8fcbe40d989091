/** Which pairs are compared. */
export type Protocol = 'fvc' | 'extended'

/** The protocols with what they compare, in words. */
export const protocols = [
  { name: 'fvc', genuine: 'every two impressions of a finger', impostor: 'the first impressions of every two fingers' },
  { name: 'extended', genuine: 'every two impressions of a finger', impostor: 'every two impressions of different fingers' },
] as const satisfies readonly { name: Protocol; genuine: string; impostor: string }[]

/** Where an impression stands: its finger, by a number from 0, and whether it is that finger's first. */
export interface Place {
  readonly finger: number
  readonly first: boolean
}

/**
 * The pairs that a protocol compares, as indices into the impressions, each unordered pair once: genuine ones are all pairs of impressions of a finger; impostors are under `fvc` the first impressions of
 * every two fingers (Maio et al., 2002), under `extended` every two impressions of different fingers.
 */
export function* pairsOf(places: readonly Place[], protocol: Protocol): Generator<readonly [number, number]> {
  for (const [p, one] of places.entries())
    for (let q = 0; q < p; q++) {
      const other = places[q]!
      if (one.finger === other.finger || protocol === 'extended' || (one.first && other.first)) yield [p, q]
    }
}
