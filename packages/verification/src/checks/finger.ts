import { DecodeError, LimitError } from '@kart/codec'
import { dg3Codec } from '@kart/layout'
import { compare, prepare, thresholds } from '@kart/matcher'
import { decodeTemplate, decodeTemplates, type MinutiaeTemplate } from '@kart/minutiae'
import { type Check, type CheckRow, fail, notRun, pass } from '../check.ts'
import type { Evidence } from '../evidence.ts'
import { openFile } from '../open-file.ts'
import type { Policy } from '../policy.ts'
import { emrtd } from './data-groups.ts'

const row: CheckRow = {
  id: 'finger.match',
  title: 'The live finger is one of those on the card',
  clause: 'ISO/IEC 19794-2:2005; house rule',
}

/**
 * One 1:1 comparison against every finger and view of EF.DG3, the best of them counting; required exactly when there is a probe and the card has not
 * compared it in place of this terminal. The threshold is that of one
 * comparison: the best of N must stay above it by {@link raiseFor}, so that N tries together keep its false match rate.
 */
export function checkFinger(evidence: Evidence, probe: MinutiaeTemplate | Uint8Array | undefined, policy: Policy): Check[] {
  if (probe === undefined) return [notRun(row, 'no finger was presented', false)]
  const live = prepare(probe instanceof Uint8Array ? decodeTemplate(probe) : probe)
  const file = openFile(evidence, emrtd, 'EF.DG3', dg3Codec)
  // Where the card was shown the finger instead, its answer is what is required.
  if (file.state === 'absent' && evidence.fingerOnCard !== undefined)
    return [notRun(row, 'EF.DG3 was not read; the card compared the finger itself', false)]
  if (file.state !== 'decoded') return [notRun(row, file.state === 'absent' ? `EF.DG3 was not read${whyNot(evidence)}` : file.problem)]
  const threshold = thresholds[policy.fingerThreshold]
  let best: number | undefined
  let compared = 0
  const problems: string[] = []
  for (const finger of file.value.fingers) {
    if (finger.kind !== 'minutiae') continue
    try {
      for (const template of decodeTemplates(finger.record, 'iso-19794-2-2005').templates) {
        const { status, score } = compare(live, prepare(template))
        // Too few minutiae on either side: nothing was compared, and that is no answer either way.
        if (status !== 'scored') {
          problems.push('too few minutiae to tell fingers apart')
          continue
        }
        compared++
        if (best === undefined || score > best) best = score
      }
    } catch (error) {
      if (!(error instanceof DecodeError || error instanceof LimitError)) throw error
      problems.push(error.message)
    }
  }
  if (best === undefined) return [notRun(row, problems[0] ?? 'EF.DG3 holds no minutiae to compare with')]
  const raise = raiseFor(compared)
  const raised = raise === 0 ? '' : `, raised by ${raise} for ${compared} comparisons`
  const detail = `score ${best} against the threshold ${threshold + raise} (${policy.fingerThreshold}${raised}), best of ${compared}`
  return [best >= threshold + raise ? pass(row, detail) : fail(row, detail)]
}

/**
 * What the best of `comparisons` scores must have beyond the threshold of one (house rule): N tries at a false match rate p match falsely with at most N·p
 * (Bonferroni), and scores are -10·log10 of that rate, so 10·log10(N), rounded up: 4 for two, 5 for three, 10 for nine.
 */
function raiseFor(comparisons: number): number {
  return Math.ceil(10 * Math.log10(comparisons))
}

/** What the reading says about EF.DG3, in brackets. */
function whyNot({ files }: Evidence): string {
  const problem = files.find(({ application, name }) => application === emrtd && name === 'EF.DG3')?.problem
  return problem === undefined ? '' : ` (${problem})`
}
