import type { AccessRule } from './access-rule.ts'

/** How a file's content is coded; each format has one codec of the same name in `@kart/layout`. */
export type FileFormat =
  | 'ef-dir'
  | 'ef-atr-info'
  | 'ef-gdo'
  | 'ef-com'
  | 'ef-sod'
  | 'dg1'
  | 'dg2'
  | 'dg3'
  | 'dg7'
  | 'dg11'
  | 'dg12'
  | 'dg13'
  | 'dg14'
  | 'dg15'

/** One elementary file of the card, as data: personalization writes by it, the emulated card enforces it, verification reads by it. */
export interface FileSpec {
  /** The standard's name (`EF.COM`, `EF.DG1`). */
  readonly name: string
  /** File identifier, 16 bits. */
  readonly fid: number
  /** Short file identifier, 1..30; undefined = none. */
  readonly sfi: number | undefined
  /** Tag of the outermost data object of the content; undefined where the file holds several objects side by side. */
  readonly tag: number | undefined
  /** Most content bytes the card keeps room for. */
  readonly maxLength: number
  readonly read: AccessRule
  readonly update: AccessRule
  readonly format: FileFormat
  /** Whether a card of this profile must carry it. */
  readonly required: boolean
  /** What it holds, in a few words, for pictures and docs. */
  readonly holds: string
  /** Standard, edition, clause. */
  readonly clause: string
}

/** One application (or the MF) and its files. */
export interface ApplicationSpec {
  /** Short name used by images, evidence and pictures: `mf`, `emrtd`, `isd`. */
  readonly name: string
  /** What it is, for pictures. */
  readonly title: string
  /** Application identifier, 5..16 bytes; undefined = the MF. */
  readonly aid: Uint8Array | undefined
  /** File identifier of the DF, where it can be selected by one. */
  readonly fid: number | undefined
  readonly files: readonly FileSpec[]
  readonly clause: string
}

/** Data grouping identifiers that personalize something other than a file (house rule; card.md). A file's DGI is its file identifier. */
export interface PersonalizationDgis {
  /** eMRTD: BAC keys, K_Enc (16) || K_MAC (16). */
  readonly bacKeys: number
  /** eMRTD: generate the active-authentication key pair on the card; value = one byte, the curve ({@link AaCurve}); the response carries 7F49 { 86 point }. */
  readonly generateAaKey: number
}

/** Curves for the card's own active-authentication key, with the byte that names each in the generate DGI (house rule). */
export const aaCurves = { 'P-256': 0x01, 'P-384': 0x02 } as const
export type AaCurve = keyof typeof aaCurves

/** Everything that makes one country's card: the single source for writing, enforcing, reading, verifying and drawing it. */
export interface CardProfile {
  /** Name on the command line and in stored cards (`national-id`). */
  readonly name: string
  readonly title: string
  readonly version: number
  /** ICAO issuing state code in the MRZ (`IRN`). */
  readonly issuingState: string
  /** Format of the machine-readable zone in EF.DG1 (Doc 9303-5, -6 and -4, 8th ed.). */
  readonly mrzFormat: 'TD1' | 'TD2' | 'TD3'
  /** Two first MRZ characters (`I<`). */
  readonly documentCode: string
  /** The rule that the personal number of DG11 follows; `unchecked` where no rule is known. */
  readonly personalNumber: 'iran-national-code' | 'unchecked'
  /** Answer to reset of the contact interface. */
  readonly atr: Uint8Array
  /** Card service data of EF.ATR/INFO, DO'43' (ISO/IEC 7816-4:2020, 12.1.1.7). */
  readonly cardServiceData: number
  /** Card capabilities of EF.ATR/INFO, DO'47', three bytes (ISO/IEC 7816-4:2020, 12.1.1.9). */
  readonly cardCapabilities: Uint8Array
  readonly applications: readonly ApplicationSpec[]
  /** AID of the issuer security domain. */
  readonly securityDomainAid: Uint8Array
  readonly dgis: PersonalizationDgis
  /** Longest command and response APDU in bytes that the card takes (ISO/IEC 7816-4:2020, 12.7.1, DO'7F66'). */
  readonly maxCommandLength: number
  readonly maxResponseLength: number
  /** Key pair that the card generates for active authentication. */
  readonly activeAuthentication: { readonly algorithm: 'ecdsa'; readonly curve: AaCurve; readonly hash: 'sha256' | 'sha384' }
  /** Digest of the data-group hashes in EF.SOD. */
  readonly ldsHash: 'sha256' | 'sha384' | 'sha512'
  /** Whether the eMRTD application can be opened with BAC (legacy). */
  readonly bac: boolean
}

/** The application of this name; undefined when the profile has none. */
export function findApplication(profile: CardProfile, name: string): ApplicationSpec | undefined {
  return profile.applications.find((application) => application.name === name)
}

/** The file of this name in the application; undefined when there is none. */
export function findFile(profile: CardProfile, application: string, name: string): FileSpec | undefined {
  return findApplication(profile, application)?.files.find((file) => file.name === name)
}
