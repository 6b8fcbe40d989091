import { createHash } from 'node:crypto'
import { bytesToUint, encodeAscii, equalBytes, joinBytes, uintToBytes } from '@kart/codec'
import { type AaCurve, aaCurves, type PacePasswordName, pacePasswords } from '@kart/layout/profile'
import { decode, encode, rfc8949EncodeOptions } from 'cborg'
import { isUsableRsaKey, type ModulusBits } from '../card-crypto/rsa-key.ts'
import { isUsableKey } from '../card-crypto/signature-key.ts'
import { isTrust } from '../eac/terminal-trust.ts'
import { isUsableChipKey } from '../key-agreement/chip-key.ts'
import { CardMemoryError } from './card-memory.ts'
import { type CardState, type ChipKey, type LifeCycle, lifeCycles, type PacePassword, type StoredKeySet } from './card-state.ts'
import { fingerFields, readFingerState, readSignatureState, signatureFields } from './holder-image.ts'
import { badField as bad, type Fields, fieldReader, optional, remedy } from './image-fields.ts'

// House rule: magic (8) || version (2) || length of body (4) || body, deterministic CBOR (RFC 8949, 4.2.1) || SHA-256 over all before it (32).
const magic = encodeAscii('KARTCARD')
const version = 3
const headerLength = 14
const hashLength = 32

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

const codedNames = new Map<string, Uint8Array>()

function encodeName(name: string): Uint8Array {
  const coded = codedNames.get(name) ?? encode(name, rfc8949EncodeOptions)
  codedNames.set(name, coded)
  return coded
}

/** The order of deterministic CBOR, that of the names' own coding: shorter ones first (RFC 8949, 4.2.1). */
const byCoding = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : 1)

const mapHeader = (entries: number): Uint8Array => Uint8Array.of(0xa0 | entries) // fewer than 24

/** A map whose values are coded already. */
function encodeMap(entries: readonly (readonly [name: string, coded: Uint8Array])[]): Uint8Array {
  const sorted = entries.toSorted(([a], [b]) => byCoding(a, b))
  return joinBytes([mapHeader(entries.length), ...sorted.flatMap(([name, coded]) => [encodeName(name), coded])])
}

const codedValues = new WeakMap<object, Uint8Array>()

/** A state is never changed in place, so what was coded once is not coded again: a counter that steps costs no coding of the files. */
function codedOnce(value: object, coding: () => Uint8Array): Uint8Array {
  const coded = codedValues.get(value) ?? coding()
  codedValues.set(value, coded)
  return coded
}

const encodeValue = (value: unknown): Uint8Array => encode(value, rfc8949EncodeOptions)

function encodePassword(password: PacePassword): Uint8Array {
  return codedOnce(password, () => encodeValue({ ...password, tries: password.tries ?? null }))
}

/** The coding of the fields that do not go into CBOR as they are: undefined is null. */
const codings: { readonly [Name in keyof CardState]?: (value: CardState[Name]) => Uint8Array } = {
  trust: ({ trustPoints, date }) => encodeValue({ trustPoints, date: date ?? null }),
  pacePasswords: (passwords) => encodeMap([...passwords].map(([name, password]) => [name, encodePassword(password)])),
  signature: (signature) => encodeValue(signatureFields(signature)),
  fingers: (fingers) => encodeValue(fingerFields(fingers)),
  files: (files) => encodeValue(new Map([...files].map(([application, inside]) => [application, new Map(inside)]))),
}

function encodeField(name: string, value: CardState[keyof CardState]): Uint8Array {
  const coding = codings[name as keyof CardState] as ((value: unknown) => Uint8Array) | undefined
  const code = (): Uint8Array => (coding ? coding(value) : encodeValue(value ?? null))
  return typeof value === 'object' ? codedOnce(value, code) : code()
}

/** Codes the state as the one image that the memory keeps. Private keys stand in it in clear: an emulator's memory is a test artefact. */
export function encodeImage(state: CardState): Uint8Array {
  const fields = Object.entries(state) as [string, CardState[keyof CardState]][]
  const body = encodeMap(fields.map(([name, value]) => [name, encodeField(name, value)]))
  const image = joinBytes([magic, uintToBytes(version, 2), uintToBytes(body.length, 4), body, new Uint8Array(hashLength)])
  image.set(sha256(image.subarray(0, -hashLength)), image.length - hashLength)
  return image
}

