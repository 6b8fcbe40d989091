import type { ResponseApdu } from '@kart/apdu/card'
import { bytesToUint, CardError, decodeTlv, decodeTlvList, encodeTlv, toHex } from '@kart/codec'
import { type PaceOfferSpec, type PacePasswordName, pacePasswords } from '@kart/layout/profile'
import { terminalTypes } from '../../eac/cv-certificate.ts'
import type { AgreementGroup } from '../../key-agreement/agreement-group.ts'
import { groupOfAlgorithm, standardizedGroup } from '../../key-agreement/domain-parameters.ts'
import { type CardContext, endPace, type PlainCommand } from '../../os/card-context.ts'
import { answer, refuse, SW } from '../../os/status.ts'
import { offersOf, type PaceProtocol, paceProtocolOf } from './pace-protocol.ts'
import { PaceRun } from './pace-run.ts'
import { passwordOf, passwordStatus } from './password-state.ts'

/** What MSE:Set AT chose for PACE. */
export interface PaceEnvironment {
  readonly run: PaceRun
  readonly protocol: PaceProtocol
  readonly password: PacePasswordName
  /** DO'7F4C', whole; undefined = no terminal authentication is to follow. */
  readonly authorization: Uint8Array | undefined
}

/**
 * MSE:Set AT for PACE (Doc 9303-11, 8th ed., 4.4.4.1; TR-03110-3 v2.21, B.14.1): DO'80' protocol, DO'83' password, DO'84' domain parameters where the card
 * offers several, DO'7F4C' and DO'65' of a terminal that goes on to terminal authentication. Answers 9000, or 63Cx once a try was lost. Refuses 6A80
 * for objects that are missing, unknown or malformed and for a protocol that is not offered, 6A88 for a password or parameters that are not there.
 */
export function setPace(card: CardContext, command: PlainCommand): ResponseApdu {
  endPace(card.session, true)
  const pace = card.profile.pace ?? refuse(SW.wrongData)
  const objects = templateObjects(command.data)
  const protocol = paceProtocolOf(objects.get(0x80) ?? refuse(SW.wrongData)) ?? refuse(SW.wrongData)
  const name = passwordNamed(objects.get(0x83) ?? refuse(SW.wrongData))
  if (!pace.passwords.includes(name)) refuse(SW.dataNotFound)
  const authorization = objects.get(0x7f4c)
  if (authorization !== undefined && !usersOf[typeIn(authorization)]?.includes(name)) refuse(SW.wrongData)
  const password = passwordOf(card, name)
  const offer = chooseOffer(offersOf(pace.offers, protocol), objects.get(0x84))
  const run = new PaceRun({
    protocol,
    group: groupOfOffer(offer),
    secret: password.secret,
    chipKey: protocol.mapping === 'CAM' ? chipKeyFor(card, offer) : undefined,
    random: card.random,
  })
  card.session.pace = { run, protocol, password: name, authorization }
  return answer(undefined, passwordStatus(password))
}

const known = [0x80, 0x83, 0x84, 0x7f4c, 0x65]

/** The objects of the template by tag; DO'7F4C' whole, the others by value. */
function templateObjects(data: Uint8Array): ReadonlyMap<number, Uint8Array> {
  try {
    const list = decodeTlvList(data, { constructed: false, nodes: known.length })
    const objects = new Map<number, Uint8Array>()
    for (const { tag, value } of list) {
      if (!known.includes(tag) || objects.has(tag)) refuse(SW.wrongData)
      objects.set(tag, tag === 0x7f4c ? checkedAuthorization(encodeTlv(tag, value)) : value)
    }
    return objects
  } catch (error) {
    if (error instanceof CardError) refuse(SW.wrongData)
    throw error
  }
}

/** DO'7F4C' { DO'06' terminal type, DO'53' bits }. */
function checkedAuthorization(template: Uint8Array): Uint8Array {
  const [type, rights, more] = decodeTlv(template, 0x7f4c).children ?? []
  if (type?.tag !== 0x06 || rights?.tag !== 0x53 || rights.value.length === 0 || more !== undefined) refuse(SW.wrongData)
  return template
}

/** Passwords by the terminal type that may use them (BSI TR-03110-2 v2.21, 2.2; TR-03105-3.3, EAC2_ISO7816_H_5). */
const usersOf: Readonly<Record<string, readonly PacePasswordName[]>> = {
  [terminalTypes.inspectionSystem]: ['mrz', 'can'],
  [terminalTypes.authenticationTerminal]: ['can', 'pin'],
  [terminalTypes.signatureTerminal]: ['can', 'pin', 'puk'],
}

const typeIn = (authorization: Uint8Array): string => toHex(decodeTlv(authorization, 0x7f4c).children![0]!.value)

function passwordNamed(reference: Uint8Array): PacePasswordName {
  const names = Object.keys(pacePasswords) as PacePasswordName[]
  return (reference.length === 1 ? names.find((name) => pacePasswords[name] === reference[0]) : undefined) ?? refuse(SW.dataNotFound)
}

/** The one offer meant; DO'84' must name it when there are several (6A88 without). */
function chooseOffer(offers: readonly PaceOfferSpec[], reference: Uint8Array | undefined): PaceOfferSpec {
  const [first, second] = offers
  if (first === undefined) refuse(SW.wrongData)
  if (reference === undefined) return second === undefined ? first : refuse(SW.dataNotFound)
  if (reference.length === 0 || reference.length > 4) refuse(SW.wrongData)
  const parameterId = bytesToUint(reference)
  return offers.find((offer) => offer.parameterId === parameterId) ?? refuse(SW.dataNotFound)
}

const explicitGroups = new WeakMap<Uint8Array, AgreementGroup>()

function explicitGroup(domainParameter: Uint8Array): AgreementGroup {
  const group = explicitGroups.get(domainParameter) ?? groupOfAlgorithm(domainParameter)
  explicitGroups.set(domainParameter, group)
  return group
}

function groupOfOffer({ domainParameter, parameterId, agreement }: PaceOfferSpec): AgreementGroup {
  const group = domainParameter ? explicitGroup(domainParameter) : standardizedGroup(parameterId)
  if (group === undefined || group.kind !== agreement)
    throw new Error(`the profile offers PACE on domain parameters ${parameterId}, which are none`)
  return group
}

/** The static key on the offer's domain parameters. */
function chipKeyFor(card: CardContext, offer: PaceOfferSpec): Uint8Array {
  const key = card.store.state.chipKeys.find(({ parameterId }) => parameterId === offer.parameterId)
  return key?.privateKey ?? refuse(SW.dataNotFound)
}
