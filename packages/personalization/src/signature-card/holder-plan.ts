import { bytesToUint, encodeUtf8 } from '@kart/codec'
import {
  type CardProfile,
  type DataRow,
  findApplication,
  findPinWeaknesses,
  holderKeys,
  holderPinPolicy,
  holderPins,
  isoToJalali,
  type KeyRow,
  type PinRow,
} from '@kart/layout'
import type { EnrollmentRecord } from '../record/enrollment-record.ts'

/** A transport PIN and the PUK that unblocks it. Secrets: for the card and the letter to the holder, never for a log. */
export interface TransportPin {
  readonly pin: string
  readonly puk?: string
}

/** The PINs of one card by their labels (`AuthPIN`, `SignPIN`, `SO-PIN`). */
export type TransportPins = Readonly<Record<string, TransportPin>>

/** The holder as a certificate names him (ETSI EN 319 412-2 v2.3.1, 4.2.4). */
export interface HolderName {
  /** ISO 3166-1 alpha-2. */
  readonly country: string
  /** In their own script, UTF-8. */
  readonly familyName: string
  readonly givenNames: string
  /** Natural-person semantics identifier (ETSI EN 319 412-1 v1.5.1, 5.1.3): `PNO`, country, `-`, personal number. */
  readonly serialNumber: string
}

/** What the PKCS#15 application of one card is made from. */
export interface HolderPlan {
  readonly name: HolderName
  /** ISO date to which a certificate may reach: that of the card. */
  readonly lastDay: string
  readonly pinRows: readonly PinRow[]
  readonly keyRows: readonly KeyRow[]
  readonly data: readonly DataRow[]
  readonly pins: TransportPins
  /** Digits that no PIN of this card may be taken from. */
  readonly forbiddenDigits: readonly string[]
}

const defaultTries = 3
export const tries = { pin: defaultTries, puk: 10 } as const

/** Whether cards of this profile have a PKCS#15 application. */
export function hasSignatureApplication(profile: CardProfile): boolean {
  return findApplication(profile, 'pkcs15') !== undefined
}

/** National code, document number, phone, postal code, and the date of birth in both calendars in the ways people write it. */
export function forbiddenDigitsOf({ holder, document }: EnrollmentRecord): string[] {
  const dates = [holder.dateOfBirth, isoToJalali(holder.dateOfBirth)].map((date) => date.replace(/\D/g, ''))
  const written = dates.flatMap((ymd) => {
    const [year, month, day] = [ymd.slice(0, 4), ymd.slice(4, 6), ymd.slice(6)]
    return [ymd, `${day}${month}${year}`, `${month}${day}${year}`]
  })
  const numbers = [holder.nationalCode, document.number, holder.telephone ?? '', holder.postalCode].map((text) => text.replace(/\D/g, ''))
  return [...new Set([...numbers, ...written])].filter((digits) => digits.length >= holderPinPolicy.sharedDigits)
}

/** A number of this many digits that the policy takes for this holder; every one of those equally likely. */
function drawPin(length: number, numbers: readonly string[], random: (length: number) => Uint8Array): string {
  const size = 10 ** length
  const limit = Math.floor(2 ** 32 / size) * size
  for (;;) {
    const value = bytesToUint(random(4))
    const pin = String(value % size).padStart(length, '0')
    if (value < limit && findPinWeaknesses(pin, holderPinPolicy, { numbers }).length === 0) return pin
  }
}

/** Draws the PINs and PUKs of a card. */
export function drawTransportPins(
  rows: readonly PinRow[],
  numbers: readonly string[],
  random: (length: number) => Uint8Array,
): TransportPins {
  return Object.fromEntries(
    rows.map(({ label, minLength, role }) => {
      const pin = drawPin(minLength, numbers, random)
      return [label, role === 'security-officer' ? { pin } : { pin, puk: drawPin(8, numbers, random) }]
    }),
  )
}

/** ISO 3166-1 alpha-2 of an MRZ code, where they differ in more than length; else the first two letters are not guessed. */
const countries: Readonly<Record<string, string>> = { IRN: 'IR', UTO: 'UT' }

/** What the card says to any program of its own making, without a PIN: the profile's name and version and the issuing state, JSON (house rule). Nothing of the holder. */
function cardProfileObject({ name, version, issuingState }: CardProfile): DataRow {
  const content = encodeUtf8(JSON.stringify({ profile: name, version, issuingState }))
  return { label: 'card profile', applicationName: 'Kart', fid: 0x4601, content }
}

/** The plan for a record; undefined when cards of the profile have no PKCS#15 application. */
export function planHolder(
  record: EnrollmentRecord,
  profile: CardProfile,
  random: (length: number) => Uint8Array,
  pins?: TransportPins,
): HolderPlan | undefined {
  if (!hasSignatureApplication(profile)) return undefined
  const forbiddenDigits = forbiddenDigitsOf(record)
  const { holder, document } = record
  const country = countries[profile.issuingState] ?? profile.issuingState.slice(0, 2)
  return {
    name: {
      country,
      familyName: holder.persian.familyName,
      givenNames: holder.persian.givenNames,
      serialNumber: `PNO${country}-${holder.nationalCode}`,
    },
    lastDay: document.dateOfExpiry,
    pinRows: holderPins,
    keyRows: profile.holderKeys ?? holderKeys,
    data: [cardProfileObject(profile)],
    pins: pins ?? drawTransportPins(holderPins, forbiddenDigits, random),
    forbiddenDigits,
  }
}