/** Takes an image apart; throws CardMemoryError for one that is cut short, damaged, of another version, or not what a card writes. */
export function decodeImage(image: Uint8Array): CardState {
  if (image.length < headerLength + hashLength || !equalBytes(image.subarray(0, 8), magic))
    throw new CardMemoryError(`this is not the memory of an emulated card (it does not begin with KARTCARD): name another file`)
  const found = bytesToUint(image.subarray(8, 10))
  if (found !== version)
    throw new CardMemoryError(`card memory of version ${found}, this program reads version ${version}: use the program that wrote it`)
  const expected = headerLength + bytesToUint(image.subarray(10, 14)) + hashLength
  if (image.length !== expected)
    throw new CardMemoryError(`card memory has ${image.length} bytes where ${expected} are announced: ${remedy}`)
  if (!equalBytes(sha256(image.subarray(0, -hashLength)), image.subarray(-hashLength)))
    throw new CardMemoryError(`card memory is damaged (its checksum is wrong): ${remedy}`)
  try {
    const body = image.slice(headerLength, -hashLength)
    const map = decode(body, {
      strict: true,
      allowIndefinite: false,
      allowUndefined: false,
      allowNaN: false,
      allowInfinity: false,
      rejectDuplicateMapKeys: true,
      useMaps: true,
    })
    const state = readState(asMap(map, 'image'))
    // One state, one image: any other coding of the same state was not written by a card.
    if (!equalBytes(encodeImage(state), image)) throw bad('coding')
    return state
  } catch (cause) {
    if (cause instanceof CardMemoryError) throw cause
    throw new CardMemoryError(`card memory is not the CBOR that a card writes: ${remedy}`, { cause })
  }
}

function asMap(value: unknown, what: string): Fields {
  if (!(value instanceof Map)) throw bad(what)
  return value
}

function asBytes(value: unknown, what: string, lengths?: readonly number[]): Uint8Array {
  if (!(value instanceof Uint8Array) || (lengths && !lengths.includes(value.length))) throw bad(what)
  return value.slice()
}

function asInteger(value: unknown, what: string, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most) throw bad(what)
  return value
}

function asText(value: unknown, what: string): string {
  if (typeof value !== 'string') throw bad(what)
  return value
}

const fieldNames = [
  'profile',
  'profileVersion',
  'lifeCycle',
  'generation',
  'iccSerial',
  'cplc',
  'iin',
  'cin',
  'keySets',
  'files',
  'bacKeys',
  'aaKey',
  'pacePasswords',
  'chipKeys',
  'trust',
  'signature',
  'fingers',
]

function readState(map: Fields): CardState {
  if (map.size !== fieldNames.length || !fieldNames.every((name) => map.has(name))) throw bad('list')
  const lifeCycle = asText(map.get('lifeCycle'), 'lifeCycle')
  if (!Object.hasOwn(lifeCycles, lifeCycle)) throw bad('lifeCycle')
  return {
    profile: asText(map.get('profile'), 'profile'),
    profileVersion: asInteger(map.get('profileVersion'), 'profileVersion', 0xffff),
    lifeCycle: lifeCycle as LifeCycle,
    generation: asInteger(map.get('generation'), 'generation', 0xffffffff),
    iccSerial: asBytes(map.get('iccSerial'), 'iccSerial', [10]),
    cplc: asBytes(map.get('cplc'), 'cplc', [42]),
    iin: optional(map.get('iin'), (value) => asBytes(value, 'iin')),
    cin: optional(map.get('cin'), (value) => asBytes(value, 'cin')),
    keySets: readKeySets(map.get('keySets')),
    files: new Map(
      [...asMap(map.get('files'), 'files')].map(([application, inside]) => [
        asText(application, 'files'),
        readFiles(asMap(inside, 'files')),
      ]),
    ),
    bacKeys: optional(map.get('bacKeys'), (value) => {
      const keys = asMap(value, 'bacKeys')
      return { enc: asBytes(keys.get('enc'), 'bacKeys', [16]), mac: asBytes(keys.get('mac'), 'bacKeys', [16]) }
    }),
    aaKey: optional(map.get('aaKey'), (value) => readAaKey(asMap(value, 'aaKey'))),
    pacePasswords: new Map(
      [...asMap(map.get('pacePasswords'), 'pacePasswords')].map(([name, value]) => [readPasswordName(name), readPassword(value)]),
    ),
    chipKeys: asList(map.get('chipKeys'), 'chipKeys').map(readChipKey),
    trust: readTrust(asMap(map.get('trust'), 'trust')),
    signature: readSignatureState(asMap(map.get('signature'), 'signature'), fieldReader('signature')),
    fingers: readFingerState(asMap(map.get('fingers'), 'fingers'), fieldReader('fingers')),
  }
}

