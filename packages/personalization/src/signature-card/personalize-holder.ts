import { type CardChannel, send } from '@kart/apdu/host'
import { equalBytes } from '@kart/codec'
import { checkNewKey, digest, randomBytes, type SeenKeys, seenInMemory } from '@kart/crypto'
import { buildPkcs15Files, type CardProfile, decodeCertificate, type KeyRow, type Pkcs15File, type Pkcs15Files } from '@kart/layout'
import {
  type HolderPin,
  holds,
  openHolderApplication,
  readHolderFile,
  schemeOfKey,
  selectHolderApplication,
  signDigest,
  verifyHolderPin,
} from '@kart/signature'
import type { CardImage } from '../card-image.ts'
import { PersonalizationError } from '../personalization-error.ts'
import { buildRequest, type CertificateOrder, type CertifyHolder, namesHolder, useOfKey } from './holder-certificate.ts'
import { curveOfBits, fileCommands, generateHolderKeyCommand, installHolder, pinCommands, storedPinLength } from './holder-commands.ts'
import type { HolderPlan } from './holder-plan.ts'
import { rememberMade } from './key-marks.ts'

/** A key pair of the holder that the card made. */
export interface HolderKeyPair {
  readonly row: KeyRow
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
}

/** A key pair with the certificate that goes onto the card. */
export interface CertifiedKey extends HolderKeyPair {
  readonly certificate: Uint8Array
  readonly chain: readonly Uint8Array[]
}

const step = { keys: 'holder-keys', certify: 'certify', files: 'holder-files', prove: 'prove-signature' } as const

/** How many parts {@link writeHolderKeys} has. */
export const holderKeyParts = ({ pinRows, keyRows }: HolderPlan): number => 2 + pinRows.length + keyRows.length

/**
 * In a session with the security domain: PINs, the numbers that none may be taken from, and the keys, which the card makes itself. Each public key is held against what
 * was asked for and must never have been seen before. Keys that the card holds already, as `held`, stay: `checkHeldKeys` has let them pass. Throws PersonalizationError for a key that must not be certified, StatusWordError, TransportError.
 */
export async function writeHolderKeys(
  channel: CardChannel,
  profile: CardProfile,
  plan: HolderPlan,
  keys: { readonly seen: SeenKeys; readonly image: CardImage; readonly held?: readonly HolderKeyPair[] | undefined },
  advance: () => void,
): Promise<readonly HolderKeyPair[]> {
  for (const command of [installHolder(profile), ...pinCommands(profile, plan)]) {
    await send(channel, command)
    advance()
  }
  const pairs: HolderKeyPair[] = []
  for (const row of plan.keyRows) {
    const held = keys.held?.find((pair) => pair.row.fid === row.fid)?.publicKey
    const publicKey = held ?? (await send(channel, generateHolderKeyCommand(profile, row, plan)))
    await checkPublicKey(row, publicKey, held === undefined ? keys.seen : seenInMemory())
    if (held === undefined) await rememberMade(keys.seen, keys.image, publicKey)
    pairs.push({ row, publicKey })
    advance()
  }
  return pairs
}

async function checkPublicKey({ algorithm, label }: KeyRow, publicKey: Uint8Array, seen: SeenKeys): Promise<void> {
  const expected =
    algorithm.kind === 'ec'
      ? ({ kind: 'ec', curve: curveOfBits[algorithm.bits] } as const)
      : ({ kind: 'rsa', bits: algorithm.bits } as const)
  const problems = await checkNewKey(publicKey, expected, seen)
  if (problems.length > 0)
    throw new PersonalizationError(
      step.keys,
      `the card’s key ${label} must not be certified: ${problems.map(({ detail }) => detail).join('; ')}`,
    )
}

