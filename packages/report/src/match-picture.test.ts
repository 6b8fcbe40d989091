import { readFileSync } from 'node:fs'
import { dg3Codec, minutiaeFinger } from '@kart/layout'
import { decodeTemplate, encodeTemplate } from '@kart/minutiae'
import type { Check, Evidence } from '@kart/verification'
import { describe, expect, it } from 'vitest'
import { drawBestFinger } from './match-picture.ts'

const finger = new Uint8Array(readFileSync(new URL('../../../test-vectors/specimen/finger-enrolled.fmr', import.meta.url)))
const record = encodeTemplate(decodeTemplate(finger), 'iso-19794-2-2005', { position: 7 })

function evidence(bytes: Uint8Array | undefined): Evidence {
  const file = { application: 'emrtd', name: 'EF.DG3', outcome: 'read', bytes, sw: undefined, problem: undefined } as const
  return { profile: 'x', files: [file] } as unknown as Evidence
}
const finding = (outcome: Check['outcome']): Check[] => [
  { id: 'finger.match', title: '', outcome, required: true, clause: '', detail: 'score 42 against 44' },
]

describe('drawBestFinger', () => {
  it('says what the check found, even where the bare score would say otherwise', () => {
    const dg3 = dg3Codec.encode({ fingers: [minutiaeFinger(record, 7)] })
    expect(drawBestFinger(evidence(dg3), finger, finding('fail'))).toContain('no match: score 42 against 44')
    expect(drawBestFinger(evidence(dg3), finger, finding('pass'))).toContain('same finger: score 42 against 44')
    expect(drawBestFinger(evidence(dg3), finger, [])).toContain('not judged')
  })

  it('draws nothing where DG3 cannot be read or holds no finger', () => {
    expect(drawBestFinger(evidence(Uint8Array.of(1, 2, 3)), finger, finding('fail'))).toBeUndefined()
    expect(drawBestFinger(evidence(dg3Codec.encode({ fingers: [], filler: new Uint8Array(16) })), finger, finding('fail'))).toBeUndefined()
  })
})
