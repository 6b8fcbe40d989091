import type { ResponseApdu } from '@kart/apdu/card'
import { bytesToUint, encodeTlv, equalBytes } from '@kart/codec'
import { type ApplicationSpec, type FileSpec, findApplication } from '@kart/layout/profile'
import { fileContent } from '../memory/card-state.ts'
import { requirePace } from '../pkcs15/application.ts'
import { holderFileParameters } from '../pkcs15/control-parameters.ts'
import { currentFile, fileOf } from '../pkcs15/holder-rights.ts'
import { selectedSecurityDomain } from '../security-domain/select-response.ts'
import { isAllowed } from './access.ts'
import { type CardContext, endPace, type PlainCommand, rightsOf } from './card-context.ts'
import { applicationParameters, fileParameters } from './file-control.ts'
import { grantsWithin } from './grants.ts'
import { answer, refuse, SW } from './status.ts'

const masterFile = 0x3f00

/** SELECT (ISO/IEC 7816-4:2020, 11.2.2): by AID or the start of one, by file identifier, by path; FCI, FCP or nothing in answer. */
export function select(card: CardContext, command: PlainCommand): ResponseApdu {
  const { p1, p2, data } = command
  const wanted = p2 & 0x0c
  const occurrence = p2 & 0x03
  if ((p2 & 0xf0) !== 0 || wanted === 0x08 || (occurrence !== 0 && (p1 !== 0x04 || occurrence !== 2))) refuse(SW.wrongParameters)
  switch (p1) {
    case 0x00:
      if (data.length === 0) enter(card, mf(card))
      else selectByIdentifier(card, command, readIdentifier(data))
      break
    case 0x01:
      enter(card, childApplication(card, readIdentifier(data)) ?? refuse(SW.fileNotFound))
      break
    case 0x02:
      makeCurrent(card, reachableFile(card, command, card.session.application, readIdentifier(data)))
      break
    case 0x03:
      if (data.length > 0) refuse(SW.wrongLength)
      enter(card, mf(card))
      break
    case 0x04:
      // A new session of the application, also where it is the current one.
      card.session.verified.clear()
      enter(card, applicationByName(card, data, occurrence === 2))
      break
    case 0x08:
    case 0x09:
      selectByPath(card, command, p1 === 0x08 ? mf(card) : card.session.application)
      break
    default:
      refuse(SW.wrongParameters)
  }
  // The domain of a locked card says so (GlobalPlatform Card Specification 2.3.1, 11.9.3.2).
  const sw = p1 === 0x04 && card.store.state.lifeCycle === 'CARD_LOCKED' ? SW.locked : SW.ok
  if (wanted === 0x0c || command.ne === 0) return answer(undefined, sw)
  return answer(control(card, wanted === 0x04 ? 0x62 : 0x6f), sw)
}

const mf = (card: CardContext): ApplicationSpec => findApplication(card.profile, 'mf') ?? refuse(SW.fileNotFound)

function readIdentifier(data: Uint8Array): number {
  if (data.length !== 2) refuse(SW.wrongLength)
  return bytesToUint(data)
}

/** Makes the application current. Rights tied to another application, and what was begun there, end here. */
function enter(card: CardContext, application: ApplicationSpec): void {
  const { session } = card
  session.grants = grantsWithin(session.grants, application.name)
  session.application = application
  session.file = undefined
  session.holderFile = undefined
  // The holder's PINs are global references: they hold in the MF and under it, in no application beside (ISO/IEC 7816-4:2020, 9.3).
  if (application.name !== 'mf' && application.name !== 'pkcs15') session.verified.clear()
  session.verifiedFingers = new Map()
  session.challenge = undefined
  session.keyEnvironment = undefined
  endPace(session, true)
}

function childApplication(card: CardContext, fid: number): ApplicationSpec | undefined {
  return card.profile.applications.find((application) => application.aid !== undefined && application.fid === fid)
}

