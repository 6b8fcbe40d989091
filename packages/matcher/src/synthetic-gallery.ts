import { InputError } from '@kart/codec'
import { type MinutiaeTemplate, syntheticTemplate } from '@kart/minutiae'
import type { EnrolledFinger, Gallery } from './gallery.ts'

/** What to invent. */
export interface SyntheticPeople {
  readonly people: number
  /** Fingers of each, 1..10, in the positions 1, 2 and so on; default 1. */
  readonly fingers?: number
  /** Default 1. The same seed makes the same people. */
  readonly seed?: number
}

/** The finger that {@link addSyntheticPeople} invents for a person, counted from 0. */
export function syntheticFinger(person: number, finger: number, seed = 1): MinutiaeTemplate {
  return syntheticTemplate((Math.imul(person * 10 + finger, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b)) | 0, {
    manner: manners[person % 2]!,
  })
}

const manners = ['fjfx', 'mindtct'] as const

/** The name of an invented person. */
export function syntheticName(person: number): string {
  return `synthetic-${person}`
}

/**
 * Fills a gallery with invented people, half of them in the manner of one extractor and half in that of another: synthetic, so what is measured on them is speed
 * and scale, not error rates. Throws InputError for a number of fingers out of range, or a gallery that is not marked synthetic.
 */
export function addSyntheticPeople(gallery: Gallery, options: SyntheticPeople, progress?: (done: number, all: number) => void): void {
  const { people, fingers = 1, seed = 1 } = options
  if (!gallery.synthetic) throw new InputError('gallery', 'is not marked synthetic')
  if (!Number.isInteger(people) || people < 1) throw new InputError('people', 'not a count')
  if (!Number.isInteger(fingers) || fingers < 1 || fingers > 10) throw new InputError('fingers', 'not in 1..10')
  // several people at once, so that a block is summed once and not for each
  const together = 64
  for (let first = 0; first < people; first += together) {
    const here = Array.from({ length: Math.min(together, people - first) }, (_, k) => first + k)
    gallery.appendPeople(
      here.map((person) => ({
        person: syntheticName(person),
        fingers: Array.from(
          { length: fingers },
          (_, k): EnrolledFinger => ({ template: syntheticFinger(person, k, seed), position: k + 1 }),
        ),
      })),
    )
    progress?.(Math.min(people, first + together), people)
  }
  gallery.flush()
}
