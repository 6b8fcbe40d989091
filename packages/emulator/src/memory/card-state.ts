import type { PacePasswordName } from '@kart/layout/profile'
import type { RsaKey } from '../card-crypto/rsa-key.ts'
import type { SignatureKey } from '../card-crypto/signature-key.ts'
import type { FingerState, SignatureState } from './holder-state.ts'

/** Card life cycle with the coding of GET STATUS (GlobalPlatform Card Specification 2.3.1, table 11-6). */
export const lifeCycles = { OP_READY: 0x01, INITIALIZED: 0x07, SECURED: 0x0f, CARD_LOCKED: 0x7f, TERMINATED: 0xff } as const
export type LifeCycle = keyof typeof lifeCycles

/** One SCP03 key set: AES keys of 16, 24 or 32 bytes, all of one length. */
export interface KeySet {
  /** Key version number, 01..7F. */
  readonly version: number
  readonly enc: Uint8Array
  readonly mac: Uint8Array
  readonly dek: Uint8Array
}

/** A key set on the card, with what the card counts for it. */
export interface StoredKeySet extends KeySet {
  /** Loaded when the card was made: erased for good when the card is SECURED. A set that PUT KEY brings is the issuer's and stays. */
  readonly transport: boolean
  /** SCP03 sequence counter, 24 bits: opened sessions since the set came (GlobalPlatform Amendment D v1.2, 6.2.2.1). */
  readonly sequence: number
  /** Wrong host cryptograms since the last right one. */
  readonly failures: number
}

/** BAC keys, 16 bytes each (Doc 9303-11, 8th ed., 4.3.1). */
export interface BacKeys {
  readonly enc: Uint8Array
  readonly mac: Uint8Array
}

/** One PACE password. Its counters are as last committed: tries fall before a comparison and rise only after it. */
export interface PacePassword {
  /** What K_pi is derived from: SHA-1 of the MRZ information, or ASCII digits (Doc 9303-11, 8th ed., 9.7.3). */
  readonly secret: Uint8Array
  /** Tries left and at most; undefined where the password never blocks (MRZ, CAN). */
  readonly tries: { readonly left: number; readonly most: number } | undefined
  /** Wrong attempts in a row, for throttling; 0..65535. */
  readonly failures: number
}

/** A static key of chip authentication: on which domain parameters, and its private value. */
export interface ChipKey {
  readonly keyId: number
  readonly parameterId: number
  readonly privateKey: Uint8Array
}

/** What terminal authentication goes by (TR-03110-3 v2.21, 2.6): at most two CVCA certificates, DO'7F21', the newest first, and the card's date. */
export interface TerminalTrust {
  readonly trustPoints: readonly Uint8Array[]
  /** YYMMDD, one digit a byte; undefined before the first certificate. */
  readonly date: Uint8Array | undefined
}

/** All that the card remembers without power. Never changed in place: a command builds the next state and commits it whole. */
export interface CardState {
  /** Name and version of the profile the card was made by. */
  readonly profile: string
  readonly profileVersion: number
  readonly lifeCycle: LifeCycle
  /** Writes of the memory since the card was made. */
  readonly generation: number
  /** Chip serial, 10 bytes; also the SCP03 key diversification data. */
  readonly iccSerial: Uint8Array
  /** Card production life cycle data, 42 bytes. */
  readonly cplc: Uint8Array
  /** Issuer and card image number; undefined = not set. */
  readonly iin: Uint8Array | undefined
  readonly cin: Uint8Array | undefined
  /** SCP03 key sets, each version once, the card's first choice first. Empty on a secured card that got none but its transport keys. */
  readonly keySets: readonly StoredKeySet[]
  /** File contents: application name, then file identifier. */
  readonly files: ReadonlyMap<string, ReadonlyMap<number, Uint8Array>>
  readonly bacKeys: BacKeys | undefined
  /** The key pair of active authentication. */
  readonly aaKey: SignatureKey | RsaKey | undefined
  readonly pacePasswords: ReadonlyMap<PacePasswordName, PacePassword>
  readonly chipKeys: readonly ChipKey[]
  readonly trust: TerminalTrust
  /** The PKCS#15 application: its files, keys and PINs. */
  readonly signature: SignatureState
  readonly fingers: FingerState
}

/** The content of a file; undefined = not personalized. */
export function fileContent(state: CardState, application: string, fid: number): Uint8Array | undefined {
  return state.files.get(application)?.get(fid)
}

/** The state with one file's content replaced. */
export function withFile(state: CardState, application: string, fid: number, content: Uint8Array): CardState {
  const inside = new Map(state.files.get(application)).set(fid, content)
  return { ...state, files: new Map(state.files).set(application, inside) }
}
