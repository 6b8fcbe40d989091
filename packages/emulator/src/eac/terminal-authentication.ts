import type { ResponseApdu } from '@kart/apdu/card'
import { concatBytes, encodeTlv, equalBytes, toHex } from '@kart/codec'
import { findApplication, findFile, type TerminalRight } from '@kart/layout/profile'
import { authorityReferences } from '../emrtd/pace/authority-reference.ts'
import { type CardState, fileContent, withFile } from '../memory/card-state.ts'
import type { CardContext, PlainCommand } from '../os/card-context.ts'
import { withGrant } from '../os/grants.ts'
import { answer, refuse, SW } from '../os/status.ts'
import { type Chat, readChat, readReference, readVerifiedObjects, terminalTypes } from './cv-certificate.ts'
import { isSignedBy } from './cv-key.ts'
import { readList, readObjects, readOrRefuse, requireMessaging, setProgress } from './data-objects.ts'
import type { TerminalSelection } from './eac-progress.ts'
import { effectiveTemplate, findIssuer, type ImportedKey, importCertificate, keepTrust, openTrust } from './terminal-trust.ts'

const nothing = new Uint8Array(0)

/**
 * MSE:Set DST: names the key that verifies the next certificate, a trust point or what was imported last (BSI TR-03110-3 v2.21, B.14.4; Doc 9303-11, 8th ed.,
 * 7.1.5.1). Refuses 6A88 for a name that is not known.
 */
export function selectVerifier(card: CardContext, command: PlainCommand): ResponseApdu {
  requireMessaging(command)
  setProgress(card, { verifier: undefined })
  const name = referenceIn(readObjects(command.data, [0x83]))
  const { eac } = card.session.grants
  if (findIssuer(openTrust(card.store.state.trust), eac.imported, name) === undefined) refuse(SW.dataNotFound)
  setProgress(card, { verifier: name })
  return answer()
}

function referenceIn(objects: ReadonlyMap<number, Uint8Array>): string {
  const value = objects.get(0x83) ?? refuse(SW.wrongData)
  return readOrRefuse(() => readReference(value))
}

/**
 * PSO: Verify Certificate (BSI TR-03110-3 v2.21, B.14.5; Doc 9303-11, 8th ed., 7.1.5.2): body and signature. A link's key and a later date are in the memory,
 * both or neither, before the answer leaves; a verifier's or terminal's key is held until the next. Refuses 6985 without MSE:Set DST, 6A80 for what is no
 * certificate of the profile, 6300 for one that does not hold. A refusal leaves everything as it was.
 */
export function verifyCertificate(card: CardContext, command: PlainCommand): ResponseApdu {
  requireMessaging(command)
  const { verifier, imported } = card.session.grants.eac
  if (verifier === undefined) refuse(SW.conditions)
  const certificate = readOrRefuse(() => readVerifiedObjects(command.data))
  const view = openTrust(card.store.state.trust)
  const issuer = findIssuer(view, imported, verifier) ?? refuse(SW.dataNotFound)
  const result = importCertificate(view, issuer, certificate) ?? refuse(SW.authenticationFailed)
  // The link that is known already and the old date need no write.
  if (result.view.date !== view.date || result.view.points !== view.points) {
    const trust = keepTrust(result.view)
    card.store.commit(withTrustFile(card, { ...card.store.state, trust }))
  }
  setProgress(card, { verifier: undefined, imported: result.imported, terminal: undefined })
  return answer()
}

/** EF.CVCA follows the trust points, where the card has it (BSI TR-03110-3 v2.21, A.7.2.4): one or two DO'42', filled up with zeros. */
function withTrustFile(card: CardContext, state: CardState): CardState {
  const application = findApplication(card.profile, 'emrtd')
  const file = application && findFile(card.profile, application.name, 'EF.CVCA')
  const present = file && fileContent(state, application.name, file.fid)
  if (!file || !present) return state
  const content = new Uint8Array(36)
  const names = authorityReferences(state.trust).map((name) => encodeTlv(0x42, name))
  content.set(concatBytes(...names))
  return withFile(state, application.name, file.fid, content)
}

/**
 * MSE:Set AT for terminal authentication (BSI TR-03110-3 v2.21, B.3 and B.14.1): DO'83' names the terminal's key. With it alone it is version 1, after chip
 * authentication; with DO'80' the algorithm, DO'91' the compressed ephemeral key and perhaps DO'67' it is version 2, after PACE and before chip authentication.
 * Refuses 6982 where that order is not kept or a terminal has proved itself already, 6A88 for a key that is no terminal's, 6A80 for another algorithm.
 */
export function selectTerminalKey(card: CardContext, command: PlainCommand): ResponseApdu {
  requireMessaging(command)
  setProgress(card, { terminal: undefined })
  const objects = readObjects(command.data, [0x80, 0x83, 0x67, 0x91])
  const name = referenceIn(objects)
  const ephemeral = objects.get(0x91)
  const version = ephemeral === undefined ? 1 : 2
  if (!card.profile.terminalAuthentication?.versions.includes(version)) refuse(SW.wrongData)
  const { imported, authenticated } = card.session.grants.eac
  if (authenticated !== undefined) refuse(SW.securityStatus)
  if (imported?.certificate.chat.role !== 'terminal' || imported.certificate.holder !== name) refuse(SW.dataNotFound)
  const terminal = ephemeral === undefined ? versionOne(card, objects) : versionTwo(card, imported, objects, ephemeral)
  setProgress(card, { terminal })
  return answer()
}

