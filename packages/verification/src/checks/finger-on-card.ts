import { type Check, type CheckRow, fail, notRun, pass } from '../check.ts'
import type { Evidence } from '../evidence.ts'

const row: CheckRow = {
  id: 'finger.on-card',
  title: 'The card says that the live finger is its holder’s',
  clause: 'ISO/IEC 24787:2018; ISO/IEC 7816-11:2022',
}

/**
 * The card's own answer to the live finger; nothing where it was not asked. Required when it was: a yes counts only from a chip that proved itself (`genuine`), since a copy says what it likes.
 */
export function checkFingerOnCard({ fingerOnCard: found }: Evidence, genuine: boolean): Check[] {
  if (found === undefined) return []
  const { attempts, problem } = found
  const tried = attempts.length === 1 ? 'one finger' : `${attempts.length} fingers`
  if (attempts.some(({ answer }) => answer.state === 'match')) {
    if (!genuine) return [notRun(row, 'the card says yes, but nothing shows that it is the issuer’s chip')]
    return [pass(row, `the card compared ${tried} and says yes; it gives no score`)]
  }
  const compared = attempts.some(({ answer }) => answer.state === 'no-match' || answer.state === 'blocked')
  const why = problem ?? 'the card compared nothing'
  return [compared ? fail(row, why) : notRun(row, why)]
}
