/** Kinds of a file under DF 5015, with the type byte of CREATE FILE (MyEID command surface; card.md). */
export const holderFileTypes = { transparent: 0x01, rsa: 0x11, ec: 0x22 } as const
export type HolderFileType = keyof typeof holderFileTypes

/** One file of the PKCS#15 application. */
export interface HolderFile {
  readonly type: HolderFileType
  /** Access bytes as CREATE FILE gives them, DO'86', three bytes: a nibble an operation; 0 always, 1..14 the PIN of this reference, 15 never. */
  readonly access: Uint8Array
  /** Proprietary bytes, DO'85', two. */
  readonly properties: Uint8Array
  /** DO'80': bytes of a transparent file, bits of a key. */
  readonly size: number
  /** Exactly `size` bytes of a transparent file; empty for a key. */
  readonly content: Uint8Array
  /** The key pair, PKCS #8, DER; undefined before it is made, and in a transparent file. */
  readonly privateKey: Uint8Array | undefined
}

/** Tries left and at most. */
export interface TryCounter {
  readonly left: number
  readonly most: number
}

/** One PIN with the PUK that unblocks it. Counters are as last committed: tries fall before a comparison and rise only after it. */
export interface HolderPin {
  /** Eight bytes, padded with FF. */
  readonly value: Uint8Array
  readonly tries: TryCounter
  /** Eight bytes; undefined = nothing unblocks it but the SO-PIN. */
  readonly puk: Uint8Array | undefined
  readonly pukTries: TryCounter
  /** Characters. */
  readonly minLength: number
  readonly maxLength: number
  /** Loaded by the issuer for the way to the holder: until CHANGE REFERENCE DATA replaces it, no signature on a card that is SECURED. */
  readonly transport: boolean
  /** Private-key operations that one VERIFY allows; 0 = as many as the session. */
  readonly usesPerVerify: number
}

/** What the PKCS#15 application remembers. */
export interface SignatureState {
  /** Whether personalization by the command surface is over: ACTIVATE, or the card SECURED. */
  readonly activated: boolean
  /** Change counter of GET DATA 01A0, 0..FFFF. */
  readonly changes: number
  /** By file identifier. */
  readonly files: ReadonlyMap<number, HolderFile>
  /** By reference, 1..14. */
  readonly pins: ReadonlyMap<number, HolderPin>
  /** Digits that no PIN may be taken from: national code, dates; ASCII. */
  readonly forbiddenDigits: readonly Uint8Array[]
}

/** One enrolled finger. */
export interface EnrolledFinger {
  /** Minutiae in compact card format (ISO/IEC 19794-2:2011, 9), three bytes each. */
  readonly minutiae: Uint8Array
  readonly tries: TryCounter
  /** How often its tries were given back without the finger; undefined = never. */
  readonly resets?: number
}

/** What on-card fingerprint comparison remembers. */
export interface FingerState {
  /** DO'7F61', the biometric information templates group, whole; undefined = not personalized. */
  readonly informationTemplates: Uint8Array | undefined
  /** By reference of VERIFY, 96 and 97. */
  readonly fingers: ReadonlyMap<number, EnrolledFinger>
}

export const emptySignatureState: SignatureState = {
  activated: false,
  changes: 0,
  files: new Map(),
  pins: new Map(),
  forbiddenDigits: [],
}

export const emptyFingerState: FingerState = { informationTemplates: undefined, fingers: new Map() }
