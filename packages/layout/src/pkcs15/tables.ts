import type { KeyUsageFlag } from './flags.ts'

/** A password of the card. */
export interface PinRow {
  readonly label: string
  /** Byte by which objects name it. */
  readonly id: number
  /** Reference of VERIFY (P2), 1..14 on the MyEID command surface. */
  readonly reference: number
  /** Digits. */
  readonly minLength: number
  readonly maxLength: number
  readonly role: 'user' | 'security-officer'
}

/** What kind of key pair: bits of the modulus, or of the curve's field. */
export type KeyAlgorithmRow =
  | { readonly kind: 'rsa'; readonly bits: 2048 | 3072 | 4096 }
  | { readonly kind: 'ec'; readonly bits: 256 | 384 | 521 }

/** A key pair of the holder, made on the card. */
export interface KeyRow {
  readonly label: string
  /** Byte shared by the key pair and its certificate. */
  readonly id: number
  /** {@link PinRow.id} of the password that guards it. */
  readonly pin: number
  /** File identifier of the key, 4B01.. */
  readonly fid: number
  readonly publicKeyFid: number
  readonly algorithm: KeyAlgorithmRow
  readonly usage: readonly KeyUsageFlag[]
  /** Uses that one VERIFY allows; undefined = as many as the session. */
  readonly usesPerPin?: number
  /** Public key as OpenSC stores it: SubjectPublicKeyInfo for EC, RSAPublicKey for RSA, DER; undefined until the card has made the pair. */
  readonly publicKey?: Uint8Array
}

/** A certificate of the card. */
export interface CertificateRow {
  readonly label: string
  /** That of its key. */
  readonly id: number
  /** File identifier, 43xx. */
  readonly fid: number
  readonly authority?: boolean
  /** Subject as in the certificate, DER. */
  readonly subject?: Uint8Array
  /** The certificate in DER; undefined where the file is written by itself. */
  readonly content?: Uint8Array
}

/** A data object of the card. */
export interface DataRow {
  readonly label: string
  readonly applicationName: string
  /** Dotted object identifier. */
  readonly applicationOid?: string
  /** File identifier: 46xx free to read, 45xx under a PIN, as in OpenSC's myeid.profile. */
  readonly fid: number
  /** {@link PinRow.id} of the password that reading asks for; undefined = none. */
  readonly pin?: number
  readonly content?: Uint8Array
}

/** The application of one card as tables. */
export interface Pkcs15Tables {
  readonly token: {
    readonly label: string
    readonly manufacturer: string
    readonly serialNumber: Uint8Array
    readonly lastUpdate?: Date
  }
  readonly pins: readonly PinRow[]
  readonly keys: readonly KeyRow[]
  readonly certificates: readonly CertificateRow[]
  readonly data: readonly DataRow[]
}

// biome-ignore format: a row a line
/** Passwords of the reference card; reference 3 and id FF of the SO-PIN are those of OpenSC's myeid.profile. */
export const holderPins = [
  { label: 'AuthPIN', id: 0x01, reference: 1, minLength: 6, maxLength: 8, role: 'user' },
  { label: 'SignPIN', id: 0x02, reference: 2, minLength: 6, maxLength: 8, role: 'user' },
  { label: 'SO-PIN', id: 0xff, reference: 3, minLength: 8, maxLength: 8, role: 'security-officer' },
] as const satisfies readonly PinRow[]

// biome-ignore format: a row a line
/** Key pairs of the reference card: one to log in with, one that signs in the holder's name, once for each PIN. */
export const holderKeys = [
  { label: 'authentication', id: 0x01, pin: 0x01, fid: 0x4b01, publicKeyFid: 0x5501, algorithm: { kind: 'ec', bits: 256 }, usage: ['sign', 'derive'] },
  { label: 'signature', id: 0x02, pin: 0x02, fid: 0x4b02, publicKeyFid: 0x5502, algorithm: { kind: 'ec', bits: 384 }, usage: ['nonRepudiation'], usesPerPin: 1 },
] as const satisfies readonly KeyRow[]
