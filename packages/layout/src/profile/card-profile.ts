import type { KeyRow } from '../pkcs15/tables.ts'
import type { AccessRule } from './access-rule.ts'

/** How a file's content is coded; each format has one codec of the same name in `@kart/layout`. */
export type FileFormat =
  | 'ef-dir'
  | 'ef-atr-info'
  | 'ef-gdo'
  | 'ef-card-access'
  | 'ef-card-security'
  | 'ef-cvca'
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
  /** eMRTD: PACE password MRZ: SHA-1 of the MRZ information, 20 bytes (Doc 9303-11, 8th ed., 9.7.3). */
  readonly paceMrz: number
  /** eMRTD: PACE passwords in ASCII digits: CAN (6), PIN (6..8), PUK (8..10). */
  readonly paceCan: number
  readonly pacePin: number
  readonly pacePuk: number
  /** eMRTD: generate a chip authentication key pair on the card; value = key id (1) || parameterId (1); the response carries 7F49 { 86 point } or 7F49 { 84 public value }. */
  readonly generateCaKey: number
  /** eMRTD: one CVCA certificate, DO'7F21': a trust point of terminal authentication, its effective date the card's first date. */
  readonly trustPoint: number
  /** eMRTD: the card's date for terminal authentication, six bytes, one digit each (YYMMDD, TR-03110-3 v2.21, D.2.1.3). */
  readonly cardDate: number
  /**
   * PKCS#15: one PIN: reference (1) || flags (1; bit 1 transport PIN) || private-key uses a VERIFY, 0 = any number (1) || least (1) and most (1) characters ||
   * tries (1) || PIN (8, padded with FF) || tries of the PUK (1) || PUK (8, padded with FF), the last two left out for a PIN without one.
   */
  readonly holderPin: number
  /** PKCS#15: digits that no PIN may be taken from: entries of length (1) || ASCII digits. */
  readonly forbiddenDigits: number
  /** PKCS#15: one transparent file, made and filled: identifier (2) || access bytes (3) || proprietary bytes (2) || content. */
  readonly holderFile: number
  /** PKCS#15: identifiers (2 each) of files and keys that go; none: everything goes, PINs and EF.DIR too. The creation phase stays ended where it is. */
  readonly clearHolder: number
  /** Fingerprint comparison: DO'7F61', whole (ISO/IEC 7816-11:2022). */
  readonly informationTemplates: number
  /** Fingerprint comparison: reference (1) || tries (1) || minutiae in compact card format, three bytes each. */
  readonly finger: number
  /**
   * PKCS#15: makes a key file and its pair on the card: identifier (2) || type (1; 11 RSA, 22 EC) || bits (2) || access bytes (3) || proprietary bytes (2); the response carries
   * 7F49 { 86 point } or 7F49 { 81 modulus, 82 exponent }.
   */
  readonly generateHolderKey: number
}

/** Curves for the card's own active-authentication key, with the byte that names each in the generate DGI (house rule). */
export const aaCurves = { 'P-256': 0x01, 'P-384': 0x02 } as const
export type AaCurve = keyof typeof aaCurves

/** RSA key lengths for active authentication, with the byte that names each in the generate DGI (house rule). */
export const aaModuli = { 2048: 0x11, 3072: 0x12, 4096: 0x13 } as const

/** Active authentication (Doc 9303-11, 8th ed., 6.1): plain ECDSA, or RSA with message recovery (ISO/IEC 9796-2:2010, scheme 1; trailer BC for SHA-1, 34CC for SHA-256). */
export type ActiveAuthenticationSpec =
  | { readonly algorithm: 'ecdsa'; readonly curve: AaCurve; readonly hash: 'sha256' | 'sha384' }
  | { readonly algorithm: 'rsa'; readonly modulusBits: keyof typeof aaModuli; readonly hash: 'sha1' | 'sha256' }

/** Ciphers of secure messaging after PACE and chip authentication, with the MAC that goes with each (Doc 9303-11, 8th ed., 9.2.7). */
export type MessagingCipher = '3DES' | 'AES-128' | 'AES-192' | 'AES-256'

/** Passwords of PACE (Doc 9303-11, 8th ed., 9.7.3; TR-03110-2 v2.21, 2.1), with the reference that MSE:Set AT names each by. */
export const pacePasswords = { mrz: 0x01, can: 0x02, pin: 0x03, puk: 0x04 } as const
export type PacePasswordName = keyof typeof pacePasswords

