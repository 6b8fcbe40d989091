import type { Edit } from './module-graph.ts'

/** One mistake, made on both sides at once: terminal and card still agree with each other, and only the outside vectors can tell. */
export interface Mutation {
  readonly name: string
  readonly terminal: readonly Edit[]
  readonly card: readonly Edit[]
}
