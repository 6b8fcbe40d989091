import { StatusWordError, selectApplication, send } from '@kart/apdu/host'
import { DecodeError } from '@kart/codec'
import { decodeKeyReference, efCardAccessCodec, encodeChat, findApplication } from '@kart/layout'
import {
  AuthenticationError,
  canPassword,
  choosePace,
  deriveBacKeys,
  explainPaceChoice,
  mrzPassword,
  type PacePassword,
  type PaceResult,
  performBac,
  performPace,
} from '@kart/secure-channel'
import { emrtd } from '../checks/data-groups.ts'
import type { AccessEvidence, AccessKey, PaceEvidence, PrintedData } from '../evidence.ts'
import type { Reading } from './reading.ts'

/** What opened the card, for the protocols that follow. */
export interface OpenedCard {
  readonly access: AccessEvidence
  /** Undefined when PACE did not open it. */
  readonly pace: PaceResult | undefined
}

/** The printed data of an access key; undefined where only the CAN is known. */
export function printedOf(key: AccessKey): PrintedData | undefined {
  if (!('documentNumber' in key)) return undefined
  const { can: _, ...printed } = key
  return printed
}

/** The password of PACE that the caller gave: the CAN where there is one. Throws InputError for data that cannot be one. */
export function passwordOf(key: AccessKey): PacePassword {
  if (key.can !== undefined) return canPassword(key.can)
  return mrzPassword(key as PrintedData)
}

const refusals = (error: unknown): error is Error =>
  error instanceof AuthenticationError || error instanceof StatusWordError || error instanceof DecodeError

/**
 * Opens the card: PACE by the best of the offers in EF.CardAccess, in the MF; basic access control only where the caller's policy allows it, which the evidence says.
 * PACE that was offered and failed is never followed by BAC in silence (P08).
 */
export async function openCard(reading: Reading, password: PacePassword): Promise<OpenedCard> {
  const policy = reading.options.accessPolicy ?? 'pace-only'
  const key = printedOf(reading.options.access)
  const { evidence: pace, result, problem } = await tryPace(reading, password)
  const base = { policy, pace, key }
  if (result !== undefined) return { access: { ...base, protocol: 'pace', outcome: 'opened', problem: undefined }, pace: result }
  const shut = (why: string): OpenedCard => ({ access: { ...base, protocol: 'pace', outcome: 'refused', problem: why }, pace: undefined })
  if (policy === 'pace-only') return shut(pace.outcome === 'not-offered' ? `${problem}; basic access control is not allowed here` : problem)
  if (policy === 'bac-without-pace' && pace.outcome !== 'not-offered')
    return shut(`${problem}; the card offers PACE, so basic access control is not tried`)
  if (key === undefined) return shut(`${problem}; basic access control needs the printed MRZ, not the CAN`)
  return { access: { ...base, protocol: 'bac', ...(await tryBac(reading, key)) }, pace: undefined }
}

interface PaceTrial {
  readonly evidence: PaceEvidence
  readonly result: PaceResult | undefined
  /** Why PACE did not open the card. */
  readonly problem: string
}

async function tryPace(reading: Reading, password: PacePassword): Promise<PaceTrial> {
  const none: PaceEvidence = {
    ...{ outcome: 'not-offered', choice: ['the card offers no PACE'], variant: undefined, offer: undefined },
    ...{ password: password.kind === 'can' ? 'can' : 'mrz', authorityReferences: [], mapping: undefined },
  }
  const file = reading.files.find(({ name }) => name === 'EF.CardAccess')
  if (file?.bytes === undefined) {
    // Only a file that is not there offers nothing: one that is refused or broken may hide an offer.
    const missing = file === undefined || file.outcome === 'missing'
    if (missing) return { evidence: none, result: undefined, problem: 'the card has no EF.CardAccess, so it offers no PACE' }
    return { evidence: { ...none, outcome: 'not-usable' }, result: undefined, problem: 'EF.CardAccess could not be read' }
  }
  const decoded = reading.decoded('mf', 'EF.CardAccess', efCardAccessCodec)
  if (decoded === undefined)
    return { evidence: { ...none, outcome: 'not-usable' }, result: undefined, problem: 'EF.CardAccess cannot be decoded' }
  const choice = choosePace(decoded.securityInfos, reading.options.paceSupport)
  const lines = explainPaceChoice(choice)
  const { selection } = choice
  if (selection === undefined) {
    const offered = choice.considered.length > 0
    return {
      evidence: { ...none, outcome: offered ? 'not-usable' : 'not-offered', choice: lines },
      result: undefined,
      problem: offered ? 'the card offers no variant of PACE that the terminal takes' : 'EF.CardAccess offers no PACE',
    }
  }
  const tried: PaceEvidence = {
    ...{ ...none, outcome: 'refused', choice: lines, variant: `${selection.protocol.name}, ${selection.group}` },
    offer: { oid: selection.protocol.oid, parameterId: selection.parameterId },
  }
  try {
    const { random, terminal } = reading.options
    // Version 2 announces in PACE what the terminal will ask to be let do (TR-03110-2 v2.21, 3.2.1).
    const authorization = terminal !== undefined && reading.version === 2 ? encodeChat(terminal.certificate.authorization) : undefined
    const result = await performPace(reading.channel, {
      ...{ selection, password },
      ...(random === undefined ? {} : { random }),
      ...(authorization === undefined ? {} : { authorization }),
    })
    reading.enter(result.session)
    reading.opened = { ...reading.opened, protocols: ['pace'] }
    return {
      evidence: {
        ...tried,
        outcome: 'opened',
        authorityReferences: result.authorityReferences.flatMap(referenceText),
        mapping: result.chipAuthentication,
      },
      result,
      problem: '',
    }
  } catch (error) {
    reading.budget.orderEnd()
    if (!refusals(error)) throw error
    return { evidence: tried, result: undefined, problem: error.message }
  }
}

/** A reference that is no text names nothing. */
function referenceText(reference: Uint8Array): string[] {
  try {
    return [decodeKeyReference(reference, 'authority reference')]
  } catch (error) {
    if (error instanceof DecodeError) return []
    throw error
  }
}

async function tryBac(reading: Reading, key: PrintedData): Promise<Pick<AccessEvidence, 'outcome' | 'problem'>> {
  const { profile, random } = reading.options
  const application = findApplication(profile, emrtd)
  if (application?.aid === undefined) return { outcome: 'refused', problem: 'the profile has no eMRTD application' }
  if (!profile.bac) return { outcome: 'refused', problem: 'the profile does not open with basic access control' }
  const keys = deriveBacKeys(key)
  try {
    await send(reading.channel, selectApplication(application.aid, { label: application.title }))
    reading.enter(await performBac(reading.channel, keys, random === undefined ? {} : { random }))
    reading.opened = { ...reading.opened, protocols: ['bac'] }
    return { outcome: 'opened', problem: undefined }
  } catch (error) {
    reading.budget.orderEnd()
    if (!refusals(error)) throw error
    return { outcome: 'refused', problem: error.message }
  } finally {
    keys.destroy()
  }
}

/** Selects the eMRTD application inside the secure channel of PACE, which survives it (Doc 9303-11, 8th ed., 4.4). False where the card refuses. */
export async function selectEmrtd(reading: Reading): Promise<boolean> {
  const application = findApplication(reading.options.profile, emrtd)
  if (application?.aid === undefined) return false
  const { sw } = await reading.channel.transmit(selectApplication(application.aid, { label: application.title }).apdu)
  return sw === 0x9000 || sw >> 8 === 0x62
}