function versionOne(card: CardContext, objects: ReadonlyMap<number, Uint8Array>): TerminalSelection {
  if (objects.has(0x80) || objects.has(0x67)) refuse(SW.wrongData)
  const { pace, eac } = card.session.grants
  // The newest key counts: that of chip authentication, else that of PACE with chip authentication mapping (Doc 9303-11, 8th ed., 7.1.2).
  const compressedKey = (eac.provedChip?.version === 1 ? eac.provedChip.compressedKey : pace?.terminalKey) ?? refuse(SW.securityStatus)
  return { version: 1, compressedKey, auxiliaryData: nothing }
}

function versionTwo(
  card: CardContext,
  imported: ImportedKey,
  objects: ReadonlyMap<number, Uint8Array>,
  compressedKey: Uint8Array,
): TerminalSelection {
  const { pace, eac } = card.session.grants
  if (pace === undefined || eac.provedChip !== undefined) refuse(SW.securityStatus)
  const oid = objects.get(0x80)
  if (oid === undefined || toHex(oid) !== imported.key.oid || compressedKey.length === 0) refuse(SW.wrongData)
  const auxiliary = objects.get(0x67)
  return { version: 2, compressedKey, auxiliaryData: auxiliary === undefined ? nothing : readAuxiliary(auxiliary) }
}

/** The authenticated auxiliary data whole, after a look at their form: DO'73' { DO'06', DO'53' }, one or more (BSI TR-03110-3 v2.21, A.7.5). */
function readAuxiliary(value: Uint8Array): Uint8Array {
  const templates = readList(value)
  if (templates.length === 0 || templates.some(({ tag }) => tag !== 0x73)) refuse(SW.wrongData)
  if (templates.some(({ value: inside }) => readObjects(inside, [0x06, 0x53]).size !== 2)) refuse(SW.wrongData)
  return encodeTlv(0x67, value)
}

/** Rights of an inspection system by their bit (BSI TR-03110-4 v2.21, 2.1.1; Doc 9303-12, 8th ed., 7.2.2.4). */
const rightBits = { 'read-dg3': 0x01, 'read-dg4': 0x02 } as const satisfies Record<TerminalRight, number>

/**
 * EXTERNAL AUTHENTICATE of terminal authentication (BSI TR-03110-3 v2.21, B.14.7; Doc 9303-11, 8th ed., 7.1.5.5): the terminal's signature over
 * ID_PICC || r_PICC || Comp(PK) || A_PCD. The challenge is used up whatever comes of it. Refuses 6985 without challenge or MSE:Set AT, 6982 for a terminal type
 * other than PACE was told, 6300 for a wrong signature; secure messaging goes on (7.1.3).
 */
export function authenticateTerminal(card: CardContext, command: PlainCommand): ResponseApdu {
  requireMessaging(command)
  if (command.p1 !== 0 || command.p2 !== 0) refuse(SW.wrongParameters)
  const { session } = card
  const { challenge } = session
  session.challenge = undefined
  const { terminal, imported, authenticated } = session.grants.eac
  if (authenticated !== undefined) refuse(SW.securityStatus)
  if (challenge === undefined || terminal === undefined || imported === undefined) refuse(SW.conditions)
  const { version, compressedKey, auxiliaryData } = terminal
  const confined = confinement(card)
  if (confined && imported.chain.some(({ type }) => type !== confined.type)) refuse(SW.securityStatus)
  const data = concatBytes(identifierOf(card) ?? refuse(SW.conditions), challenge, compressedKey, auxiliaryData)
  if (!isSignedBy(imported.key, data, command.data)) refuse(SW.authenticationFailed)
  const rights = rightsIn(imported.chain, confined)
  setProgress(card, { terminal: undefined, authenticated: { version, compressedKey, rights } })
  // Version 2 opens nothing before chip authentication has set up secure messaging with the key that was signed.
  if (version === 1) session.grants = { ...withGrant(session.grants, 'terminal-authentication'), terminal: { rights, within: undefined } }
  return answer()
}

/** The authorization to which PACE confined the terminal (BSI TR-03110-3 v2.21, 2.7.1). */
function confinement(card: CardContext): Chat | undefined {
  const told = card.session.grants.pace?.authorization
  if (told === undefined) return undefined
  return readOrRefuse(() => readChat(readObjects(told, [0x7f4c]).get(0x7f4c) ?? refuse(SW.wrongData)))
}

function rightsIn(chain: readonly Chat[], confined: Chat | undefined): ReadonlySet<TerminalRight> {
  const template = effectiveTemplate(chain, confined)
  const bits = chain.at(-1)?.type === terminalTypes.inspectionSystem ? template[0]! : 0
  return new Set((Object.keys(rightBits) as TerminalRight[]).filter((right) => (bits & rightBits[right]) !== 0))
}

/** ID_PICC: the card's compressed ephemeral key of PACE, or after BAC the document number with its check digit (Doc 9303-11, 8th ed., 7.1.2). */
function identifierOf(card: CardContext): Uint8Array | undefined {
  const { grants } = card.session
  if (grants.pace) return grants.pace.chipIdentifier
  const spec = findFile(card.profile, 'emrtd', 'EF.DG1')
  const content = spec && fileContent(card.store.state, 'emrtd', spec.fid)
  return content && documentNumberIn(content, card.profile.mrzFormat)
}

const numberAt = { TD1: 5, TD2: 36, TD3: 44 } as const

/** Document number and check digit as they stand in the MRZ of EF.DG1 (Doc 9303-4, -5, -6, 8th ed.), ten characters. */
function documentNumberIn(dg1: Uint8Array, format: keyof typeof numberAt): Uint8Array | undefined {
  const mark = dg1.findIndex((_, i) => equalBytes(dg1.subarray(i, i + 2), Uint8Array.of(0x5f, 0x1f)))
  const start = mark + 3 + numberAt[format]
  return mark < 0 || start + 10 > dg1.length ? undefined : dg1.slice(start, start + 10)
}
