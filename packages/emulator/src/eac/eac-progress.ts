import type { MessagingCipher, TerminalRight } from '@kart/layout/profile'
import type { ImportedKey } from './terminal-trust.ts'

/** The key and protocol of chip authentication that MSE:Set AT chose, for the GENERAL AUTHENTICATE after it. */
export interface ChipSelection {
  readonly version: 1 | 2
  readonly keyId: number
  readonly agreement: 'DH' | 'ECDH'
  readonly cipher: MessagingCipher
  /** Value of the protocol's DO'06'. */
  readonly oid: Uint8Array
}

/** What MSE:Set AT said of the terminal's key, for the EXTERNAL AUTHENTICATE after it. */
export interface TerminalSelection {
  readonly version: 1 | 2
  /** Comp(PK) of the terminal's ephemeral key: that of chip authentication before (1) or to come (2). */
  readonly compressedKey: Uint8Array
  /** The whole DO'67'; empty where there is none. */
  readonly auxiliaryData: Uint8Array
}

/** A terminal that has proved itself. */
export interface AuthenticatedTerminal {
  readonly version: 1 | 2
  readonly compressedKey: Uint8Array
  readonly rights: ReadonlySet<TerminalRight>
}

/** How far chip and terminal authentication have come in the present secure messaging. Never changed in place. */
export interface EacProgress {
  /** MSE:Set AT of chip authentication. */
  readonly chip: ChipSelection | undefined
  /** MSE:Set DST: the name of the key that verifies the next certificate. */
  readonly verifier: string | undefined
  /** The key that the last certificate brought. */
  readonly imported: ImportedKey | undefined
  /** MSE:Set AT of terminal authentication. */
  readonly terminal: TerminalSelection | undefined
  /** Chip authentication done: its version, and Comp(PK) of the terminal's key in it. */
  readonly provedChip: { readonly version: 1 | 2; readonly compressedKey: Uint8Array } | undefined
  /** Terminal authentication done: once in a session (Doc 9303-11, 8th ed., 7.1.3). */
  readonly authenticated: AuthenticatedTerminal | undefined
}

export const noProgress: EacProgress = {
  chip: undefined,
  verifier: undefined,
  imported: undefined,
  terminal: undefined,
  provedChip: undefined,
  authenticated: undefined,
}
