import { concatBytes, encodeTlv, fromHex, toHex } from '@kart/codec'
import { findApplication, nationalId } from '@kart/layout/profile'
import { compress, performChipAuthentication } from '../../../emulator/src/eac/chip-authentication.ts'
import { readCvCertificate } from '../../../emulator/src/eac/cv-certificate.ts'
import { openCvKey } from '../../../emulator/src/eac/cv-key.ts'
import { noProgress } from '../../../emulator/src/eac/eac-progress.ts'
import { authenticateTerminal } from '../../../emulator/src/eac/terminal-authentication.ts'
import {
  findIssuer,
  type ImportedKey,
  importCertificate,
  type TrustView,
  trustPointOf,
  withTrustPoint,
} from '../../../emulator/src/eac/terminal-trust.ts'
import { chipIdentifier } from '../../../emulator/src/emrtd/pace/authority-reference.ts'
import { SecureMessagingSession } from '../../../emulator/src/emrtd/secure-messaging.ts'
import type { CardState } from '../../../emulator/src/memory/card-state.ts'
import { type CardContext, freshSession, type PlainCommand } from '../../../emulator/src/os/card-context.ts'
import { type Grants, grantOf } from '../../../emulator/src/os/grants.ts'
import { eacVectors } from './both-sides.ts'
import { type EacExample, scalarOf } from './eac-example.ts'
import { hexOf, type Load, type Row, same, type Vector } from './vector-rows.ts'

/** As much of a card as one step of a protocol sees, inside secure messaging. */
function contextWith(grants: Grants, state: Partial<CardState>, draws: readonly Uint8Array[]): CardContext {
  const left = [...draws]
  const session = { ...freshSession(nationalId), grants, application: findApplication(nationalId, 'mf')! }
  return {
    profile: nationalId,
    store: { state } as CardContext['store'],
    random: () => left.shift()!,
    session,
    interface: 'contact',
    delay: 0,
  }
}

const command = (ins: number, data: Uint8Array): PlainCommand => ({ cla: 0, ins, p1: 0, p2: 0, data, ne: 256, protection: 'messaging' })

/** Chip authentication version 2 with the example's nonce: the answer, and the keys afterwards. */
function chip({ kind, input, expected }: EacExample): void {
  const { ca, ta } = expected
  const agreement = kind === 'ecdh' ? 'ECDH' : 'DH'
  const terminalKey = hexOf(ca.terminalPublicKey)
  same('Comp(PK)', toHex(compress(agreement, terminalKey)), ta.compressedTerminalKey)
  const authenticated = { version: 2, compressedKey: compress(agreement, terminalKey), rights: new Set<never>() } as const
  const key = { keyId: 1, parameterId: Number(input.ca.parameterId), privateKey: scalarOf(kind, input.ca.chipPrivateKey) }
  const card = contextWith({ ...grantOf('pace'), eac: { ...noProgress, authenticated } }, { chipKeys: [key] }, [hexOf(input.ca.nonce)])
  const oid = fromHex(kind === 'ecdh' ? '04007f00070202030202' : '04007f00070202030102')
  const data = encodeTlv(0x7c, encodeTlv(0x80, terminalKey))
  const answer = performChipAuthentication(card, command(0x86, data), { version: 2, keyId: 1, agreement, cipher: 'AES-128', oid })
  same('answer', toHex(answer.data), `7c148108${input.ca.nonce}8208${ca.token}`)
  const twin = new SecureMessagingSession('AES-128', hexOf(ca.ksEnc), hexOf(ca.ksMac))
  const response = { data: fromHex('0102'), sw: 0x9000 }
  same('keys', toHex(card.session.next!.messaging.protect(response, 0xb0).data), toHex(twin.protect(response, 0xb0).data))
}

