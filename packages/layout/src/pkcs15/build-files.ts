import { type Codec, InputError } from '@kart/codec'
import type { DirectoryEntry } from '../lds/ef-dir.ts'
import { pkcs15Entry } from './application-entry.ts'
import { aodfCodec, type PasswordObject } from './authentication-directory.ts'
import { type CertificateObject, cdfCodec } from './certificate-directory.ts'
import { type DataObject, dodfCodec } from './data-directory.ts'
import type { KeyUsageFlag, ObjectFlag } from './flags.ts'
import { type KeyObject, prkdfCodec, pukdfCodec } from './key-directory.ts'
import { fillFile } from './object.ts'
import { type DirectoryType, odfCodec } from './object-directory.ts'
import { type CardPath, filePath } from './object-value.ts'
import type { CertificateRow, DataRow, KeyRow, PinRow, Pkcs15Tables } from './tables.ts'
import { tokenInfoCodec } from './token-info.ts'

/** One elementary file of the application, made up to its length. */
export interface Pkcs15File {
  readonly name: string
  /** File identifier inside DF 5015. */
  readonly fid: number
  readonly content: Uint8Array
}

/** Everything that the application's tables make. */
export interface Pkcs15Files {
  readonly files: readonly Pkcs15File[]
  /** For EF.DIR in the MF. */
  readonly directoryEntry: DirectoryEntry
}

const mf = 0x3f00
const df = 0x5015

// Lengths are those of OpenSC's myeid.profile (0.23), so that stock tools find the room they count on.
// biome-ignore format: a row a line
const directories = [
  { name: 'EF.PrKDF', fid: 0x4402, type: 'privateKeys', length: 1530 },
  { name: 'EF.PuKDF', fid: 0x4404, type: 'publicKeys', length: 1530 },
  { name: 'EF.CDF', fid: 0x4403, type: 'certificates', length: 1530 },
  { name: 'EF.DODF', fid: 0x4406, type: 'dataObjects', length: 1530 },
  { name: 'EF.AODF', fid: 0x4401, type: 'authObjects', length: 255 },
] as const satisfies readonly { name: string; fid: number; type: DirectoryType; length: number }[]

const odf = { name: 'EF.ODF', fid: 0x5031, length: 255 }
const tokenInfo = { name: 'EF.TokenInfo', fid: 0x5032, length: 180 }

/** Paths of OpenSC's tools are absolute: those of our files too. */
const inApplication = (fid: number): CardPath => filePath(mf, df, fid)
const identifier = (id: number): Uint8Array => {
  if (!Number.isInteger(id) || id < 0 || id > 0xff) throw new InputError('id', 'is not a byte')
  return Uint8Array.of(id)
}
// A PIN can be changed; what the files hold was written for good.
const changeable: readonly ObjectFlag[] = ['private', 'modifiable']
const guarded: readonly ObjectFlag[] = ['private']

/**
 * The files of the application from its tables (ISO/IEC 7816-15:2016, 7.5): EF.ODF, EF.TokenInfo, the five directory files, certificates and data
 * objects where their content is given, and the entry of EF.DIR. A directory file has room to grow; one that outgrows the length planned for it is as
 * long as its content and a quarter more. Throws InputError for an identifier or file used twice, and for a key, certificate or object under a PIN that is none.
 */
export function buildPkcs15Files(tables: Pkcs15Tables): Pkcs15Files {
  checkTables(tables)
  const keys = tables.keys
  const contents: Record<(typeof directories)[number]['type'], Uint8Array> = {
    privateKeys: prkdfCodec.encode(keys.map((key) => privateKey(key, tables))),
    publicKeys: pukdfCodec.encode(keys.filter((key) => key.publicKey !== undefined).map(publicKey)),
    certificates: cdfCodec.encode(tables.certificates.map(certificate)),
    dataObjects: dodfCodec.encode(tables.data.map(dataObject)),
    authObjects: aodfCodec.encode(tables.pins.map(password)),
  }
  const { label, manufacturer, serialNumber, lastUpdate } = tables.token
  return {
    files: [
      file(
        odf,
        odfCodec,
        directories.map(({ type, fid }) => ({ kind: type, value: inApplication(fid) })),
      ),
      file(tokenInfo, tokenInfoCodec, {
        version: 0,
        serialNumber,
        manufacturer,
        label,
        flags: ['authRequired', 'prnGeneration'],
        ...(lastUpdate && { lastUpdate }),
      }),
      ...directories.map(({ name, fid, type, length }) => ({ name, fid, content: withRoom(contents[type], length) })),
      ...keys.flatMap(({ label: key, publicKey: content, publicKeyFid }) =>
        content === undefined ? [] : [{ name: `public key ${key}`, fid: publicKeyFid, content }],
      ),
      ...[...tables.certificates, ...tables.data].flatMap(({ label: object, fid, content }) =>
        content === undefined ? [] : [{ name: object, fid, content }],
      ),
    ],
    directoryEntry: pkcs15Entry(label, filePath(mf, df)),
  }
}

