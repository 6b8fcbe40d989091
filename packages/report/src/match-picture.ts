import { CardError } from '@kart/codec'
import { dg3Codec } from '@kart/layout'
import { compare, type MatchResult, prepare, type ThresholdName, thresholds } from '@kart/matcher'
import { decodeTemplate, decodeTemplates, type MinutiaeTemplate } from '@kart/minutiae'
import { type Check, type Evidence, openFile } from '@kart/verification'
import { renderMatchSvg } from './match-overlay.ts'

/** Draws one comparison of two templates; a whole SVG document. `threshold` names the line in the caption. */
export function drawMatch(probe: MinutiaeTemplate, candidate: MinutiaeTemplate, threshold: ThresholdName): string {
  const result = compare(prepare(probe), prepare(candidate))
  const limit = thresholds[threshold]
  const outcome =
    result.status === 'scored'
      ? `score ${result.score}, threshold ${limit} (${threshold}): ${result.score >= limit ? 'same finger' : 'no match'}`
      : 'too few minutiae to compare'
  return drawPairs(probe, candidate, result, outcome)
}

function drawPairs(probe: MinutiaeTemplate, candidate: MinutiaeTemplate, { pairs }: MatchResult, outcome: string): string {
  return renderMatchSvg({
    probe,
    candidate,
    pairs,
    caption: `${outcome}; ${pairs.length} of ${probe.count} and ${candidate.count} minutiae paired`,
  })
}

/**
 * Draws the live finger against the finger of DG3 that fits it best; undefined when DG3 holds none that can be read. The caption is the finding of the check
 * `finger.match`, which alone knows the threshold for as many comparisons as there were.
 */
export function drawBestFinger(evidence: Evidence, probe: Uint8Array | MinutiaeTemplate, checks: readonly Check[]): string | undefined {
  const live = probe instanceof Uint8Array ? decodeTemplate(probe) : probe
  const file = openFile(evidence, 'emrtd', 'EF.DG3', dg3Codec)
  if (file.state !== 'decoded') return undefined
  const prepared = prepare(live)
  let best: { candidate: MinutiaeTemplate; result: MatchResult } | undefined
  for (const finger of file.value.fingers) {
    if (finger.kind !== 'minutiae') continue
    for (const candidate of templatesOf(finger.record)) {
      const result = compare(prepared, prepare(candidate))
      if (best === undefined || result.score > best.result.score) best = { candidate, result }
    }
  }
  const found = checks.find(({ id }) => id === 'finger.match')
  const outcome = found ? `${found.outcome === 'pass' ? 'same finger' : 'no match'}: ${found.detail}` : 'not judged'
  return best && drawPairs(live, best.candidate, best.result, outcome)
}

// A record that cannot be read is a finding of the checks, not a reason to draw nothing of the others.
function templatesOf(record: Uint8Array): readonly MinutiaeTemplate[] {
  try {
    return decodeTemplates(record, 'iso-19794-2-2005').templates
  } catch (error) {
    if (error instanceof CardError) return []
    throw error
  }
}