function pinOf(plan: HolderPlan, row: KeyRow): { readonly pin: HolderPin; readonly value: string } {
  const found = plan.pinRows.find(({ id }) => id === row.pin)
  const value = found && plan.pins[found.label]?.pin
  if (found === undefined || value === undefined)
    throw new PersonalizationError(step.keys, `the key ${row.label} stands under a PIN that the card does not have`)
  const { label, reference, minLength, maxLength, role, id } = found
  return {
    pin: { label, reference, minLength, maxLength, role, id: Uint8Array.of(id), storedLength: storedPinLength, padding: 0xff },
    value,
  }
}

/** The card signs with one of its keys, once, after VERIFY; the signature is checked before it is used. */
async function signOnce(channel: CardChannel, plan: HolderPlan, { row, publicKey }: HolderKeyPair, data: Uint8Array): Promise<Uint8Array> {
  const { pin, value } = pinOf(plan, row)
  await verifyHolderPin(channel, pin, value)
  const scheme = schemeOfKey(publicKey)
  const key = { fid: row.fid, kind: row.algorithm.kind, label: row.label }
  const signature = await signDigest(channel, key, publicKey, scheme, digest(scheme.hash, data))
  if (!holds(publicKey, scheme, data, signature))
    throw new PersonalizationError(step.prove, `the card does not sign with the key ${row.label} whose public half it gave`)
  return signature
}

/** A request (PKCS #10) that the card signs with the key itself, after VERIFY. Outside any session, the application being selected. */
export async function requestFor(channel: CardChannel, plan: HolderPlan, pair: HolderKeyPair): Promise<CertificateOrder> {
  const { row, publicKey } = pair
  const { name, lastDay } = plan
  const use = useOfKey(row)
  const request = await buildRequest(name, { use, publicKey }, (data) => signOnce(channel, plan, pair, data))
  return { label: row.label, name, use, publicKey, request, lastDay }
}

/**
 * Outside any session: a certificate for every key, each asked for by a request that the card signs with that very key. What comes back must be for this key, for
 * this holder, and valid. Throws PersonalizationError, and what `certify` throws.
 */
export async function certifyHolderKeys(
  channel: CardChannel,
  plan: HolderPlan,
  pairs: readonly HolderKeyPair[],
  certify: CertifyHolder,
  clock: () => Date,
  advance: () => void,
): Promise<readonly CertifiedKey[]> {
  await selectHolderApplication(channel)
  const certified: CertifiedKey[] = []
  for (const pair of pairs) {
    const { certificate, chain } = await certify(await requestFor(channel, plan, pair))
    const wrong = certificateProblem(pair, plan, certificate, clock())
    if (wrong !== undefined) throw new PersonalizationError(step.certify, `the certificate for the key ${pair.row.label} ${wrong}`)
    certified.push({ ...pair, certificate, chain })
    advance()
  }
  return certified
}

/** Why a certificate (DER) must not go onto the card for this key and holder; undefined where it may. Throws DecodeError. */
export function certificateProblem(
  { row, publicKey }: HolderKeyPair,
  { name }: HolderPlan,
  der: Uint8Array,
  now: Date,
): string | undefined {
  const { spki, subject, notBefore, notAfter, keyUsage, basicConstraints, unknownCritical } = decodeCertificate(der)
  const [wanted, never] =
    useOfKey(row) === 'signature' ? (['nonRepudiation', 'digitalSignature'] as const) : (['digitalSignature', 'nonRepudiation'] as const)
  if (!equalBytes(spki, publicKey)) return 'is for another key'
  if (!namesHolder(subject, name)) return 'is for another holder'
  if (basicConstraints?.ca === true || keyUsage?.includes('keyCertSign')) return 'is an authority’s'
  if (keyUsage?.includes(wanted) !== true) return `does not allow its use (${wanted})`
  // A challenge that somebody else chose could be the digest of a contract.
  if (keyUsage.includes(never)) return `allows ${never} as well: one key logs in or signs in the holder’s name, never both`
  if (unknownCritical.length > 0) return 'has a critical extension that is not known'
  return now.getTime() + 1000 < notBefore.getTime() || now > notAfter ? 'is not valid now' : undefined
}

