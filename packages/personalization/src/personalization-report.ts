import type { CardPasswords } from './card-passwords.ts'
import type { PlannedStepName } from './plan-commands.ts'
import type { ProvedAccess } from './read-back.ts'
import type { TransportPins } from './signature-card/holder-plan.ts'

/** Every step of a personalization, in order. */
export const personalizationSteps = [
  'open',
  'mf-files',
  'application-files',
  'access-keys',
  'generate-key',
  'generate-chip-keys',
  'sign',
  'signed-files',
  'fingers',
  'holder-keys',
  'certify',
  'holder-files',
  'prove-signature',
  'read-back',
  'secure',
  'prove',
] as const satisfies readonly (PlannedStepName | 'open' | 'sign' | 'read-back' | 'prove' | HolderStepName)[]
/** Steps of a signature card alone. */
export type HolderStepName = 'holder-keys' | 'certify' | 'holder-files' | 'prove-signature'
export type PersonalizationStep = (typeof personalizationSteps)[number]

/** How far a personalization is. */
export interface PersonalizationProgress {
  readonly step: PersonalizationStep
  /** Parts of this step that are done, and how many it has. */
  readonly done: number
  readonly total: number
  /** Content bytes written or read back in this step. */
  readonly bytes: number
  /** APDU pairs on the wire since the beginning. */
  readonly apdus: number
  /** Milliseconds since the beginning. */
  readonly ms: number
}

/** What one step took. */
export interface StepReport {
  readonly name: PersonalizationStep
  /** APDU pairs on the wire. */
  readonly apdus: number
  /** Bytes on the wire to the card and from it, headers, MACs and status words included. */
  readonly sent: number
  readonly received: number
  /** Content bytes written or read back. */
  readonly bytes: number
  readonly ms: number
}

/** A key set on the card, by what may be shown of it. */
export interface KeySetReport {
  /** Key version number. */
  readonly version: number
  /** Key check values, 3 bytes each, hex. */
  readonly checkValues: { readonly enc: string; readonly mac: string; readonly dek: string }
}

/** What a personalization did; holds nothing of the holder and no key, but for {@link PersonalizationReport.forPrinter}. */
export interface PersonalizationReport {
  readonly profile: string
  /** Serial number of the chip, hex. */
  readonly iccSerial: string
  readonly lifeCycle: 'SECURED'
  /** The issuer's key set, which took the place of the transport keys; undefined = the transport keys were erased and no set came. */
  readonly keySet: KeySetReport | undefined
  readonly steps: readonly StepReport[]
  /** What lies on the card now. */
  readonly files: readonly {
    readonly application: string
    readonly name: string
    readonly fid: number
    readonly length: number
    readonly readBack: boolean
  }[]
  /** The card's own key: its curve, or `RSA-` and the bits of its modulus, and SHA-256 of its SubjectPublicKeyInfo in hex. */
  readonly publicKey: { readonly curve: string; readonly fingerprint: string }
  /** Chip authentication keys: number, and SHA-256 of the SubjectPublicKeyInfo in hex. */
  readonly chipKeys: readonly { readonly keyId: number; readonly fingerprint: string }[]
  /** The holder's keys, with the use of each, algorithm, and SHA-256 of SubjectPublicKeyInfo and of the certificate in hex; empty where the card has none. */
  readonly holderKeys: readonly {
    readonly label: string
    readonly algorithm: string
    readonly fingerprint: string
    readonly certificate: string
  }[]
  /** Whether the holder's PINs went to the card inside PACE; false where its profile has none, undefined where the card has no PINs. */
  readonly throughPace: boolean | undefined
  /** The CVCA whose terminals the card will take; undefined = none, and what is kept for terminal authentication stays shut for good. */
  readonly trustPoint: string | undefined
  /** Fingers that the card compares itself: by what VERIFY names each, and which it is (ISO/IEC 19794-2:2005, table 2). */
  readonly fingers: readonly { readonly reference: number; readonly position: number }[]
  /** Every way in that was tried and held in the read-back. */
  readonly proved: readonly ProvedAccess[]
  /** Told this once: what the printer puts on the card or into the letter. Secrets; never in a trace or a log. */
  readonly forPrinter: CardPasswords & { readonly pins?: TransportPins }
  readonly apdus: number
  readonly sent: number
  readonly received: number
  /** Content bytes of all files. */
  readonly payload: number
  readonly ms: number
}
