import type { CardState } from '../memory/card-state.ts'
import type { CardContext } from '../os/card-context.ts'
import { refuse, SW } from '../os/status.ts'
import { levels } from './scp03.ts'

/** What one data grouping personalizes. */
export interface GroupingUse {
  /** Longest value, bytes. */
  readonly maxLength: number
  apply(state: CardState, value: Uint8Array): { state: CardState; response?: Uint8Array }
}

/** House rule: secrets come encrypted or not at all; refuses 6982. */
export function requireEncryption({ session }: CardContext): void {
  if (((session.channel?.level ?? 0) & levels.commandEncryption) === 0) refuse(SW.securityStatus)
}