/** Identifiers of certificate files, 4301 and on; those of authorities after the holder's. */
const firstCertificate = 0x4301
const authorityId = 0x45

/** The files of the application for these keys. */
export function holderFiles(plan: HolderPlan, keys: readonly CertifiedKey[], iccSerial: Uint8Array, label: string, now: Date): Pkcs15Files {
  const chain: Uint8Array[] = []
  for (const one of keys.flatMap((key) => key.chain)) if (!chain.some((known) => equalBytes(known, one))) chain.push(one)
  const own = keys.map(({ row, certificate }, i) => ({
    label: row.label,
    id: row.id,
    fid: firstCertificate + i,
    subject: decodeCertificate(certificate).subject.raw,
    content: certificate,
  }))
  return buildPkcs15Files({
    token: { label, manufacturer: 'Kart', serialNumber: iccSerial, lastUpdate: new Date(Math.floor(now.getTime() / 1000) * 1000) },
    pins: plan.pinRows,
    keys: keys.map(({ row, publicKey }) => ({ ...row, publicKey: publicKeyContent(row, publicKey) })),
    certificates: [
      ...own,
      ...chain.map((content, i) => ({
        label: `authority ${i + 1}`,
        id: authorityId + i,
        fid: firstCertificate + own.length + i,
        authority: true,
        subject: decodeCertificate(content).subject.raw,
        content,
      })),
    ],
    data: plan.data,
  })
}

/** SubjectPublicKeyInfo for EC; for RSA the RSAPublicKey inside it, as OpenSC stores it. */
function publicKeyContent(row: KeyRow, spki: Uint8Array): Uint8Array {
  if (row.algorithm.kind === 'ec') return spki
  // The BIT STRING is the last thing in the structure: 03 82 hh ll 00 and the key.
  const at = spki.findIndex(
    (byte, i) => byte === 0x03 && spki[i + 1] === 0x82 && i + 4 + (spki[i + 2]! << 8) + spki[i + 3]! === spki.length && spki[i + 4] === 0,
  )
  if (at < 0) throw new PersonalizationError(step.files, `the public key ${row.label} cannot be taken apart`)
  return spki.slice(at + 5)
}

/** In a session with the security domain: writes the files. Throws StatusWordError, TransportError. */
export async function writeHolderFiles(
  channel: CardChannel,
  profile: CardProfile,
  files: readonly Pkcs15File[],
  blockSize: number,
  advance: (bytes: number) => void,
): Promise<void> {
  await send(channel, installHolder(profile))
  for (const file of files) {
    for (const command of fileCommands(profile, [file], blockSize)) await send(channel, command)
    advance(file.content.length)
  }
}

/**
 * As any reader would, outside SCP03: reads every file back and compares it, opens the directories, and lets each key sign a challenge that its certificate on the card
 * verifies. Throws PersonalizationError for any difference, StatusWordError, DecodeError, TransportError.
 */
export async function proveHolder(
  channel: CardChannel,
  plan: HolderPlan,
  keys: readonly CertifiedKey[],
  { files }: Pkcs15Files,
  extended: boolean,
  advance: (bytes: number) => void,
): Promise<void> {
  const application = await openHolderApplication(channel, { extended })
  for (const { name, fid, content } of files) {
    if (!equalBytes(await readHolderFile(channel, fid, name, { extended }), content))
      throw new PersonalizationError(step.prove, `${name} of PKCS#15 on the card is not what was written`)
    advance(content.length)
  }
  if (application.keys.length !== keys.length || application.pins.length !== plan.pinRows.length)
    throw new PersonalizationError(step.prove, 'the card’s PKCS#15 directories do not list what was written')
  for (const key of keys) {
    const { spki } = decodeCertificate(key.certificate)
    await signOnce(channel, plan, { row: key.row, publicKey: spki }, randomBytes(32))
    advance(0)
  }
}
