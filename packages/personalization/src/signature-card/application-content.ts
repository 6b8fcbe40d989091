import { type CardChannel, getData, queryPin, StatusWordError, selectApplication, selectPath, send } from '@kart/apdu/host'
import { bytesToUint, DecodeError, decodeTlv, equalBytes, findTlv } from '@kart/codec'
import { type Pkcs15File, pkcs15Aid } from '@kart/layout'
import { selectHolderApplication } from '@kart/signature'
import type { CardImage } from '../card-image.ts'
import { PersonalizationError } from '../personalization-error.ts'
import type { PersonalizationStep } from '../personalization-report.ts'
import { readHeldKeys } from './held-keys.ts'
import { activateCommand, clearCommand, fileAccess, installHolder } from './holder-commands.ts'
import { hasSignatureApplication } from './holder-plan.ts'
import type { HolderKeyPair } from './personalize-holder.ts'

/** What lies in a card's PKCS#15 application, whoever put it there. */
export interface ApplicationContent {
  /** Identifiers of its files, keys among them. */
  readonly files: readonly number[]
  /** References of its PINs, 1..14. */
  readonly pins: readonly number[]
}

const application = 0x5015
const lastPin = 14
const noSuchPin = 0x6a88
const securityStatus = 0x6982

/** Lists the application: files by GET DATA 01A1 (MyEID command surface), PINs by VERIFY without data, which takes no try. Changes nothing. Throws StatusWordError, TransportError. */
async function listApplication(channel: CardChannel): Promise<ApplicationContent> {
  await selectHolderApplication(channel)
  const list = await send(channel, getData(0x01a1, { label: 'files of PKCS#15' }))
  if (list.length % 2 !== 0) throw new DecodeError('files of PKCS#15', 'are not identifiers of two bytes')
  const files = Array.from({ length: list.length / 2 }, (_, i) => bytesToUint(list.subarray(2 * i, 2 * i + 2)))
  const pins: number[] = []
  for (let reference = 1; reference <= lastPin; reference++) {
    const answer = await send(channel, queryPin(reference, { label: `PIN ${reference}` }))
    if (!('sw' in answer) || answer.sw !== noSuchPin) pins.push(reference)
  }
  return { files, pins }
}

/** The content of an image's application: its keys, with them the files given; nothing where it has no holder's plan. */
const planned = ({ holder }: Pick<CardImage, 'holder'>, files: readonly Pkcs15File[] = []): ApplicationContent => ({
  files: [...(holder?.keyRows ?? []), ...files].map(({ fid }) => fid),
  pins: (holder?.pinRows ?? []).map(({ reference }) => reference),
})

const without = (content: ApplicationContent, other: ApplicationContent): ApplicationContent => ({
  files: content.files.filter((fid) => !other.files.includes(fid)),
  pins: content.pins.filter((reference) => !other.pins.includes(reference)),
})

const isEmpty = ({ files, pins }: ApplicationContent): boolean => files.length + pins.length === 0
const hex = (fid: number): string => fid.toString(16).toUpperCase().padStart(4, '0')

function describe({ files, pins }: ApplicationContent): string {
  const shown = files.slice(0, 8).map(hex).join(', ')
  return [
    ...(files.length === 0
      ? []
      : [`${files.length === 1 ? 'a file or key' : `${files.length} files and keys`} (${shown}${files.length > 8 ? ', ...' : ''})`]),
    ...(pins.length === 0 ? [] : [`PIN ${pins.join(', ')}`]),
  ].join(' and ')
}

/** Whether the application of this image's cards is there and can be listed here; a card in a field lists it only after PACE, where it cannot be a signature card. */
async function listed(channel: CardChannel, image: CardImage): Promise<ApplicationContent | undefined> {
  if (!hasSignatureApplication(image.profile)) return undefined
  try {
    return await listApplication(channel)
  } catch (error) {
    if (image.holder === undefined && error instanceof StatusWordError && error.sw === securityStatus) return undefined
    throw error
  }
}

/**
 * What must go from a card before it is written: what lies in its application and is not of the plan. With `keepKeys` the planned keys and PINs may be there; what else is
 * goes or refuses the card. Changes nothing. Throws PersonalizationError, naming what lies there, unless `allowUnfinished` is set and it can go.
 */
export async function findLeftovers(
  channel: CardChannel,
  image: CardImage,
  { allowUnfinished, keepKeys }: { readonly allowUnfinished: boolean; readonly keepKeys: boolean },
): Promise<ApplicationContent | undefined> {
  const content = await listed(channel, image)
  const left = content && without(content, keepKeys ? planned(image) : planned({ holder: undefined }))
  if (content === undefined || left === undefined || isEmpty(left)) return undefined
  if (keepKeys && left.pins.length > 0)
    throw new PersonalizationError(
      'open',
      `the card’s PKCS#15 application holds ${describe(left)} beside what was planned, which only goes with its keys: begin again with new keys (--csr, --allow-unfinished)`,
    )
  if (allowUnfinished) return left
  throw new PersonalizationError(
    'open',
    isExactly(content, image)
      ? 'the card has made its holder’s keys and waits for its certificates: finish it with them (--cert), or ask for them again (--csr). With --allow-unfinished it is begun anew, and those keys are gone'
      : `the card’s PKCS#15 application holds ${describe(left)}: of a personalization that did not end, or of somebody else; it can be taken away (--allow-unfinished), or take a blank card`,
  )
}

