import type { AccessRule } from '@kart/layout/profile'
import { always, never } from '@kart/layout/profile'
import type { HolderFile } from '../memory/holder-state.ts'
import { type AccessRights, isAllowed } from '../os/access.ts'

/** What can be done to a file of the PKCS#15 application: `read` and `update` a transparent file, `use` and `generate` a key; `delete` both. */
export type FileOperation = 'read' | 'update' | 'delete' | 'use' | 'generate'

/** Which nibble of DO'86', from the left, guards which operation; the two last of six are not used (MyEID command surface, OpenSC card-myeid.c). */
const nibbles = {
  transparent: { read: 0, update: 1, delete: 2 },
  key: { use: 0, update: 1, delete: 2, generate: 3 },
} as const satisfies Record<string, Partial<Record<FileOperation, number>>>

/** The rule that a file's access bytes set for an operation: nibble 0 always, 1..14 the PIN of that reference, 15 never; never also for what the kind of file does not know. */
export function ruleOf({ type, access }: Pick<HolderFile, 'type' | 'access'>, operation: FileOperation): AccessRule {
  const at: Partial<Record<FileOperation, number>> = type === 'transparent' ? nibbles.transparent : nibbles.key
  const index = at[operation]
  if (index === undefined) return never
  const byte = access[index >> 1] ?? 0xff
  const nibble = index % 2 === 0 ? byte >> 4 : byte & 0x0f
  if (nibble === 0) return always
  return nibble === 15 ? never : { kind: 'password', reference: nibble }
}

/** Whether the file's access bytes let someone of these rights do it. Life cycle and secure channel are asked elsewhere. */
export function mayDo(file: Pick<HolderFile, 'type' | 'access'>, operation: FileOperation, rights: AccessRights): boolean {
  return isAllowed(ruleOf(file, operation), rights)
}