function file<T>({ name, fid, length }: { name: string; fid: number; length: number }, codec: Codec<T>, value: T): Pkcs15File {
  return { name, fid, content: withRoom(codec.encode(value), length) }
}

function withRoom(content: Uint8Array, length: number): Uint8Array {
  return fillFile(content, content.length <= length ? length : Math.ceil(content.length * 1.25))
}

function checkTables({ pins, keys, certificates, data }: Pkcs15Tables): void {
  refuseRepeats('pins', [...pins.map(({ id }) => id)])
  refuseRepeats('pins', [...pins.map(({ reference }) => reference)])
  refuseRepeats('keys', [...keys.map(({ id }) => id)])
  refuseRepeats('fid', [
    ...[odf, tokenInfo, ...directories, ...keys, ...certificates, ...data].map(({ fid }) => fid),
    ...keys.map(({ publicKeyFid }) => publicKeyFid),
  ])
  const known = new Set(pins.filter((pin) => pin.role === 'user').map(({ id }) => id))
  if (keys.some(({ pin }) => !known.has(pin))) throw new InputError('keys', 'a key stands under a PIN that the holder does not have')
  if (data.some(({ pin }) => pin !== undefined && !known.has(pin)))
    throw new InputError('data', 'a data object stands under a PIN that the holder does not have')
}

function refuseRepeats(field: string, values: readonly number[]): void {
  if (new Set(values).size !== values.length) throw new InputError(field, 'one number stands for two things')
}

function password({ label, id, reference, minLength, maxLength, role }: PinRow): PasswordObject {
  return {
    kind: 'password',
    label,
    flags: changeable,
    id: identifier(id),
    passwordFlags: ['initialized', 'needs-padding', ...(role === 'security-officer' ? (['soPassword'] as const) : [])],
    passwordType: 'ascii-numeric',
    minLength,
    storedLength: storedPinLength,
    maxLength,
    reference,
    padChar: 0xff,
  }
}

/** Bytes of a PIN on the card, padded with FF. */
const storedPinLength = 8

function privateKey(key: KeyRow, { certificates }: Pkcs15Tables): KeyObject {
  const subject = certificates.find(({ id }) => id === key.id)?.subject
  return {
    kind: key.algorithm.kind,
    label: key.label,
    flags: guarded,
    authId: identifier(key.pin),
    ...(key.usesPerPin !== undefined && { userConsent: key.usesPerPin }),
    id: identifier(key.id),
    usage: key.usage,
    access: ['sensitive', 'alwaysSensitive', 'neverExtractable', 'cardGenerated'],
    keyReference: key.fid & 0xff,
    ...(subject && { subject }),
    value: inApplication(key.fid),
    bits: key.algorithm.bits,
  }
}

const publicUse: Partial<Record<KeyUsageFlag, KeyUsageFlag>> = {
  sign: 'verify',
  nonRepudiation: 'verify',
  signRecover: 'verifyRecover',
  decipher: 'encipher',
  keyDecipher: 'keyEncipher',
  derive: 'derive',
}

function publicKey(key: KeyRow): KeyObject {
  return {
    kind: key.algorithm.kind,
    label: key.label,
    id: identifier(key.id),
    usage: [...new Set(key.usage.flatMap((use) => publicUse[use] ?? []))],
    native: false,
    value: inApplication(key.publicKeyFid),
    ...(key.algorithm.kind === 'rsa' && { bits: key.algorithm.bits }),
  }
}

function certificate({ label, id, fid, authority, subject }: CertificateRow): CertificateObject {
  return {
    kind: 'x509',
    label,
    id: identifier(id),
    ...(authority === true && { authority }),
    value: inApplication(fid),
    ...(subject && { subject }),
  }
}

function dataObject({ label, applicationName, applicationOid, fid, pin }: DataRow): DataObject {
  return {
    kind: 'opaque',
    label,
    ...(pin !== undefined && { flags: guarded, authId: identifier(pin) }),
    applicationName,
    ...(applicationOid !== undefined && { applicationOid }),
    value: inApplication(fid),
  }
}
