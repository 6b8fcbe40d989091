import { sign } from 'node:crypto'
import { encodeTlv, fromHex } from '@kart/codec'
import { type CardProfile, encodeMrz, findApplication, nationalId } from '@kart/layout'
import type { Evidence, FileEvidence, FileOutcome, PrintedData } from '../evidence.ts'
import { defaultPolicy, type Policy } from '../policy.ts'
import type { CheckContext } from '../run-checks.ts'
import { type TrustStoreOptions, trustStore } from '../trust-store.ts'
import { ecKey, int, issuerAndSerial, oid, pki, type SodParts, seq, setOf, sod, type TestKey, type TestPki } from './pki.ts'

// A synthetic card of a small profile (EF.COM, EF.SOD, DG1, DG11, DG14, DG15), as evidence: every file and the PKI behind it can be made wrong.

export const holder = {
  documentNumber: 'T12345678',
  dateOfBirth: '900321',
  dateOfExpiry: '330321',
  nationalCode: '0012345679',
}

export const now = new Date('2026-06-01T12:00:00Z')
export const policy: Policy = defaultPolicy(now)

/** The national profile with these data groups only, and no files outside the application. */
export function smallProfile(groups: readonly number[], issuingState = 'IRN'): CardProfile {
  const names = ['EF.COM', 'EF.SOD', ...groups.map((group) => `EF.DG${group}`)]
  const emrtd = findApplication(nationalId, 'emrtd')!
  return { ...nationalId, issuingState, applications: [{ ...emrtd, files: emrtd.files.filter((file) => names.includes(file.name)) }] }
}

export const profile = smallProfile([1, 11, 14, 15])

export function mrz(changes: Partial<Parameters<typeof encodeMrz>[0]> = {}): string {
  return encodeMrz({
    format: 'TD1',
    documentCode: 'I<',
    issuer: 'IRN',
    nationality: 'IRN',
    sex: 'F',
    name: 'SPECIMEN<<ANAHITA',
    documentNumber: holder.documentNumber,
    dateOfBirth: holder.dateOfBirth,
    dateOfExpiry: holder.dateOfExpiry,
    optionalData: holder.nationalCode,
    ...changes,
  })
}

const ascii = (text: string) => new TextEncoder().encode(text)

/** EF.DG1 around any text, right or wrong. */
export const dg1 = (zone: string) => encodeTlv(0x61, encodeTlv(0x5f1f, ascii(zone)))

/** EF.DG11 with a personal number and a full date of birth. */
export const dg11 = (personalNumber = holder.nationalCode, birth = '19900321') =>
  encodeTlv(0x6b, [encodeTlv(0x5c, fromHex('5f105f2b')), encodeTlv(0x5f10, ascii(personalNumber)), encodeTlv(0x5f2b, ascii(birth))])

/** EF.DG14 with one ActiveAuthenticationInfo, plain ECDSA with SHA-256 unless told. */
export const dg14 = (algorithm = '0.4.0.127.0.7.1.1.4.1.3') => encodeTlv(0x6e, setOf(seq(oid('2.23.136.1.1.5'), int(1), oid(algorithm))))

export const dg15 = (key: Pick<TestKey, 'spki'>) => encodeTlv(0x6f, key.spki)

const groupTags: Record<number, number> = { 1: 0x61, 2: 0x75, 3: 0x63, 11: 0x6b, 12: 0x6c, 14: 0x6e, 15: 0x6f }

export const efCom = (groups: readonly number[]) =>
  encodeTlv(0x60, [
    encodeTlv(0x5f01, ascii('0107')),
    encodeTlv(0x5f36, ascii('040000')),
    encodeTlv(
      0x5c,
      Uint8Array.from(groups, (group) => groupTags[group]!),
    ),
  ])

export const challenge = fromHex('0011223344556677')

