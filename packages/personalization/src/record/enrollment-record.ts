/** A name in one script. */
export interface RecordName {
  readonly familyName: string
  readonly givenNames: string
}

/** One captured finger. */
export interface RecordFinger {
  /** ISO/IEC 19794-2:2005, table 2: 1..5 right thumb to little finger, 6..10 left. */
  readonly position: number
  /** ISO/IEC 19794-2:2005 record, as captured. */
  readonly template: Uint8Array
}

/** What the enrollment office captured of one person, checked at intake. Personal data throughout: never log it. */
export interface EnrollmentRecord {
  readonly schema: 'kart-enrollment-1'
  /** The office's own number for this enrollment. */
  readonly trackingCode: string
  readonly document: {
    /** A-Z, 0-9, one to nine characters. */
    readonly number: string
    /** ICAO code of the MRZ. */
    readonly issuingState: string
    /** ISO dates. */
    readonly dateOfIssue: string
    readonly dateOfExpiry: string
    readonly issuingOffice: { readonly code: string; readonly name: string }
  }
  readonly holder: {
    /** Ten Latin digits, check digit proved. */
    readonly nationalCode: string
    readonly nationality: string
    /** X = unspecified. */
    readonly sex: 'M' | 'F' | 'X'
    /** ISO date. */
    readonly dateOfBirth: string
    /** As written at the office; canonical form is made where it is needed. */
    readonly persian: RecordName & { readonly fatherName: string; readonly birthPlace: string; readonly address: string }
    /** The registry's Latin spelling, where it has one. */
    readonly latin?: RecordName
    /** Left out where the holder has none. */
    readonly telephone?: string
    readonly birthCertificate: { readonly number: string; readonly series: string }
    /** Ten Latin digits. */
    readonly postalCode: string
    readonly education?: string
  }
  /** JPEG or JPEG 2000 file. */
  readonly portrait: Uint8Array
  /** JPEG or JPEG 2000 file of the handwritten signature. */
  readonly signature: Uint8Array
  /** Zero to nine, no finger twice. */
  readonly fingers: readonly RecordFinger[]
}
