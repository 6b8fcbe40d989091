import type { FingerAnswer } from '@kart/apdu/host'
import type { ChipAuthenticationEvidence } from '@kart/secure-channel'

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

/** What is printed on the card: fields of the MRZ. Personal data: for comparison only, never for a log. */
export interface PrintedData {
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

/** What opens the card: the printed MRZ, the printed card access number (six digits), or both; with both, PACE goes by the number and EF.DG1 is held against the MRZ. */
export type AccessKey = (PrintedData & { readonly can?: string }) | { readonly can: string }

/**
 * Which protocols may open the card (house rule). `pace-only`; `bac-without-pace`: basic access control where EF.CardAccess is missing or offers no PACE;
 * `pace-then-bac`: also where PACE was offered and failed.
 */
export type AccessPolicy = 'pace-only' | 'bac-without-pace' | 'pace-then-bac'

/** What came of PACE (Doc 9303-11, 8th ed., 4.4). */
export interface PaceEvidence {
  /** `not-offered`: no EF.CardAccess, or no PACEInfo in it; `not-usable`: none that the terminal takes. */
  readonly outcome: 'opened' | 'refused' | 'not-offered' | 'not-usable'
  /** The choice among the card's offers, in lines for people. */
  readonly choice: readonly string[]
  /** The standard's name of the variant, with the group; undefined when none was tried. */
  readonly variant: string | undefined
  /** Object identifier and parameterId of the offer taken; undefined when none was tried. */
  readonly offer: { readonly oid: string; readonly parameterId: number | undefined } | undefined
  readonly password: 'mrz' | 'can'
  /** Trust points of terminal authentication that the card named in its last answer, the newest first. */
  readonly authorityReferences: readonly string[]
  /** With chip authentication mapping: what is held against the static key of EF.CardSecurity. */
  readonly mapping: ChipAuthenticationEvidence | undefined
}

/** How the eMRTD application was opened. */
export interface AccessEvidence {
  /** The protocol that opened the card, or that was tried last. */
  readonly protocol: 'pace' | 'bac'
  readonly outcome: 'opened' | 'refused'
  /** What the caller allowed. */
  readonly policy: AccessPolicy
  readonly pace: PaceEvidence
  /** What is printed, where the caller had it; without the CAN. */
  readonly key: PrintedData | undefined
  /** Why it was refused, in plain words; undefined when opened. */
  readonly problem: string | undefined
}

/** What came of chip authentication (BSI TR-03110-1 v2.20, 3.4; TR-03110-2 v2.21, 3.4; Doc 9303-11, 8th ed., 6.2). */
export interface ChipAuthenticationOutcome {
  /** `proved`: the card answered under keys that only the holder of the static key can have. */
  readonly outcome: 'proved' | 'refused'
  readonly version: 1 | 2
  /** Object identifier of the protocol. */
  readonly oid: string
  readonly keyId: number | undefined
  /** File that the key was taken from. */
  readonly source: 'EF.DG14' | 'EF.CardSecurity'
  /** The static key, DER SubjectPublicKeyInfo as it came. */
  readonly publicKey: Uint8Array
  readonly problem: string | undefined
}

/** What came of terminal authentication (BSI TR-03110-1 v2.20, 3.5; TR-03110-2 v2.21, 3.3; Doc 9303-11, 8th ed., 7.1). */
export interface TerminalAuthenticationOutcome {
  /** `no-chain`: the terminal has no certificates that lead to a trust point of the card. */
  readonly outcome: 'authenticated' | 'refused' | 'no-chain'
  readonly version: 1 | 2
  /** Names of the certificates that were handed over, the terminal's last. */
  readonly chain: readonly string[]
  /** Rights that the certificates give together, by name. */
  readonly rights: readonly string[]
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

/** What the card said to a live finger (ISO/IEC 24787:2018). */
export interface FingerOnCardEvidence {
  /** DO'7F61' as it came; undefined where the card gave none. */
  readonly informationTemplates: Uint8Array | undefined
  /** Each finger that the card was asked about, by its reference of VERIFY, with the answer. */
  readonly attempts: readonly { readonly reference: number; readonly answer: FingerAnswer }[]
  /** Why there was no yes, in plain words; undefined when there was. */
  readonly problem: string | undefined
}

/** What became of a challenge to the holder's authentication key. */
export interface HolderProof {
  /** `pin`: the card took no PIN, or lets nothing be done under it; `key`: it took the PIN and did not answer; `not-possible`: nothing could be asked. */
  readonly outcome: 'answered' | 'pin' | 'key' | 'not-possible'
  /** What we drew. */
  readonly challenge: Uint8Array
  /** What the card answered; undefined when it did not. */
  readonly signature: Uint8Array | undefined
  /** The certificate of the key that was challenged, as it came; undefined where there is none. */
  readonly certificate: Uint8Array | undefined
  readonly problem: string | undefined
}

/** A certificate that the card holds for one of its holder's keys. */
export interface HolderCertificate {
  /** Label of the key that it is listed for. */
  readonly key: string
  /** What the card lists the key for: to sign in the holder's name, or to log in. */
  readonly use: 'signature' | 'authentication'
  /** Kind of the key that the card lists. */
  readonly kind: 'rsa' | 'ec'
  /** The certificate in DER, as it came. */
  readonly bytes: Uint8Array
}

/** The holder's certificates in the PKCS#15 application (ISO/IEC 7816-15:2016). */
export interface HolderEvidence {
  /** `absent`: there is no such application, or nothing in it; `failed`: what it holds cannot be read. */
  readonly outcome: 'read' | 'absent' | 'failed'
  readonly certificates: readonly HolderCertificate[]
  /** Labels of keys that no certificate is listed for. */
  readonly uncertified: readonly string[]
  /** Certificates of authorities on the card, in DER as they came: nobody vouches for them. */
  readonly chain: readonly Uint8Array[]
  /** Undefined when no PIN was to be asked for. */
  readonly proof: HolderProof | undefined
  /** Why there is nothing, in plain words; undefined when `read`. */
  readonly problem: string | undefined
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
  /** Undefined when it was not tried: no key was shown, or the mapping of PACE had proved the chip and no terminal authentication followed. */
  readonly chipAuthentication: ChipAuthenticationOutcome | undefined
  /** Undefined when it was not tried: the terminal has no certificates, or the card takes none. */
  readonly terminalAuthentication: TerminalAuthenticationOutcome | undefined
  /** Undefined when it was not tried: no EF.DG15 was read. */
  readonly activeAuthentication: ActiveAuthenticationEvidence | undefined
  /** Left out when the card was not shown a finger. */
  readonly fingerOnCard?: FingerOnCardEvidence
  /** Left out unless it was asked for, or the card stayed shut. */
  readonly holder?: HolderEvidence
  /** The shortest time that one exchange took, in milliseconds, reader and link included. */
  readonly shortestExchange: number
  /** Whether files were read with extended-length commands. */
  readonly extendedLength: boolean
}

/** The bytes of a file that was read; undefined otherwise. */
export function bytesOf(evidence: Evidence, application: string, name: string): Uint8Array | undefined {
  return evidence.files.find((file) => file.application === application && file.name === name && file.outcome === 'read')?.bytes
}