export interface CardParts {
  readonly pki?: TestPki
  readonly chipKey?: TestKey
  /** What EF.SOD is made over; undefined removes a data group from it. */
  readonly signed?: Readonly<Record<number, Uint8Array | undefined>>
  /** What the card shows, where that differs from what was signed; undefined takes the file off the card. */
  readonly shown?: Readonly<Record<number, Uint8Array | undefined>>
  readonly sod?: Partial<SodParts>
  /** EF.SOD as it stands, instead of a signed one. */
  readonly rawSod?: Uint8Array | undefined
  readonly com?: readonly number[]
  readonly access?: Partial<PrintedData>
  readonly activeAuthentication?: Evidence['activeAuthentication']
  readonly files?: readonly FileEvidence[]
}

export function file(
  name: string,
  bytes: Uint8Array | undefined,
  outcome: FileOutcome = bytes === undefined ? 'missing' : 'read',
): FileEvidence {
  return { application: 'emrtd', name, outcome, bytes, sw: undefined, problem: undefined }
}

const defaultKey = ecKey()
export const defaultPki = pki()

/** How a card that offers no PACE was opened, by a caller who allows that. */
export const openedWithBac: Omit<Evidence['access'], 'key'> = {
  protocol: 'bac',
  outcome: 'opened',
  policy: 'bac-without-pace',
  problem: undefined,
  pace: {
    outcome: 'not-offered',
    choice: ['the card offers no PACE'],
    variant: undefined,
    offer: undefined,
    password: 'mrz',
    authorityReferences: [],
    mapping: undefined,
  },
}

/** Evidence of a genuine card, with whatever parts are told otherwise. */
export function card(parts: CardParts = {}): Evidence {
  const country = parts.pki ?? defaultPki
  const chipKey = parts.chipKey ?? defaultKey
  const signed: Record<number, Uint8Array | undefined> = { 1: dg1(mrz()), 11: dg11(), 14: dg14(), 15: dg15(chipKey), ...parts.signed }
  const dataGroups = Object.fromEntries(Object.entries(signed).filter((entry): entry is [string, Uint8Array] => entry[1] !== undefined))
  const shown = { ...signed, ...parts.shown }
  const rawSod =
    'rawSod' in parts
      ? parts.rawSod
      : sod({ dataGroups, key: country.signerKey, certificates: [country.signer], sid: issuerAndSerial(country.cscaName), ...parts.sod })
  const shownGroups = Object.keys(shown).map(Number)
  const files = [
    file('EF.COM', efCom(parts.com ?? Object.keys(dataGroups).map(Number))),
    file('EF.SOD', rawSod),
    ...shownGroups.map((group) => file(`EF.DG${group}`, shown[group])),
    ...(parts.files ?? []),
  ]
  return {
    profile: profile.name,
    readAt: now,
    atr: nationalId.atr,
    files,
    access: {
      ...openedWithBac,
      key: { documentNumber: holder.documentNumber, dateOfBirth: holder.dateOfBirth, dateOfExpiry: holder.dateOfExpiry, ...parts.access },
    },
    chipAuthentication: undefined,
    terminalAuthentication: undefined,
    activeAuthentication: 'activeAuthentication' in parts ? parts.activeAuthentication : exchange(chipKey),
    shortestExchange: 1,
    extendedLength: false,
  }
}

/** An active-authentication exchange with this key: plain ECDSA, SHA-256. */
export function exchange(key: TestKey): Evidence['activeAuthentication'] {
  return {
    challenge,
    signature: new Uint8Array(sign('sha256', challenge, { key: key.privateKey, dsaEncoding: 'ieee-p1363' })),
    sw: undefined,
  }
}

/** The context that accepts {@link card}. */
export function context(
  changes: {
    pki?: TestPki
    cscas?: Uint8Array[]
    signers?: Uint8Array[]
    more?: TrustStoreOptions
    policy?: Partial<Policy>
    profile?: CardProfile
  } = {},
): CheckContext {
  return {
    profile: changes.profile ?? profile,
    trust: trustStore(changes.cscas ?? [(changes.pki ?? defaultPki).csca], changes.signers, changes.more),
    policy: { ...policy, ...changes.policy },
  }
}