/** One variant of PACE that the card offers (Doc 9303-11, 8th ed., 9.2.1). */
export interface PaceOfferSpec {
  readonly agreement: 'DH' | 'ECDH'
  readonly mapping: 'GM' | 'IM' | 'CAM'
  readonly cipher: MessagingCipher
  /** Standardized domain parameters 0..2, 8..18 (Doc 9303-11, 8th ed., 9.5.1), or 32 and above for the card's own. */
  readonly parameterId: number
  /** DER AlgorithmIdentifier of explicit domain parameters; only with a parameterId of the card's own. */
  readonly domainParameter?: Uint8Array
}

/** One static key of the chip for chip authentication (Doc 9303-11, 8th ed., 6.2; TR-03110-2 v2.21, 3.4). */
export interface ChipAuthenticationKeySpec {
  /** 0..127. */
  readonly keyId: number
  readonly agreement: 'DH' | 'ECDH'
  /** Standardized domain parameters, as in {@link PaceOfferSpec}. A key of PACE-CAM stands on those of its PACE offer. */
  readonly parameterId: number
  readonly ciphers: readonly MessagingCipher[]
  /** 1: key in EF.DG14; 2: key in EF.CardSecurity. A PACE-CAM key is in EF.CardSecurity whatever stands here. */
  readonly versions: readonly (1 | 2)[]
}

/** On-card comparison of fingers (ISO/IEC 24787:2018; ISO/IEC 7816-11:2022), answered in the application `fingerprint` and wherever a file's rule asks for one of its fingers. */
export interface FingerComparisonSpec {
  /** References of VERIFY, 81..9F, one a finger: the fingers that a card of this profile holds at most. */
  readonly references: readonly number[]
  /** Fewest and most minutiae that the card takes, enrolled and live alike, 1..255. */
  readonly minMinutiae: number
  readonly maxMinutiae: number
  /**
   * Order in which it takes them, the coding of DO'82' in DO'B1' (ISO/IEC 19794-2:2005, 8.5.2): bits 1-2 ascending (1), descending (2); bits 3-5 none (0), x then y (1), y then x
   * (2). Other orders than these are not enforced.
   */
  readonly order: number
  /** False match rate that one live finger held against all enrolled ones may have. */
  readonly threshold: 'fmr1e-2' | 'fmr1e-3' | 'fmr1e-4' | 'fmr1e-5'
  /** Comparisons in a row that may fail, a finger, 1..15. */
  readonly tries: number
}

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
  /**
   * SCP03 as the card offers it: parameter i (GlobalPlatform Amendment D v1.2, 5.1, table 5-1): bit 01 S16 mode, 10 pseudo-random card challenge,
   * 20 R-MAC, 60 R-MAC and R-ENCRYPTION; 70 unless told.
   */
  readonly scp03?: { readonly i: number }
  readonly dgis: PersonalizationDgis
  /** Longest command and response APDU in bytes that the card takes (ISO/IEC 7816-4:2020, 12.7.1, DO'7F66'). */
  readonly maxCommandLength: number
  readonly maxResponseLength: number
  /** Key pair that the card generates for active authentication. */
  readonly activeAuthentication: ActiveAuthenticationSpec
  /** Digest of the data-group hashes in EF.SOD. */
  readonly ldsHash: 'sha256' | 'sha384' | 'sha512'
  /** Whether the eMRTD application can be opened with BAC (legacy). */
  readonly bac: boolean
  /** PACE: the offers of EF.CardAccess in the card's order, and the passwords that open it; undefined = the card has none. */
  readonly pace?: { readonly offers: readonly PaceOfferSpec[]; readonly passwords: readonly PacePasswordName[] }
  /** The chip's static keys, generated on the card; undefined = no chip authentication. */
  readonly chipAuthentication?: { readonly keys: readonly ChipAuthenticationKeySpec[] }
  /** Terminal authentication: versions that the card takes (TR-03110-2 v2.21, 3.3); undefined = none. */
  readonly terminalAuthentication?: { readonly versions: readonly (1 | 2)[] }
  /** Comparison of fingers on the card; undefined = none. */
  readonly fingerComparison?: FingerComparisonSpec
  /** The holder's key pairs in the PKCS#15 application; undefined = `holderKeys`, those of the reference card. */
  readonly holderKeys?: readonly KeyRow[]
}

/** The application of this name; undefined when the profile has none. */
export function findApplication(profile: CardProfile, name: string): ApplicationSpec | undefined {
  return profile.applications.find((application) => application.name === name)
}

/** The file of this name in the application; undefined when there is none. */
export function findFile(profile: CardProfile, application: string, name: string): FileSpec | undefined {
  return findApplication(profile, application)?.files.find((file) => file.name === name)
}
