import { type CardChannel, readFile, selectApplication, selectPath, send } from '@kart/apdu/host'
import { DecodeError, decodeTlv, findTlv, InputError, toHex } from '@kart/codec'
import {
  aodfCodec,
  type CertificateObject,
  cdfCodec,
  type DirectoryType,
  type KeyObject,
  type ObjectValue,
  odfCodec,
  type PasswordObject,
  pkcs15Aid,
  prkdfCodec,
} from '@kart/layout'

/** A PIN of the card, as EF.AODF lists it. */
export interface HolderPin {
  readonly label: string
  /** P2 of VERIFY. */
  readonly reference: number
  readonly minLength: number
  readonly maxLength: number
  readonly storedLength: number
  readonly padding: number | undefined
  readonly role: 'user' | 'security-officer'
  readonly id: Uint8Array | undefined
}

/** A private key of the card, as EF.PrKDF lists it. */
export interface HolderKey {
  readonly label: string
  readonly id: Uint8Array
  readonly kind: 'rsa' | 'ec'
  /** Bits of the modulus or of the field; undefined where the card does not tell. */
  readonly bits: number | undefined
  readonly fid: number
  readonly usage: KeyObject['usage']
  /** The PIN that guards it; undefined where none does. */
  readonly pin: HolderPin | undefined
  /** Uses for one VERIFY; undefined = any number. */
  readonly usesPerPin: number | undefined
}

/** The PKCS#15 application of a card: what its directory files list. */
export interface HolderApplication {
  readonly pins: readonly HolderPin[]
  readonly keys: readonly HolderKey[]
  readonly certificates: readonly CertificateObject[]
}

/** How files are read. */
export interface HolderReading {
  /** Whether extended length fields are used; false unless told. */
  readonly extended?: boolean
}

const df = 0x5015
const odfFid = 0x5031
/** More than any directory file or certificate that we write (house rule). */
const longestFile = 16_384

/** Identifier of the file that a path ends in. Throws DecodeError. */
export function fidOf(value: ObjectValue, what: string): number {
  if (value.kind !== 'path' || value.path.length < 2) throw new DecodeError(what, 'is not in a file of the application')
  return value.path.at(-2)! * 256 + value.path.at(-1)!
}

/** Bytes of a file by the FCI of its selection, DO'80'. */
function sizeIn(fci: Uint8Array, name: string): number {
  const size = findTlv(decodeTlv(fci, undefined, {}).children ?? [], 0x80)?.value
  if (size === undefined || size.length < 1 || size.length > 3) throw new DecodeError(`${name}, FCI`, 'gives no size')
  const bytes = size.reduce((sum, byte) => sum * 256 + byte, 0)
  if (bytes > longestFile) throw new DecodeError(name, `is ${bytes} bytes long where at most ${longestFile} are read`)
  return bytes
}

/** Selects a file of the application by its path and reads it whole. Throws StatusWordError, DecodeError, LimitError, TransportError. */
export async function readHolderFile(channel: CardChannel, fid: number, name: string, reading: HolderReading = {}): Promise<Uint8Array> {
  const size = sizeIn(await send(channel, selectPath([df, fid], { answer: 'fci', label: name })), name)
  if (size === 0) return new Uint8Array(0)
  return readFile(channel, { name, maxLength: size, extent: 'file', extended: reading.extended ?? false })
}

const text = (id: Uint8Array): string => toHex(id)

function pinOf(object: PasswordObject): HolderPin {
  const { reference = 0, storedLength, minLength, maxLength = storedLength } = object
  return {
    label: object.label ?? `PIN ${reference}`,
    ...{ reference, minLength, maxLength, storedLength },
    padding: object.padChar,
    role: object.passwordFlags.includes('soPassword') ? 'security-officer' : 'user',
    id: object.id,
  }
}

function keyOf(object: KeyObject, pins: readonly HolderPin[]): HolderKey {
  const { authId, id, kind } = object
  return {
    label: object.label ?? `key ${text(id)}`,
    ...{ id, kind, bits: object.bits, usage: object.usage },
    fid: fidOf(object.value, 'private key'),
    pin: authId && pins.find((pin) => pin.id !== undefined && text(pin.id) === text(authId)),
    usesPerPin: object.userConsent,
  }
}

/** Selects the PKCS#15 application. Throws StatusWordError, TransportError. */
export async function selectHolderApplication(channel: CardChannel): Promise<void> {
  await send(channel, selectApplication(pkcs15Aid, { answer: 'fci', label: 'PKCS#15' }))
}

/**
 * Selects the PKCS#15 application and reads EF.ODF, EF.AODF, EF.PrKDF and EF.CDF (ISO/IEC 7816-15:2016, 7.5). Objects of kinds that are not known are passed
 * over. Throws StatusWordError, DecodeError, LimitError, TransportError.
 */
