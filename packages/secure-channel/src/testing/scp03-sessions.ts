import type { Scp03Keys } from '../scp03/derivation.ts'
import { openScp03 } from '../scp03/open-scp03.ts'
import type { Scp03SecurityLevel } from '../scp03/scp03-session.ts'
import { hexField, scriptedChannel, type VectorGroup, vectorGroups } from './vector-file.ts'

/** Third-party sessions. */
export const outside = vectorGroups('scp03/scp03.json')
/** Sessions made by another program of ours. */
export const selfMade = vectorGroups('scp03/scp03-self.json')

export const keysOf = (group: VectorGroup): Scp03Keys => ({
  version: Number(group.kvn),
  enc: hexField(group.keyEnc),
  mac: hexField(group.keyMac),
  dek: hexField(group.keyDek),
})
export const levelOf = (group: VectorGroup) => Number.parseInt(`${group.tests[1]?.input.securityLevel}`, 16) as Scp03SecurityLevel
export const aidOf = (group: VectorGroup) => hexField(group.isdAid ?? group.tests[0]?.input.isdAid)
/** The third-party file leaves the status word off the answer to INITIALIZE UPDATE. */
export const initializeAnswer = (hex: unknown) => (`${hex}`.endsWith('9000') ? hex : `${hex}9000`)

/** The two exchanges that open the group's session. */
export function opening(group: VectorGroup): [unknown, unknown][] {
  const [update, authenticate] = group.tests
  return [
    [update?.expected.command, initializeAnswer(update?.expected.response)],
    [authenticate?.expected.command, '9000'],
  ]
}

export function open(group: VectorGroup, more: readonly (readonly [unknown, unknown])[] = []) {
  const channel = scriptedChannel([...opening(group), ...more])
  const options = { securityLevel: levelOf(group), hostChallenge: hexField(group.tests[0]?.input.hostChallenge), aid: aidOf(group) }
  return { channel, opened: openScp03(channel, keysOf(group), options) }
}
