import type { ResponseApdu } from '@kart/apdu/card'
import type { PacePasswordName } from '@kart/layout/profile'
import { type CardContext, endPace, type PlainCommand } from '../../os/card-context.ts'
import { type Grants, grantOf, withGrant } from '../../os/grants.ts'
import { answer, refuse, SW } from '../../os/status.ts'
import { type AuthenticationObject, encodeAuthenticationData, onlyObject, readAuthenticationData } from '../dynamic-authentication-data.ts'
import { SecureMessagingSession } from '../secure-messaging.ts'
import { authorityReferences, chipIdentifier } from './authority-reference.ts'
import type { PaceConfirmation, PaceRun } from './pace-run.ts'
import { attemptDelay, canBlock, countAttempt, failureStatus, passwordOf, passwordUse, restoreTries } from './password-state.ts'
import type { PaceEnvironment } from './set-pace.ts'

const tags = { mapNonce: 0x81, mapped: 0x82, terminalKey: 0x83, chipKey: 0x84, terminalToken: 0x85, chipToken: 0x86 } as const
const references = [0x87, 0x88] as const
const encryptedNonce = 0x80
const encryptedChipAuthenticationData = 0x8a

/**
 * GENERAL AUTHENTICATE, one step of PACE (Doc 9303-11, 8th ed., 4.4.4.2; TR-03110-3 v2.21, B.1): all but the last with the chaining bit.
 * An object that does not belong to the step refuses 6A80; a key that is none, the card's own key sent back, and a wrong token refuse alike: 6300, or 63Cx
 * where the password has tries. A suspended password refuses 6985, a blocked one 6983. Whatever is refused ends the run.
 */
export function authenticatePace(card: CardContext, command: PlainCommand, environment: PaceEnvironment): ResponseApdu {
  try {
    const objects = readAuthenticationData(command.data)
    checkChaining(environment.run, command)
    return answer(encodeAuthenticationData(stepOf(card, environment, objects)))
  } catch (error) {
    endPace(card.session, true)
    throw error
  }
}

function checkChaining({ stage }: PaceRun, { more = false }: PlainCommand): void {
  if (stage === 'token' && more) refuse(SW.chainBroken)
  if (stage !== 'token' && !more) refuse(SW.conditions)
}

function stepOf(
  card: CardContext,
  environment: PaceEnvironment,
  objects: readonly AuthenticationObject[],
): readonly AuthenticationObject[] {
  const { run, password } = environment
  const orFail = <T>(result: T | undefined): T => result ?? failAttempt(card, password)
  switch (run.stage) {
    case 'nonce':
      if (objects.length > 0) refuse(SW.wrongData)
      return [{ tag: encryptedNonce, value: beginAttempt(card, environment) }]
    case 'mapping':
      return [{ tag: tags.mapped, value: orFail(run.mapNonce(onlyObject(objects, tags.mapNonce))) }]
    case 'agreement':
      return [{ tag: tags.chipKey, value: orFail(run.agree(onlyObject(objects, tags.terminalKey))) }]
    case 'token': {
      const token = onlyObject(objects, tags.terminalToken)
      if (!canBlock(passwordOf(card, password))) return succeed(card, environment, orFail(run.confirm(token)))
      countAttempt(card, password)
      return succeed(card, environment, run.confirm(token) ?? refuseAttempt(card, password))
    }
    case 'over':
      return refuse(SW.conditions)
  }
}

function beginAttempt(card: CardContext, { run, password: name }: PaceEnvironment): Uint8Array {
  const password = passwordOf(card, name)
  const use = passwordUse(name, password, card.session.pinResumed)
  if (use === 'suspended') refuse(SW.conditions)
  if (use === 'blocked') refuse(SW.blocked)
  card.delay = attemptDelay(password)
  return run.encryptNonce()
}

/** An attempt that failed before its token came counts like any other. */
function failAttempt(card: CardContext, name: PacePasswordName): never {
  countAttempt(card, name)
  return refuseAttempt(card, name)
}

function refuseAttempt(card: CardContext, name: PacePasswordName): never {
  if (name === 'pin') card.session.pinResumed = false
  return refuse(failureStatus(passwordOf(card, name)))
}

function grantsFrom({ protocol, password, authorization }: PaceEnvironment, proof: PaceConfirmation): Grants {
  const pace = { password, chipIdentifier: chipIdentifier(protocol.agreement, proof.publicKey), authorization }
  const grants = { ...grantOf('pace'), pace }
  if (protocol.mapping !== 'CAM') return grants
  // This mapping stands for chip authentication: terminal authentication version 1 may follow at once (Doc 9303-11, 8th ed., 7.1.2).
  return {
    ...withGrant(grants, 'chip-authentication'),
    pace: { ...pace, terminalKey: chipIdentifier(protocol.agreement, proof.terminalKey) },
  }
}

function succeed(card: CardContext, environment: PaceEnvironment, proof: PaceConfirmation): readonly AuthenticationObject[] {
  const { session } = card
  const { protocol, password, authorization } = environment
  restoreTries(card, password)
  // The CAN resumes a suspended PIN until the next reset; using the PIN ends that (TR-03110-2 v2.21, 2.2.3).
  if (password === 'can') session.pinResumed = true
  if (password === 'pin') session.pinResumed = false
  session.next = {
    messaging: new SecureMessagingSession(protocol.cipher, proof.encryptionKey, proof.macKey),
    // PACE opens the card, not one application: its right holds across SELECT (Doc 9303-11, 8th ed., 4.2 and 4.4).
    grants: grantsFrom(environment, proof),
  }
  proof.encryptionKey.fill(0)
  proof.macKey.fill(0)
  session.pace = undefined
  const authorities = authorization === undefined ? [] : authorityReferences(card.store.state.trust)
  return [
    { tag: tags.chipToken, value: proof.token },
    ...authorities.slice(0, references.length).map((value, i) => ({ tag: references[i]!, value })),
    ...(proof.chipAuthenticationData ? [{ tag: encryptedChipAuthenticationData, value: proof.chipAuthenticationData }] : []),
  ]
}
