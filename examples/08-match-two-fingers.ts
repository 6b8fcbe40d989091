// Compares fingerprints: two impressions of one finger, and two fingers. Only minutiae are compared, no images.
import { readFileSync } from 'node:fs'
import { compare, type MatchTrace, prepare, thresholds } from '@kart/matcher/reference'
import { decodeTemplate, decodeTemplates, makeImpression } from '@kart/minutiae'

const load = (path: string): Uint8Array => new Uint8Array(readFileSync(path))
const enrolled = decodeTemplate(load('test-vectors/specimen/finger-enrolled.fmr'))
// A second scan of the same finger is made by a model here; in the field it comes from the scanner.
const { template: live, description } = makeImpression(enrolled, { seed: 7, rotationDegrees: 20 })
// NIST's test record holds three fingers, and the second is not the enrolled one. Its format is INCITS 378; templates are alike once decoded.
const { format, templates } = decodeTemplates(load('test-vectors/nist/fmr.ansi2004'))
const other = templates[1]!
console.log(`enrolled: ${enrolled.count} minutiae, live: ${live.count}, another finger: ${other.count} (${format})`)
console.log(description)

// Preparing is done once a template, comparing as often as needed.
const candidate = prepare(enrolled)
const threshold = thresholds['fmr1e-4']
for (const [name, probe] of [
  ['the same finger', live],
  ['another finger', other],
] as const) {
  const trace: MatchTrace = { stages: [] }
  const { score, pairs, alignment } = compare(prepare(probe), candidate, trace)
  const turned = alignment === undefined ? 'not aligned' : `turned by ${alignment.rotationDegrees.toFixed(0)} degrees`
  console.log(
    `${name}: score ${score}, ${pairs.length} pairs, ${turned}: ${score >= threshold ? 'match' : 'no match'} (threshold ${threshold})`,
  )
  console.log(`  stages: ${trace.stages.map(({ stage }) => stage).join(', ')}`)
}
