import { terminalAaVectors } from './terminal-aa-vectors.ts'
import { terminalBacVectors } from './terminal-bac-vectors.ts'
import { terminalEacVectors } from './terminal-eac-vectors.ts'
import { terminalMessagingVectors } from './terminal-messaging-vectors.ts'
import { terminalPaceVectors } from './terminal-pace-vectors.ts'
import { terminalScp03Vectors } from './terminal-scp03-vectors.ts'
import type { Load, Vector } from './vector-rows.ts'

/** Every vector that the terminal alone is held against. */
export function vectorsOf(load: Load): readonly Vector[] {
  return [
    terminalBacVectors,
    terminalMessagingVectors,
    terminalScp03Vectors,
    terminalPaceVectors,
    terminalEacVectors,
    terminalAaVectors,
  ].flatMap((vectors) => vectors(load))
}
