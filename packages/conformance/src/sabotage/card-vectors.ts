import { cardAaVectors } from './card-aa-vectors.ts'
import { cardBacVectors } from './card-bac-vectors.ts'
import { cardEacVectors } from './card-eac-vectors.ts'
import { cardMessagingVectors } from './card-messaging-vectors.ts'
import { cardPaceVectors } from './card-pace-vectors.ts'
import { cardScp03Vectors } from './card-scp03-vectors.ts'
import type { Load, Vector } from './vector-rows.ts'

/** Every vector that the card alone is held against. */
export function vectorsOf(load: Load): readonly Vector[] {
  return [cardBacVectors, cardMessagingVectors, cardScp03Vectors, cardPaceVectors, cardEacVectors, cardAaVectors].flatMap((vectors) =>
    vectors(load),
  )
}
