import { InputError } from '@kart/codec'
import type { EnrolledFinger, Gallery } from './gallery.ts'
import { batchProbes, fastestKernel } from './kernel.ts'
import { packTemplate, recordBytes, recordMinutiae } from './packed.ts'
import { limits, modes } from './parameters.ts'
import { type FingerHit, fuseFingers } from './people.ts'
import { calibrate } from './score.ts'
import { openPool, type PoolOptions, type Progress, type SearchPool } from './search-pool.ts'
import { lowestStrength } from './strength.ts'

/** How thoroughly a gallery is searched: `cascade` is faster, and misses what docs/matcher.md says. */
export type SearchMode = keyof typeof modes
export const searchModes = Object.keys(modes) as readonly SearchMode[]

/** Someone to be found: one finger or several. */
export interface Probe {
  readonly fingers: readonly EnrolledFinger[]
}

export interface IdentifyOptions extends PoolOptions {
  /** Default `exhaustive`. */
  readonly mode?: SearchMode
  /** Most candidates given for a probe, 1 or more; default 10. */
  readonly top?: number
  /** A pool to search on; without it one is opened, as {@link PoolOptions} say, and closed. */
  readonly pool?: SearchPool
  /** Hears how far the search is: blocks of 64 records done, and how many there are. */
  readonly onProgress?: Progress
}

/** A person who may be the probe's. */
export interface Candidate {
  readonly person: string
  /**
   * -10 log10 of the false match rate of this person being a stranger, an integer in 0..100. Among N persons a stranger reaches it N times as often: a search
   * of a million takes 60 more than one comparison.
   */
  readonly score: number
  /** For ranking candidates of equal score. */
  readonly strength: number
  readonly swapped: boolean
  readonly fingers: readonly FingerHit[]
}

export interface ProbeResult {
  /** `too-few-minutiae`: no finger of the probe has enough of them, and nothing was searched. */
  readonly status: 'searched' | 'too-few-minutiae'
  /** Best first. */
  readonly candidates: readonly Candidate[]
}

export interface IdentifyResult {
  readonly mode: SearchMode
  /** False when part of the gallery could not be searched: then no answer says that someone is not in it. */
  readonly complete: boolean
  /** Slots that were searched, and those in blocks whose sums did not hold. */
  readonly searched: number
  readonly refused: number
  readonly refusedBlocks: readonly number[]
  /** One for each probe, in their order. */
  readonly results: readonly ProbeResult[]
}

/**
 * Searches a gallery for persons. The outcome is the same on every machine, kernel and number of workers. Throws InputError for a mode that there is not, a
 * probe without fingers, or a template whose arrays disagree.
 */
export async function identify(probes: readonly Probe[], gallery: Gallery, options: IdentifyOptions = {}): Promise<IdentifyResult> {
  const { mode = 'exhaustive', top = 10, onProgress } = options
  if (!Object.hasOwn(modes, mode)) throw new InputError('mode', `not one of ${Object.keys(modes).join(', ')}`)
  if (!Number.isInteger(top) || top < 1) throw new InputError('top', 'not a number of candidates')
  const fingers = probes.flatMap(({ fingers: own }, owner) => {
    if (own.length === 0) throw new InputError('probe', 'has no finger')
    return own.map(({ template, position = 0 }, index) => ({
      owner,
      index,
      position,
      prepared: fastestKernel().prepare(template, recordMinutiae),
    }))
  })
  const usable = fingers.filter(({ prepared }) => prepared.count >= limits.fewest)
  const pool = options.pool ?? openPool(options)
  const refusedBlocks = new Set<number>()
  const hits = probes.map((): FingerHit[] => [])
  const passes = Math.ceil(usable.length / batchProbes)
  try {
    for (let pass = 0; pass < passes; pass++) {
      const batch = usable.slice(pass * batchProbes, (pass + 1) * batchProbes)
      const records = batch.map(({ prepared }) => {
        const record = new Uint8Array(recordBytes)
        packTemplate(prepared, record)
        return record
      })
      const { strengths, refused } = await pool.search(
        gallery,
        records,
        modes[mode],
        onProgress && ((done, all) => onProgress(pass * all + done, passes * all)),
      )
      for (const block of refused) refusedBlocks.add(block)
      for (const [row, { owner, index, position }] of batch.entries())
        for (let slot = 0; slot < gallery.slots; slot++) {
          const strength = strengths[row * gallery.slots + slot]!
          if (strength === lowestStrength) continue
          const score = calibrate(strength, 'lean')
          if (score > 0) hits[owner]!.push({ probe: index, slot, probePosition: position, position: 0, score, strength })
        }
    }
  } finally {
    if (options.pool === undefined) await pool.close()
  }
  const blocks = [...refusedBlocks].sort((p, q) => p - q)
  const refused = blocks.reduce((sum, block) => sum + Math.min(64, gallery.slots - 64 * block), 0)
  return {
    mode,
    complete: refused === 0,
    searched: gallery.slots - refused,
    refused,
    refusedBlocks: blocks,
    results: probes.map(({ fingers: own }, owner) =>
      usable.some((finger) => finger.owner === owner)
        ? { status: 'searched', candidates: candidatesOf(hits[owner]!, own.length, gallery, top) }
        : { status: 'too-few-minutiae', candidates: [] },
    ),
  }
}

// Persons by their fused score. With one finger nobody but the best slots is looked up; with several, whoever any finger points to.
function candidatesOf(hits: FingerHit[], probeFingers: number, gallery: Gallery, top: number): Candidate[] {
  hits.sort((p, q) => q.strength - p.strength || p.slot - q.slot || p.probe - q.probe)
  const people = new Map<string, { enrolled: number; hits: FingerHit[] }>()
  const most = probeFingers === 1 ? 40 * top : mostLookedUp
  for (const hit of hits.slice(0, most)) {
    const { person, position, fingers } = gallery.entry(hit.slot)
    const own = people.get(person) ?? { enrolled: fingers, hits: [] }
    own.hits.push({ ...hit, position })
    people.set(person, own)
  }
  const candidates = [...people].map(([person, own]): Candidate => ({ person, ...fuseFingers(own.hits, probeFingers, own.enrolled) }))
  candidates.sort((p, q) => q.score - p.score || q.strength - p.strength || p.fingers[0]!.slot - q.fingers[0]!.slot)
  return candidates.filter(({ score }) => score > 0).slice(0, top)
}

const mostLookedUp = 20_000
