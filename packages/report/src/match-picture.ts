import { CardError } from '@kart/codec'
import { dg3Codec } from '@kart/layout'
import { compare, prepare, type ThresholdName, thresholds } from '@kart/matcher'
import { decodeTemplate, decodeTemplates, type MinutiaeTemplate } from '@kart/minutiae'
import { type Evidence, openFile } from '@kart/verification'
import { renderMatchSvg } from './match-overlay.ts'

/** Draws one comparison of two templates; a whole SVG document. `threshold` names the line in the caption. */
export function drawMatch(probe: MinutiaeTemplate, candidate: MinutiaeTemplate, threshold: ThresholdName): string {
  const result = compare(prepare(probe), prepare(candidate))
  const limit = thresholds[threshold]
  const outcome =
    result.status === 'scored'
      ? `score ${result.score}, threshold ${limit} (${threshold}): ${result.score >= limit ? 'same finger' : 'no match'}`
      : 'too few minutiae to compare'
  return renderMatchSvg({
    probe,
    candidate,
    pairs: result.pairs,
    caption: `${outcome}; ${result.pairs.length} of ${probe.count} and ${candidate.count} minutiae paired`,
  })
}

/** Draws the live finger against the finger of DG3 that fits it best; undefined when DG3 holds none that can be read. */
export function drawBestFinger(evidence: Evidence, probe: Uint8Array | MinutiaeTemplate, threshold: ThresholdName): string | undefined {
  const live = probe instanceof Uint8Array ? decodeTemplate(probe) : probe
  const file = openFile(evidence, 'emrtd', 'EF.DG3', dg3Codec)
  if (file.state !== 'decoded') return undefined
  const prepared = prepare(live)
  let best: { candidate: MinutiaeTemplate; score: number } | undefined
  for (const finger of file.value.fingers) {
    if (finger.kind !== 'minutiae') continue
    for (const candidate of templatesOf(finger.record)) {
      const { score } = compare(prepared, prepare(candidate))
      if (best === undefined || score > best.score) best = { candidate, score }
    }
  }
  return best && drawMatch(live, best.candidate, threshold)
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
