/** What became of one file of the card. */
export type FileOutcome =
  | 'read'
  /** The card has no such file (6A82). */
  | 'missing'
  /** The card's access rules refused it (6982 and the like), or the profile says that they would. */
  | 'refused'
  /** It is there (selected, also with a warning, or refused as not yet allowed), but EF.SOD does not list it: not read, since nobody vouches for it. */
  | 'unlisted'
  /** The card answered with something else than the file. */
  | 'failed'

/** One file of the card, as it came. */
export interface FileEvidence {
  /** Application of the profile (`mf`, `emrtd`). */
  readonly application: string
  /** Name of the file in the profile (`EF.DG1`). */
  readonly name: string
  readonly outcome: FileOutcome
  /** The bytes as they came; undefined unless `read`. */
  readonly bytes: Uint8Array | undefined
  /** Status word of the command that ended it, where the card answered with one. */
  readonly sw: number | undefined
  /** Why it was not read, in plain words; undefined when it was. */
  readonly problem: string | undefined
}

/** What the terminal opened the card with: fields of the printed MRZ. Personal data: for comparison only, never for a log. */
export interface AccessKey {
  /** Document number without trailing fillers. */
  readonly documentNumber: string
  /** YYMMDD. */
  readonly dateOfBirth: string
  /** YYMMDD. */
  readonly dateOfExpiry: string
  /** The whole printed zone, 90, 72 or 88 characters without line ends, where the terminal has it: then every character is held against EF.DG1. */
  readonly zone?: string
  /** Printed dates with their century, YYYY-MM-DD, where the terminal has them: then they are held against what the card says in full. */
  readonly fullDateOfBirth?: string
  readonly fullDateOfExpiry?: string
}

/** How the eMRTD application was opened. */
export interface AccessEvidence {
  readonly protocol: 'bac'
  readonly outcome: 'opened' | 'refused'
  readonly key: AccessKey
  /** Why it was refused, in plain words; undefined when opened. */
  readonly problem: string | undefined
}

/** The active-authentication exchange (Doc 9303-11, 8th ed., 6.1). */
export interface ActiveAuthenticationEvidence {
  /** RND.IFD, the eight bytes that we drew. */
  readonly challenge: Uint8Array
  /** What the card answered; undefined when it refused. */
  readonly signature: Uint8Array | undefined
  readonly sw: number | undefined
}

/** Everything that came from one card, raw and in the order in which it was read. */
export interface Evidence {
  /** Name of the profile that was read by. */
  readonly profile: string
  /** When the reading began. */
  readonly readAt: Date
  readonly atr: Uint8Array
  readonly files: readonly FileEvidence[]
  readonly access: AccessEvidence
  /** Undefined when it was not tried: no EF.DG15 was read. */
  readonly activeAuthentication: ActiveAuthenticationEvidence | undefined
  /** Whether files were read with extended-length commands. */
  readonly extendedLength: boolean
}

/** The bytes of a file that was read; undefined otherwise. */
export function bytesOf(evidence: Evidence, application: string, name: string): Uint8Array | undefined {
  return evidence.files.find((file) => file.application === application && file.name === name && file.outcome === 'read')?.bytes
}
