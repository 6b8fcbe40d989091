import { type CardChannel, send } from '@kart/apdu/host'
import { equalBytes } from '@kart/codec'
import { checkNewKey, digest, randomBytes, type SeenKeys } from '@kart/crypto'
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
import { PersonalizationError } from '../personalization-error.ts'
import { buildRequest, type CertifyHolder, namesHolder, useOfKey } from './holder-certificate.ts'
import { curveOfBits, fileCommands, generateHolderKeyCommand, installHolder, pinCommands, storedPinLength } from './holder-commands.ts'
import type { HolderPlan } from './holder-plan.ts'

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
 * was asked for and must never have been seen before. Throws PersonalizationError for a key that must not be certified, StatusWordError, TransportError.
 */
export async function writeHolderKeys(
  channel: CardChannel,
  profile: CardProfile,
  plan: HolderPlan,
  seen: SeenKeys,
  advance: () => void,
): Promise<readonly HolderKeyPair[]> {
  for (const command of [installHolder(profile), ...pinCommands(profile, plan)]) {
    await send(channel, command)
    advance()
  }
  const pairs: HolderKeyPair[] = []
  for (const row of plan.keyRows) {
    const publicKey = await send(channel, generateHolderKeyCommand(profile, row, plan))
    const { algorithm } = row
    const expected =
      algorithm.kind === 'ec'
        ? ({ kind: 'ec', curve: curveOfBits[algorithm.bits] } as const)
        : ({ kind: 'rsa', bits: algorithm.bits } as const)
    const problems = await checkNewKey(publicKey, expected, seen)
    if (problems.length > 0)
      throw new PersonalizationError(
        step.keys,
        `the card’s key ${row.label} must not be certified: ${problems.map(({ detail }) => detail).join('; ')}`,
      )
    pairs.push({ row, publicKey })
    advance()
  }
  return pairs
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

/**
 * Outside any session: a certificate for every key, each asked for by a request that the card signs with that very key. What comes back must be for this key, for
 * this holder, and valid. Throws PersonalizationError, and what `certify` throws.
 */
export async function certifyHolderKeys(
  channel: CardChannel,
  plan: HolderPlan,
  pairs: readonly HolderKeyPair[],
  certify: CertifyHolder,
  now: Date,
  advance: () => void,
): Promise<readonly CertifiedKey[]> {
  await selectHolderApplication(channel)
  const certified: CertifiedKey[] = []
  for (const pair of pairs) {
    const { row, publicKey } = pair
    const request = await buildRequest(plan.name, publicKey, (data) => signOnce(channel, plan, pair, data))
    const { name, lastDay } = plan
    const { certificate, chain } = await certify({ label: row.label, name, use: useOfKey(row), publicKey, request, lastDay })
    checkCertificate(pair, plan, certificate, now)
    certified.push({ ...pair, certificate, chain })
    advance()
  }
  return certified
}

function checkCertificate({ row, publicKey }: HolderKeyPair, { name }: HolderPlan, der: Uint8Array, now: Date): void {
  const { spki, subject, notBefore, notAfter, keyUsage } = decodeCertificate(der)
  const wanted = useOfKey(row) === 'signature' ? 'nonRepudiation' : 'digitalSignature'
  const wrong = !equalBytes(spki, publicKey)
    ? 'is for another key'
    : !namesHolder(subject, name)
      ? 'is for another holder'
      : keyUsage?.includes(wanted) !== true
        ? `does not allow its use (${wanted})`
        : now.getTime() + 1000 < notBefore.getTime() || now > notAfter
          ? 'is not valid now'
          : undefined
  if (wrong !== undefined) throw new PersonalizationError(step.certify, `the certificate for the key ${row.label} ${wrong}`)
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
  plan: HolderPlan,
  files: readonly Pkcs15File[],
  blockSize: number,
  advance: (bytes: number) => void,
): Promise<void> {
  await send(channel, installHolder(profile))
  for (const file of files) {
    for (const command of fileCommands(profile, plan, [file], blockSize)) await send(channel, command)
    advance(file.content.length)
  }
}

/**
 * As any reader would, outside any session: reads every file back and compares it, opens the directories, and lets each key sign a challenge that its certificate on the card
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
