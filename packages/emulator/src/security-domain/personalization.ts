import type { ResponseApdu } from '@kart/apdu/card'
import { concatBytes, encodeTlv, equalBytes } from '@kart/codec'
import type { ApplicationSpec } from '@kart/layout/profile'
import { findApplication } from '@kart/layout/profile'
import { generateRsaKey, modulusOfByte, rsaPublicNumbers } from '../card-crypto/rsa-key.ts'
import { curveOfByte, generateSignatureKey, publicPoint } from '../card-crypto/signature-key.ts'
import { trustGrouping } from '../eac/personalize-trust.ts'
import { fingerGrouping } from '../fingerprint/personalize-fingers.ts'
import { type CardState, withFile } from '../memory/card-state.ts'
import { isAllowed } from '../os/access.ts'
import { type CardContext, type PlainCommand, rightsOf } from '../os/card-context.ts'
import { answer, refuse, SW } from '../os/status.ts'
import { holderGrouping } from '../pkcs15/groupings.ts'
import { isDomainData, takeDomainData } from './domain-data.ts'
import { type GroupingUse, requireEncryption } from './grouping-use.ts'
import { paceGrouping } from './pace-groupings.ts'

/** The STORE DATA sequence under way. */
export interface PersonalizationSession {
  /** Whose data groupings come. */
  readonly target: ApplicationSpec
  /** Next block number, 00..FF. */
  readonly nextBlock: number
  /** Bytes of a data grouping whose end has not come yet. */
  readonly pending: Uint8Array
}

const nothing = new Uint8Array(0)
const formatBits = 0x18

/** Personalization is over for good once the card is secured (6985), and never happens outside SCP03 (6982). */
function requirePersonalization(card: CardContext, command: PlainCommand): void {
  const { lifeCycle } = card.store.state
  if (lifeCycle !== 'OP_READY' && lifeCycle !== 'INITIALIZED') refuse(SW.conditions)
  if (command.protection !== 'scp03' || card.session.channel === undefined) refuse(SW.securityStatus)
}

// House rule: what is stored for the security domain itself goes to the MF.
function targetOf(card: CardContext, application: ApplicationSpec): ApplicationSpec {
  const isDomain = application.aid !== undefined && equalBytes(application.aid, card.profile.securityDomainAid)
  return isDomain ? (findApplication(card.profile, 'mf') ?? application) : application
}

/**
 * INSTALL [for personalization] (GlobalPlatform Card Specification 2.3.1, 11.5.2.3.6): names the application that the following STORE DATA commands
 * are for: two empty fields, AID length and AID, three empty fields. The target stays until another INSTALL or the end of the session (house rule).
 */
export function installForPersonalization(card: CardContext, command: PlainCommand): ResponseApdu {
  requirePersonalization(card, command)
  if (command.p1 !== 0x20 || command.p2 !== 0x00) refuse(SW.wrongParameters)
  const { data } = command
  const aidLength = data[2] ?? 0
  const aid = data.subarray(3, 3 + aidLength)
  const after = data.subarray(3 + aidLength)
  const wellFormed =
    data[0] === 0 && data[1] === 0 && aid.length === aidLength && aidLength > 0 && after.length === 3 && after.every((byte) => byte === 0)
  if (!wellFormed) refuse(SW.wrongData)
  const application =
    card.profile.applications.find((candidate) => candidate.aid !== undefined && equalBytes(candidate.aid, aid)) ?? refuse(SW.dataNotFound)
  card.session.personalization = { target: targetOf(card, application), nextBlock: 0, pending: nothing }
  // The answer is one byte 00: no confirmation data (11.5.3.1).
  return command.ne === 0 ? answer() : answer(Uint8Array.of(0))
}

/**
 * STORE DATA (GlobalPlatform Card Specification 2.3.1, 11.11): P1 bit 8 last block, bits 5-4 = 01 DGI format, 10 BER-TLV (the security domain's own data
 * objects), 00 either; bit 1 a response may come; P2 the block number, consecutive from 00 and on from FF to 00 (house rule). A data grouping may span blocks and a block hold several;
 * whatever a block completes is written together, or, when anything in it is refused, not at all, and the sequence starts over.
 */
export function storeData(card: CardContext, command: PlainCommand): ResponseApdu {
  requirePersonalization(card, command)
  const { p1, p2, data } = command
  const started = card.session.personalization ?? { target: targetOf(card, card.session.application), nextBlock: 0, pending: nothing }
  card.session.personalization = { target: started.target, nextBlock: 0, pending: nothing }
  const format = p1 & formatBits
  if ((p1 & 0x66) !== 0 || format === formatBits) refuse(SW.wrongParameters)
  if (p2 !== started.nextBlock) refuse(SW.wrongParameters)
  const last = (p1 & 0x80) !== 0
  const bytes = concatBytes(started.pending, data)
  const { state, response, pending } = isDomainData(card, started.target, format, bytes)
    ? takeDomainData(card, bytes, last)
    : takeGroupings(card, started.target, bytes)
  if (last && pending.length > 0) refuse(SW.wrongData)
  if (state !== card.store.state) card.store.commit(state)
  card.session.personalization = { target: started.target, nextBlock: last ? 0 : (p2 + 1) & 0xff, pending }
  return answer((p1 & 0x01) !== 0 ? response : nothing)
}

