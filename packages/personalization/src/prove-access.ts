import { type CardChannel, readFile, selectApplication, selectMf, send } from '@kart/apdu/host'
import { CardError } from '@kart/codec'
import { decodeAgreementKey } from '@kart/crypto'
import {
  dg14Codec,
  efCardAccessCodec,
  efCardSecurityCodec,
  findApplication,
  findFile,
  type OpenedSecurityInfo,
  openSecurityInfo,
} from '@kart/layout'
import {
  type BacKeys,
  canPassword,
  chipAuthenticationChoices,
  choosePace,
  dhWithCard,
  type EmrtdSession,
  ecdhWithCard,
  type PacePassword,
  type PaceResult,
  type PaceSelection,
  performBac,
  performChipAuthentication,
  performPace,
  pinPassword,
  secureMessagingLayer,
  verifyChipAuthenticationMapping,
} from '@kart/secure-channel'
import { type CompleteImage, imageFile } from './card-image.ts'
import { PersonalizationError } from './personalization-error.ts'
import type { PersonalizationStep } from './personalization-report.ts'

/** A way into the card that was tried and held. */
export type ProvedAccess = 'bac' | 'pace-mrz' | 'pace-can' | 'pace-pin' | 'pace-puk' | 'chip-authentication-mapping' | 'chip-authentication'

const problem = (message: string, cause?: unknown, step: PersonalizationStep = 'read-back'): PersonalizationError =>
  new PersonalizationError(step, message, cause === undefined ? undefined : { cause })

/** Runs one way in; a card that does not let us in as it was written is a finding, a link that broke is not. */
async function attempt<T>(name: string, run: () => Promise<T>, step?: PersonalizationStep): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    if (!(cause instanceof CardError) || (cause.code !== 'authentication' && cause.code !== 'status-word')) throw cause
    throw problem(`${name} does not work with what was written`, cause, step)
  }
}

/** PACE with a password that was written; the MF is current. */
export const attemptPace = (
  channel: CardChannel,
  selection: PaceSelection,
  password: PacePassword,
  step?: PersonalizationStep,
): Promise<PaceResult> =>
  attempt(`PACE with the ${password.kind.toUpperCase()}`, () => performPace(channel, { selection, password, lastTry: 'take' }), step)

/** PACE in the MF with a password of the image, by the best of the card's own offers. The password is erased. */
export async function openWithPace(channel: CardChannel, image: CompleteImage, password: PacePassword): Promise<PaceResult> {
  try {
    const { securityInfos } = efCardAccessCodec.decode(imageFile(image, 'EF.CardAccess')!.bytes)
    const { selection } = choosePace(securityInfos)
    if (selection === undefined) throw problem('EF.CardAccess offers no variant of PACE that the terminal takes')
    return await attemptPace(channel, selection, password)
  } finally {
    password.destroy()
  }
}

/** BAC with the image's keys in the eMRTD application, which becomes selected. */
export async function openWithBac(channel: CardChannel, image: CompleteImage, keys: BacKeys): Promise<EmrtdSession> {
  await send(channel, selectApplication(findApplication(image.profile, 'emrtd')!.aid!, { label: 'eMRTD' }))
  return attempt('BAC', () => performBac(channel, keys))
}

/** The passwords of the image but for the MRZ, as PACE takes them. */
export function otherPasswords({ passwords }: CompleteImage): readonly (() => PacePassword)[] {
  const { can, pin, puk } = passwords
  return [
    ...(can === undefined ? [] : [() => canPassword(can)]),
    ...(pin === undefined ? [] : [() => pinPassword('pin', pin)]),
    ...(puk === undefined ? [] : [() => pinPassword('puk', puk)]),
  ]
}

/** Opens the card once with each password that was not used yet, and with BAC where the profile has it: what is printed must open the card. */
export async function proveOtherWays(channel: CardChannel, image: CompleteImage, keys: BacKeys): Promise<readonly ProvedAccess[]> {
  const proved: ProvedAccess[] = []
  for (const make of otherPasswords(image)) {
    const password = make()
    await send(channel, selectMf())
    const { session } = await openWithPace(channel, image, password)
    session.destroy()
    proved.push(`pace-${password.kind}` as ProvedAccess)
  }
  if (image.profile.bac) {
    const session = await openWithBac(channel, image, keys)
    session.destroy()
    proved.push('bac')
  }
  return proved
}

function infosOf(image: CompleteImage, name: 'EF.DG14' | 'EF.CardSecurity'): readonly OpenedSecurityInfo[] {
  const file = imageFile(image, name)
  if (file === undefined) return []
  return name === 'EF.DG14'
    ? dg14Codec.decode(file.bytes).securityInfos.map(openSecurityInfo)
    : efCardSecurityCodec.decode(file.bytes).securityInfos
}

/** Chip authentication keys as EF.DG14 and EF.CardSecurity publish them, each once. */
export function chipPublicKeys(image: CompleteImage): readonly { readonly keyId: number; readonly spki: Uint8Array }[] {
  const found = new Map<number, Uint8Array>()
  for (const info of [...infosOf(image, 'EF.DG14'), ...infosOf(image, 'EF.CardSecurity')])
    if (info.kind === 'chip-authentication-public-key' && info.keyId !== undefined) found.set(info.keyId, info.subjectPublicKeyInfo)
  return [...found].map(([keyId, spki]) => ({ keyId, spki }))
}

/** The mapping of the PACE that opened the card was made with the static key that EF.CardSecurity publishes. */
export function proveMapping(image: CompleteImage, result: PaceResult): boolean {
  const evidence = result.chipAuthentication
  if (evidence === undefined) return false
  const key = chipPublicKeys(image).find(({ keyId }) => keyId === evidence.keyId)
  const point = key && decodeAgreementKey(key.spki).element
  if (point === undefined || !verifyChipAuthenticationMapping(evidence, point))
    throw problem('the card maps PACE with another key than the one whose public half it gave')
  return true
}

/**
 * Chip authentication with every version 1 key of EF.DG14, in the session that is open: each new session must read EF.COM. Gives the last session, which the
 * caller destroys; undefined where the image has no such key.
 */
export async function proveChipKeys(
  secured: CardChannel,
  lower: CardChannel,
  image: CompleteImage,
  plain: (channel: CardChannel) => CardChannel,
): Promise<EmrtdSession | undefined> {
  let channel = secured
  let last: EmrtdSession | undefined
  const choices = chipAuthenticationChoices(infosOf(image, 'EF.DG14'), 1)
  for (const { keyId } of chipPublicKeys(image)) {
    const choice = choices.find((each) => each.keyId === keyId)
    if (choice === undefined) continue
    const { protocol, publicKey } = choice
    const agreement = (protocol.agreement === 'ecdh' ? ecdhWithCard : dhWithCard)(publicKey.subjectPublicKeyInfo)
    const through = channel
    const { session } = await attempt('chip authentication', () =>
      performChipAuthentication(through, { version: 1, protocol, keyId, agreement }),
    )
    last?.destroy()
    last = session
    channel = plain(secureMessagingLayer(session)(lower))
    const { sfi, maxLength } = findFile(image.profile, 'emrtd', 'EF.COM')!
    await readFile(channel, { maxLength, name: 'EF.COM', ...(sfi === undefined ? {} : { sfi }) })
  }
  return last
}