function selectByIdentifier(card: CardContext, command: PlainCommand, fid: number): void {
  if (fid === masterFile) enter(card, mf(card))
  else {
    const child = childApplication(card, fid)
    if (child) enter(card, child)
    else makeCurrent(card, reachableFile(card, command, card.session.application, fid))
  }
}

function selectByPath(card: CardContext, command: PlainCommand, start: ApplicationSpec): void {
  const { data } = command
  if (data.length === 0 || data.length % 2 !== 0) refuse(SW.wrongLength)
  let application = start
  let file: ReachedFile | undefined
  for (let at = 0; at < data.length; at += 2) {
    const fid = bytesToUint(data.subarray(at, at + 2))
    if (file) refuse(SW.fileNotFound) // nothing lies under an EF
    // Table 61 leaves the MF's own identifier out of a path; tools send it all the same.
    if (at === 0 && fid === masterFile) application = mf(card)
    else {
      const child = childApplication(card, fid)
      if (child) application = child
      else file = reachableFile(card, command, application, fid)
    }
  }
  if (application !== card.session.application) enter(card, application)
  makeCurrent(card, file)
}

/** A file of the profile's table, or the identifier of one under DF 5015. */
type ReachedFile = FileSpec | number

function makeCurrent({ session }: CardContext, file: ReachedFile | undefined): void {
  session.file = typeof file === 'number' ? undefined : file
  session.holderFile = typeof file === 'number' ? file : undefined
}

/** The file, when it may be read; before the access rule is met nobody learns whether it is there (6982). */
function reachableFile(card: CardContext, command: PlainCommand, application: ApplicationSpec, fid: number): ReachedFile {
  if (application.name === 'pkcs15') return reachableHolderFile(card, command, fid)
  const file = application.files.find((candidate) => candidate.fid === fid) ?? refuse(SW.fileNotFound)
  // A path that leads out of the current application leaves behind the rights that are tied to it.
  const rights = rightsOf(card.session, command.protection, application)
  if (!isAllowed(file.read, rights)) refuse(SW.securityStatus)
  if (fileContent(card.store.state, application.name, fid) === undefined) refuse(SW.fileNotFound)
  return file
}

/** Which files there are under DF 5015 is no secret to whoever may talk to it: tools select a key before they verify its PIN. */
function reachableHolderFile(card: CardContext, command: PlainCommand, fid: number): number {
  requirePace(card, command)
  fileOf(card, fid)
  return fid
}

function applicationByName(card: CardContext, name: Uint8Array, next: boolean): ApplicationSpec {
  const { applications, securityDomainAid } = card.profile
  if (name.length > 16) refuse(SW.wrongLength)
  // The empty name is the issuer security domain (GlobalPlatform Card Specification 2.3.1, 11.9.2.3).
  const wanted = name.length === 0 ? securityDomainAid : name
  const matches = applications.filter(({ aid }) => aid !== undefined && equalBytes(aid.subarray(0, wanted.length), wanted))
  const locked = card.store.state.lifeCycle === 'CARD_LOCKED'
  const offered = locked ? matches.filter(({ aid }) => aid !== undefined && equalBytes(aid, securityDomainAid)) : matches
  const from = next ? offered.indexOf(card.session.application) + 1 : 0
  return offered[from] ?? refuse(SW.fileNotFound)
}

function control(card: CardContext, template: 0x62 | 0x6f): Uint8Array {
  const { application, file } = card.session
  const { state } = card.store
  if (file) return encodeTlv(template, fileParameters(state, application, file))
  if (card.session.holderFile !== undefined) return encodeTlv(template, holderFileParameters(state, currentFile(card)))
  if (template === 0x62) return encodeTlv(template, applicationParameters(state, application))
  const { aid } = application
  if (aid && equalBytes(aid, card.profile.securityDomainAid)) return selectedSecurityDomain(card.profile)
  // An application without a file identifier is known by its name alone (Doc 9303-10 asks for no more); one with it is a DF like any other.
  return encodeTlv(0x6f, aid && application.fid === undefined ? [encodeTlv(0x84, aid)] : applicationParameters(state, application))
}