/** The example's signature over the example's challenge. */
function terminal({ kind, input, expected }: EacExample): void {
  const { pace, ta } = expected
  const agreement = kind === 'ecdh' ? 'ECDH' : 'DH'
  const root = readCvCertificate(hexOf(input.ta.cvca))
  const certificate = readCvCertificate(hexOf(input.ta.terminal))
  const key = openCvKey(certificate.publicKey, openCvKey(root.publicKey, undefined))
  const imported: ImportedKey = { certificate, key: key!, chain: [certificate.chat] }
  const compressedKey = compress(agreement, hexOf(expected.ca.terminalPublicKey))
  const identifier = chipIdentifier(agreement, hexOf(pace.chipPublicKey))
  same('ID_PICC', toHex(identifier), ta.idPicc)
  const grants: Grants = {
    ...grantOf('pace'),
    pace: { password: 'pin', chipIdentifier: identifier, authorization: undefined },
    eac: { ...noProgress, imported, terminal: { version: 2, compressedKey, auxiliaryData: new Uint8Array(0) } },
  }
  const card = contextWith(grants, {}, [])
  card.session.challenge = hexOf(input.ta.challenge)
  same('signature', authenticateTerminal(card, command(0x82, hexOf(ta.signature))).sw.toString(16), '9000')
}

const codedRole = (role: string | undefined): string =>
  role?.startsWith('DV') ? (role.includes('(10)') ? 'dv-domestic' : 'dv-foreign') : `${role}`.toLowerCase()

function parsed({ input, expected }: Row): void {
  const { authority, holder, chat, effective, expiration, publicKey } = readCvCertificate(hexOf(input.cvc))
  const iso = (date: string): string => `20${date.slice(0, 2)}-${date.slice(2, 4)}-${date.slice(4)}`
  const key = toHex(publicKey.kind === 'ec' ? publicKey.point : publicKey.modulus)
  const found = [authority, holder, toHex(chat.template), chat.role, iso(effective), iso(expiration), key]
  const { car, chr, chatTemplate, role } = expected
  const stated = [car, chr, chatTemplate, codedRole(role), expected.effective, expected.expiration]
  same('certificate', `${found}`, `${[...stated, expected.publicPoint ?? expected.modulusOrPrime]}`)
}

/** Shows a chain to a card that trusts its first certificate. */
function chain(certificates: ReadonlyMap<string, string>, { input, result }: Row): void {
  const [first, ...below] = (input.files as unknown as string[]).map((file) => hexOf(certificates.get(file)))
  const point = trustPointOf(first!)
  const earliest: TrustView = { points: [], date: '000101' }
  let now: { view: TrustView; imported: ImportedKey | undefined } | undefined = point && {
    view: { ...withTrustPoint(earliest, point), date: '000101' },
    imported: undefined,
  }
  for (const bytes of below) {
    const certificate = readCvCertificate(bytes)
    const issuer = now && findIssuer(now.view, now.imported, certificate.authority)
    now = now && issuer && importCertificate(now.view, issuer, certificate)
  }
  if ((now !== undefined) !== (result === 'valid')) throw new Error('chain')
}

/** Version 1, by rows of our own: the keys, in which no nonce is. */
function ownChip({ input, expected }: Row): void {
  const arcs = `${input.oid}`.split('.').map(Number)
  const cipher = (['3DES', 'AES-128', 'AES-192', 'AES-256'] as const)[arcs.at(-1)! - 1]!
  const secret = hexOf(input.terminalPrivateKey).slice(-32)
  const key = { keyId: 1, parameterId: 13, privateKey: secret }
  const card = contextWith(grantOf('bac', 'emrtd'), { chipKeys: [key] }, [])
  const oid = fromHex(`04007f000702020302${`0${arcs.at(-1)}`}`)
  const data = encodeTlv(0x7c, encodeTlv(0x80, hexOf(input.chipPublicKey)))
  const answer = performChipAuthentication(card, command(0x86, data), { version: 1, keyId: 1, agreement: 'ECDH', cipher, oid })
  same('answer', toHex(concatBytes(answer.data)), '7c00')
  const twin = new SecureMessagingSession(cipher, hexOf(expected.ksEnc), hexOf(expected.ksMac))
  const response = { data: fromHex('0102'), sw: 0x9000 }
  same('keys', toHex(card.session.next!.messaging.protect(response, 0xb0).data), toHex(twin.protect(response, 0xb0).data))
}

/** Chip and terminal authentication and CV certificates, the card alone. */
export const cardEacVectors = (load: Load): readonly Vector[] => eacVectors(load, { chip, terminal, parsed, chain, ownChip })