function readAaKey(fields: Fields): NonNullable<CardState['aaKey']> {
  const privateKey = asBytes(fields.get('privateKey'), 'aaKey')
  if (fields.has('modulusBits')) {
    const key = { modulusBits: asInteger(fields.get('modulusBits'), 'aaKey', 0xffff) as ModulusBits, privateKey }
    if (!isUsableRsaKey(key)) throw bad('aaKey')
    return key
  }
  const curve = asText(fields.get('curve'), 'aaKey')
  if (!Object.hasOwn(aaCurves, curve)) throw bad('aaKey')
  const key = { curve: curve as AaCurve, privateKey }
  if (!isUsableKey(key)) throw bad('aaKey')
  return key
}

function asList(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw bad(what)
  return value
}

function readPasswordName(value: unknown): PacePasswordName {
  const name = asText(value, 'pacePasswords')
  if (!Object.hasOwn(pacePasswords, name)) throw bad('pacePasswords')
  return name as PacePasswordName
}

function readPassword(value: unknown): PacePassword {
  const fields = asMap(value, 'pacePasswords')
  return {
    secret: asBytes(fields.get('secret'), 'pacePasswords'),
    tries: optional(fields.get('tries'), (tries) => {
      const counters = asMap(tries, 'pacePasswords')
      const most = asInteger(counters.get('most'), 'pacePasswords', 0xff)
      return { left: asInteger(counters.get('left'), 'pacePasswords', most), most }
    }),
    failures: asInteger(fields.get('failures'), 'pacePasswords', 0xffff),
  }
}

function readChipKey(value: unknown): ChipKey {
  const fields = asMap(value, 'chipKeys')
  const key = {
    keyId: asInteger(fields.get('keyId'), 'chipKeys', 0x7f),
    parameterId: asInteger(fields.get('parameterId'), 'chipKeys', 0xff),
    privateKey: asBytes(fields.get('privateKey'), 'chipKeys'),
  }
  if (!isUsableChipKey(key)) throw bad('chipKeys')
  return key
}

function readTrust(fields: Fields): CardState['trust'] {
  const trust = {
    trustPoints: asList(fields.get('trustPoints'), 'trust').map((point) => asBytes(point, 'trust')),
    date: optional(fields.get('date'), (date) => asBytes(date, 'trust', [6])),
  }
  if (!isTrust(trust)) throw bad('trust')
  return trust
}

function readKeySets(value: unknown): readonly StoredKeySet[] {
  const sets = asList(value, 'keySets').map((set) => readKeySet(asMap(set, 'keySets')))
  if (new Set(sets.map(({ version }) => version)).size !== sets.length) throw bad('keySets')
  return sets
}

function readKeySet(fields: Fields): StoredKeySet {
  const enc = asBytes(fields.get('enc'), 'keySets', [16, 24, 32])
  const sameLength = [enc.length]
  const transport = fields.get('transport')
  if (typeof transport !== 'boolean') throw bad('keySets')
  return {
    version: asInteger(fields.get('version'), 'keySets', 0x7f),
    enc,
    mac: asBytes(fields.get('mac'), 'keySets', sameLength),
    dek: asBytes(fields.get('dek'), 'keySets', sameLength),
    transport,
    sequence: asInteger(fields.get('sequence'), 'keySets', 0xffffff),
    failures: asInteger(fields.get('failures'), 'keySets', 0xff),
  }
}

function readFiles(inside: Fields): ReadonlyMap<number, Uint8Array> {
  return new Map([...inside].map(([fid, content]) => [asInteger(fid, 'files', 0xffff), asBytes(content, 'files')]))
}
