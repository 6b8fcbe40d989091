import { type CardProfile, fileCodecs, findFile } from '@kart/layout'
import { type Check, type CheckRow, fail, notRun, pass } from '../check.ts'
import type { Evidence } from '../evidence.ts'
import { openFile } from '../open-file.ts'

const row: CheckRow = {
  id: 'files.well-formed',
  title: 'Every file that was read can be decoded',
  clause: 'Doc 9303-10, 8th ed., 4; ISO/IEC 7816-4:2020, 12.2',
}

/** Whether every file decodes. For information: what a verdict rests on is asked for by its own checks, and those fail on a file that does not decode. */
export function checkWellFormed(evidence: Evidence, profile: CardProfile): Check {
  const malformed: string[] = []
  let read = 0
  for (const { application, name, outcome } of evidence.files) {
    const spec = findFile(profile, application, name)
    if (spec === undefined || outcome !== 'read') continue
    read++
    const file = openFile<unknown>(evidence, application, name, fileCodecs[spec.format])
    if (file.state === 'malformed') malformed.push(`${name} (${file.problem})`)
  }
  if (read === 0) return notRun(row, 'no file was read', false)
  return malformed.length === 0 ? pass(row, `${read} files`, false) : fail(row, malformed.join('; '), false)
}