/** Whether the application holds every planned key and PIN, and nothing else. */
const isExactly = (content: ApplicationContent, image: CardImage): boolean =>
  image.holder !== undefined && isEmpty(without(content, planned(image))) && isEmpty(without(planned(image), content))

/**
 * The keys of a card that waits for their certificates; undefined for a card of any other kind: its application does not hold exactly the planned keys and PINs. Changes
 * nothing. Throws as {@link readHeldKeys}.
 */
export async function readWaitingKeys(channel: CardChannel, image: CardImage): Promise<readonly HolderKeyPair[] | undefined> {
  const content = await listed(channel, image)
  return content !== undefined && isExactly(content, image) ? readHeldKeys(channel, image) : undefined
}

/**
 * Takes them away in a session with the security domain: everything, or with `keepKeys` the files that are named (DGI clearHolder). It works also where the creation phase is over:
 * a run may have been cut off between its end and SECURED. Throws PersonalizationError where the card does not let them go, StatusWordError, TransportError.
 */
export async function clearLeftovers(
  channel: CardChannel,
  { profile }: CardImage,
  left: ApplicationContent,
  keepKeys: boolean,
): Promise<void> {
  await send(channel, installHolder(profile))
  try {
    await send(channel, clearCommand(profile, keepKeys ? left.files : []))
  } catch (cause) {
    if (!(cause instanceof StatusWordError)) throw cause
    throw new PersonalizationError(
      'open',
      `the card’s PKCS#15 application holds ${describe(left)} and does not let it go: take another card`,
      { cause },
    )
  }
}

/** Outside any session: proves that they are gone. Throws PersonalizationError, StatusWordError, TransportError. */
export async function proveCleared(channel: CardChannel, image: CardImage, keepKeys: boolean): Promise<void> {
  const content = await listed(channel, image)
  if (content !== undefined && !isEmpty(without(content, keepKeys ? planned(image) : planned({ holder: undefined }))))
    throw new PersonalizationError('open', `the card’s PKCS#15 application still holds ${describe(content)}: take another card`)
}

const conditions = 0x6985
/** Life cycle status 05 or 07: operational, activated (ISO/IEC 7816-4:2020, 7.4.10, table 15). */
const isActivated = (fci: Uint8Array): boolean => {
  const [status = 0] = findTlv(decodeTlv(fci, undefined, {}).children ?? [], 0x8a)?.value ?? []
  return (status & 0xfd) === 0x05
}

/**
 * Ends the creation phase for good, before the last proof: what makes files, keys and PINs is refused from then on to everybody but the security domain, so that the proof is made
 * on what the holder gets. Where it is over already, by whomever, it stays so. Nothing where the image's cards have no such application. Throws PersonalizationError where the card does
 * not say that it is over, StatusWordError, TransportError.
 */
export async function endCreation(channel: CardChannel, image: CardImage): Promise<void> {
  if (!hasSignatureApplication(image.profile)) return
  const step = image.holder === undefined ? 'read-back' : 'prove-signature'
  try {
    const select = selectApplication(pkcs15Aid, { answer: 'fci', label: 'PKCS#15' })
    await send(channel, select)
    try {
      await send(channel, activateCommand(pkcs15Aid))
    } catch (error) {
      if (!(error instanceof StatusWordError) || error.sw !== conditions) throw error
    }
    if (!isActivated(await send(channel, select)))
      throw new PersonalizationError(step, 'the card’s PKCS#15 application does not say that its creation phase is over')
  } catch (error) {
    // A card in a field, without PACE: nobody makes anything there either.
    if (image.holder === undefined && error instanceof StatusWordError && error.sw === securityStatus) return
    throw error
  }
}

async function proveAccess(channel: CardChannel, { fid, name }: Pkcs15File, step: PersonalizationStep): Promise<void> {
  const fci = await send(channel, selectPath([application, fid], { answer: 'fci', label: name }))
  const access = findTlv(decodeTlv(fci, undefined, {}).children ?? [], 0x86)?.value ?? new Uint8Array(0)
  if (!equalBytes(access, fileAccess)) throw new PersonalizationError(step, `${name} of PKCS#15 has other access rules than were written`)
}

/**
 * Proves, before the card is SECURED, that its application holds exactly what was planned: these files and keys, with these access rules, these PINs, and nothing else.
 * Without a holder's plan: nothing at all. Throws PersonalizationError, which names what is too much or missing.
 */
export async function proveContent(
  channel: CardChannel,
  image: CardImage,
  files: readonly Pkcs15File[],
  keys: readonly HolderKeyPair[],
): Promise<void> {
  const step = image.holder === undefined ? 'read-back' : 'prove-signature'
  const content = await listed(channel, image)
  if (content === undefined) return
  const wanted = planned(image, files)
  const [extra, missing] = [without(content, wanted), without(wanted, content)]
  if (!isEmpty(extra)) throw new PersonalizationError(step, `the card’s PKCS#15 application holds ${describe(extra)}, which nobody planned`)
  if (!isEmpty(missing)) throw new PersonalizationError(step, `the card’s PKCS#15 application lacks ${describe(missing)}`)
  if (image.holder === undefined) return
  for (const file of files) await proveAccess(channel, file, step)
  for (const { row, publicKey } of await readHeldKeys(channel, image, step))
    if (!keys.some((key) => key.row.fid === row.fid && equalBytes(key.publicKey, publicKey)))
      throw new PersonalizationError(step, `the card’s key ${row.label} is not the one that was certified`)
}