export async function openHolderApplication(channel: CardChannel, reading: HolderReading = {}): Promise<HolderApplication> {
  await selectHolderApplication(channel)
  const entries = odfCodec.decode(await readHolderFile(channel, odfFid, 'EF.ODF', reading))
  const read = async <T>(kind: DirectoryType, name: string, decode: (bytes: Uint8Array) => readonly T[]): Promise<readonly T[]> => {
    const objects: T[] = []
    for (const entry of entries)
      if (entry.kind === kind) objects.push(...decode(await readHolderFile(channel, fidOf(entry.value, name), name, reading)))
    return objects
  }
  const pins = (await read('authObjects', 'EF.AODF', aodfCodec.decode)).flatMap((object) =>
    object.kind === 'password' ? [pinOf(object)] : [],
  )
  const keys = (await read('privateKeys', 'EF.PrKDF', prkdfCodec.decode)).flatMap((object) =>
    object.kind === 'other' ? [] : [keyOf(object, pins)],
  )
  const certificates = (await read('certificates', 'EF.CDF', cdfCodec.decode)).flatMap((object) => (object.kind === 'x509' ? [object] : []))
  return { pins, keys, certificates }
}

function one<T extends { readonly label: string }>(field: string, all: readonly T[], name: string): T {
  const found = all.filter(({ label }) => label.toLowerCase() === name.toLowerCase())
  const [first] = found
  if (first !== undefined && found.length === 1) return first
  const labels = all.map(({ label }) => label).join(', ')
  throw new InputError(
    field,
    found.length > 1
      ? 'several on the card have this name'
      : all.length === 0
        ? 'the card has none'
        : `the card has no such one; it has: ${labels}`,
  )
}

/** The key of this label, in whatever case; `signature` and `authentication` also find the only key of that use. Throws InputError that lists the labels. */
export function findKey({ keys }: HolderApplication, name: string): HolderKey {
  if (!keys.some(({ label }) => label.toLowerCase() === name.toLowerCase())) {
    const wanted = name === 'signature' ? 'nonRepudiation' : name === 'authentication' ? 'sign' : undefined
    const fitting = keys.filter(({ usage }) => wanted !== undefined && usage.includes(wanted))
    if (fitting.length === 1) return fitting[0]!
  }
  return one('key', keys, name)
}

/** The PIN of this label, in whatever case. Throws InputError that lists the labels. */
export function findPin({ pins }: HolderApplication, name: string): HolderPin {
  return one('PIN', pins, name)
}

/** The PIN that unblocks fingers and the other PINs: the SO-PIN. Throws InputError for a card without. */
export function officerPin({ pins }: HolderApplication): HolderPin {
  const pin = pins.find(({ role }) => role === 'security-officer')
  if (pin === undefined) throw new InputError('card', 'lists no SO-PIN, which alone could do this')
  return pin
}

/** The certificate of a key, and those of authorities on the card, in DER. Throws InputError for a key without one, and what reading throws. */
export async function readCertificates(
  channel: CardChannel,
  { certificates }: HolderApplication,
  key: Pick<HolderKey, 'id' | 'label'>,
  reading: HolderReading = {},
): Promise<{ readonly certificate: Uint8Array; readonly chain: readonly Uint8Array[] }> {
  const own = certificates.find(({ id, authority }) => authority !== true && text(id) === text(key.id))
  if (own === undefined) throw new InputError('key', `the card has no certificate for its key ${key.label}`)
  const certificate = await readCertificate(channel, own, reading)
  const chain: Uint8Array[] = []
  for (const one of certificates) if (one.authority === true) chain.push(await readCertificate(channel, one, reading))
  return { certificate, chain }
}

/** One certificate that EF.CDF lists, in DER. Throws StatusWordError, DecodeError, LimitError, TransportError. */
export async function readCertificate(
  channel: CardChannel,
  { value, label }: Pick<CertificateObject, 'value' | 'label'>,
  reading: HolderReading = {},
): Promise<Uint8Array> {
  if (value.kind === 'direct') return value.content
  return trimmed(await readHolderFile(channel, fidOf(value, 'certificate'), label ?? 'certificate', reading))
}

/** A certificate without the room behind it. */
function trimmed(content: Uint8Array): Uint8Array {
  const [first, length = 0, high = 0, low = 0] = content
  if (first !== 0x30) throw new DecodeError('certificate', 'the file does not begin with one')
  const end = length < 0x80 ? 2 + length : length === 0x81 ? 3 + high : length === 0x82 ? 4 + high * 256 + low : content.length
  return content.slice(0, end)
}