/** Applies every whole data grouping in `bytes` to the state; what is left is the start of one more. */
function takeGroupings(
  card: CardContext,
  target: ApplicationSpec,
  bytes: Uint8Array,
): { state: CardState; response: Uint8Array; pending: Uint8Array } {
  let state = card.store.state
  let response: Uint8Array = nothing
  let at = 0
  while (at < bytes.length) {
    const header = groupingHeader(bytes, at)
    if (header === undefined) break
    const use = useOf(card, target, header.dgi)
    // Refused before the rest is sent: a grouping that will not fit is not collected.
    if (header.length > use.maxLength) refuse(SW.fileFull)
    const start = at + header.headerLength
    if (start + header.length > bytes.length) break
    const applied = use.apply(state, bytes.slice(start, start + header.length))
    state = applied.state
    response = applied.response ?? response
    at = start + header.length
  }
  return { state, response, pending: bytes.slice(at) }
}

/** DGI (2 bytes), length (1 byte, or FF and 2 bytes); undefined when it is not all there (GlobalPlatform Systems Scripting, DGI coding). */
function groupingHeader(bytes: Uint8Array, at: number): { dgi: number; length: number; headerLength: number } | undefined {
  const [high, low, short, second, third] = bytes.subarray(at, at + 5)
  if (high === undefined || low === undefined || short === undefined) return undefined
  const dgi = (high << 8) | low
  if (short !== 0xff) return { dgi, length: short, headerLength: 3 }
  if (second === undefined || third === undefined) return undefined
  return { dgi, length: (second << 8) | third, headerLength: 5 }
}

/** What a data grouping of this application personalizes; refuses 6A88 when there is none, 6982 when the channel is not enough for it. */
function useOf(card: CardContext, target: ApplicationSpec, dgi: number): GroupingUse {
  const { profile, session } = card
  if (target.name === 'pkcs15') return holderGrouping(card, dgi) ?? refuse(SW.dataNotFound)
  const file = target.files.find((candidate) => candidate.fid === dgi)
  if (file) {
    if (!isAllowed(file.update, rightsOf(session, 'scp03'))) refuse(SW.securityStatus)
    return {
      maxLength: file.maxLength,
      apply: (state, value) => ({ state: value.length > 0 ? withFile(state, target.name, file.fid, value) : refuse(SW.wrongData) }),
    }
  }
  if (target.name === 'emrtd' && profile.bac && dgi === profile.dgis.bacKeys) {
    requireEncryption(card)
    return { maxLength: 32, apply: (state, value) => ({ state: { ...state, bacKeys: readBacKeys(value) } }) }
  }
  if (target.name === 'emrtd' && dgi === profile.dgis.generateAaKey) return { maxLength: 1, apply: generateAaKey }
  const finger = target.name === 'fingerprint' ? fingerGrouping(card, dgi) : undefined
  if (finger) return finger
  const other = target.name === 'emrtd' ? (paceGrouping(card, dgi) ?? trustGrouping(profile, dgi)) : undefined
  return other ?? refuse(SW.dataNotFound)
}

function readBacKeys(value: Uint8Array): { enc: Uint8Array; mac: Uint8Array } {
  if (value.length !== 32) refuse(SW.wrongData)
  return { enc: value.slice(0, 16), mac: value.slice(16) }
}

/**
 * The pair is made on the card and replaces an earlier one; the answer is DO'7F49' { DO'86' point }, or { DO'81' modulus, DO'82' exponent } of an RSA key
 * (ISO/IEC 7816-8:2021, 10.3).
 */
function generateAaKey(state: CardState, value: Uint8Array): { state: CardState; response: Uint8Array } {
  const byte = value.length === 1 ? value[0]! : refuse(SW.wrongData)
  const modulusBits = modulusOfByte(byte)
  if (modulusBits !== undefined) {
    const aaKey = generateRsaKey(modulusBits)
    const { modulus, exponent } = rsaPublicNumbers(aaKey)
    return { state: { ...state, aaKey }, response: encodeTlv(0x7f49, [encodeTlv(0x81, modulus), encodeTlv(0x82, exponent)]) }
  }
  const aaKey = generateSignatureKey(curveOfByte(byte) ?? refuse(SW.wrongData))
  return { state: { ...state, aaKey }, response: encodeTlv(0x7f49, encodeTlv(0x86, publicPoint(aaKey))) }
}
