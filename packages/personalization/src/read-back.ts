import { type CardChannel, internalAuthenticate, readFile, selectApplication, selectFile, selectMf, send } from '@kart/apdu/host'
import { DecodeError, equalBytes, LimitError } from '@kart/codec'
import { decodePublicKey, randomBytes, verifyIso9796, verifySignature } from '@kart/crypto'
import { type AccessRule, type CardProfile, dg15Codec, findApplication, findFile } from '@kart/layout'
import { type BacKeys, type EmrtdSession, mrzPassword, secureMessagingLayer } from '@kart/secure-channel'
import { type CompleteImage, type ImageFile, imageFile } from './card-image.ts'
import { PersonalizationError } from './personalization-error.ts'
import { openWithBac, openWithPace, type ProvedAccess, proveChipKeys, proveMapping, proveOtherWays } from './prove-access.ts'
import { readBackFingers } from './read-back-fingers.ts'

export { chipPublicKeys, type ProvedAccess } from './prove-access.ts'

const fileNotFound = 0x6a82

/** Whether a file of this rule can be read with nothing, or inside the channel. */
function opensWith(rule: AccessRule, channel: 'pace' | 'bac' | undefined): boolean {
  if (rule.kind === 'any') return rule.of.some((one) => opensWith(one, channel))
  if (rule.kind === 'all') return rule.of.every((one) => opensWith(one, channel))
  return rule.kind === 'always' || (channel !== undefined && rule.kind === 'channel' && rule.protocol === channel)
}

/** What personalization opens this profile's cards with to read them back: PACE where they have it. */
const channelOf = (profile: CardProfile): 'pace' | 'bac' => (profile.pace === undefined ? 'bac' : 'pace')

const isOpen = (image: CompleteImage, file: ImageFile): boolean =>
  opensWith(findFile(image.profile, file.application, file.name)?.read ?? { kind: 'never' }, undefined)

/** Whether personalization can read this file back: what opens to terminal authentication belongs to others. */
export function canReadBack(image: CompleteImage, file: ImageFile): boolean {
  const spec = findFile(image.profile, file.application, file.name)
  return spec !== undefined && opensWith(spec.read, channelOf(image.profile))
}

/** Parts of the read-back, for progress: each file, the card's keys, the other ways in. */
export function readBackParts(image: CompleteImage): number {
  return image.files.filter((file) => canReadBack(image, file)).length + 2 + (image.fingers === undefined ? 0 : 1)
}

async function compare(channel: CardChannel, file: ImageFile, profile: CardProfile, extended: boolean): Promise<void> {
  const sfi = findFile(profile, file.application, file.name)?.sfi
  if (sfi === undefined) await send(channel, selectFile(file.fid, { label: file.name }))
  let bytes: Uint8Array
  try {
    // One byte more than was written: the card says at once whether the file ends where it should.
    const maxLength = file.bytes.length + 1
    bytes = await readFile(channel, { maxLength, extent: 'file', name: file.name, extended, ...(sfi === undefined ? {} : { sfi }) })
  } catch (cause) {
    if (!(cause instanceof LimitError) && !(cause instanceof DecodeError)) throw cause
    throw new PersonalizationError(
      'read-back',
      `${file.name} on the card is longer than what was written, or not readable as it was written`,
      { cause },
    )
  }
  if (!equalBytes(bytes, file.bytes)) throw new PersonalizationError('read-back', `${file.name} on the card is not what was written`)
}

/** A file that the image has not must not be on the card: an earlier personalization that did not end may have been another person's. */
async function mustBeAbsent(
  channel: CardChannel,
  image: CompleteImage,
  application: string,
  opened: 'pace' | 'bac' | undefined,
): Promise<void> {
  for (const spec of findApplication(image.profile, application)?.files ?? []) {
    // A file that is shut here may be refused whether it is there or not.
    if (!opensWith(spec.read, opened)) continue
    if (image.files.some((file) => file.application === application && file.fid === spec.fid)) continue
    const { sw } = await channel.transmit(selectFile(spec.fid, { label: spec.name }).apdu)
    if (sw !== fileNotFound) throw new PersonalizationError('read-back', `${spec.name} is on the card though the image has none`)
  }
}

/** Bytes of an RSA-8192 signature: inside secure messaging a long answer must be asked for. */
const longestSignature = 1024

/** The card's key signs a challenge of ours: the key in EF.DG15 is the one that the card holds. */
async function proveKey(channel: CardChannel, image: CompleteImage, extended: boolean): Promise<void> {
  const { subjectPublicKeyInfo } = dg15Codec.decode(imageFile(image, 'EF.DG15')!.bytes)
  const challenge = randomBytes(8)
  const signature = await send(
    channel,
    internalAuthenticate(challenge, { label: 'active authentication', ...(extended ? { ne: longestSignature } : {}) }),
  )
  if (!isSignedByCard(image.profile, subjectPublicKeyInfo, challenge, signature))
    throw new PersonalizationError('read-back', 'the card does not sign with the key whose public half it gave')
}

function isSignedByCard(
  { activeAuthentication: spec }: CardProfile,
  spki: Uint8Array,
  challenge: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (spec.algorithm === 'ecdsa') return verifySignature(spki, { kind: 'ecdsa', hash: spec.hash, encoding: 'plain' }, challenge, signature)
  const key = decodePublicKey(spki)
  if (key.kind !== 'rsa') return false
  const result = verifyIso9796(key, challenge, signature)
  return result.valid && result.recovery.hash === spec.hash
}

/** How {@link readBack} works: `plain` wraps a secure channel (traces), `advance` tells of each part. */
export interface ReadBackOptions {
  readonly plain: (channel: CardChannel) => CardChannel
  readonly advance: (bytes: number) => void
  readonly extended: boolean
}

/**
 * Reads every file back as a terminal would, the open ones first, the others inside PACE with the MRZ (BAC where the profile has no PACE), and compares them byte
 * for byte; then lets the card's own keys prove themselves, and opens it with each other password. Gives every way in that held. Throws PersonalizationError for any
 * difference, and what reading throws.
 */
export async function readBack(
  channel: CardChannel,
  image: CompleteImage,
  keys: BacKeys,
  options: ReadBackOptions,
): Promise<readonly ProvedAccess[]> {
  const readable = image.files.filter((file) => canReadBack(image, file))
  const compareAll = async (through: CardChannel, files: readonly ImageFile[]) => {
    for (const file of files) {
      await compare(through, file, image.profile, options.extended)
      options.advance(file.bytes.length)
    }
  }
  if (image.fingers !== undefined) {
    await readBackFingers(channel, image)
    options.advance(0)
  }
  const inMf = readable.filter((file) => file.application === 'mf')
  await send(channel, selectMf())
  await compareAll(
    channel,
    inMf.filter((file) => isOpen(image, file)),
  )
  await mustBeAbsent(channel, image, 'mf', undefined)
  const proved: ProvedAccess[] = []
  let session: EmrtdSession
  let secured: CardChannel
  if (image.profile.pace === undefined) {
    session = await openWithBac(channel, image, keys)
    proved.push('bac')
    secured = options.plain(secureMessagingLayer(session)(channel))
  } else {
    const opened = await openWithPace(channel, image, mrzPassword(image.access))
    session = opened.session
    proved.push('pace-mrz')
    secured = options.plain(secureMessagingLayer(session)(channel))
    try {
      if (proveMapping(image, opened)) proved.push('chip-authentication-mapping')
      await compareAll(
        secured,
        inMf.filter((file) => !isOpen(image, file)),
      )
      // In clear a reader between can answer for the card; EF.DIR is what anybody could write until the creation phase was over.
      for (const file of inMf.filter(({ name }) => name === 'EF.DIR')) await compare(secured, file, image.profile, options.extended)
      await send(secured, selectApplication(findApplication(image.profile, 'emrtd')!.aid!, { label: 'eMRTD' }))
    } catch (error) {
      session.destroy()
      throw error
    }
  }
  let last: EmrtdSession | undefined
  try {
    await compareAll(
      secured,
      readable.filter((file) => file.application === 'emrtd'),
    )
    await mustBeAbsent(secured, image, 'emrtd', channelOf(image.profile))
    await proveKey(secured, image, options.extended)
    last = await proveChipKeys(secured, channel, image, options.plain)
    if (last !== undefined) proved.push('chip-authentication')
    options.advance(0)
  } finally {
    session.destroy()
    last?.destroy()
  }
  if (image.profile.pace !== undefined) proved.push(...(await proveOtherWays(channel, image, keys)))
  options.advance(0)
  return proved
}

/** The public key of EF.DG15 as DER SubjectPublicKeyInfo, proved to be a point on its curve. */
export function cardPublicKey(image: CompleteImage): Uint8Array {
  const { subjectPublicKeyInfo } = dg15Codec.decode(imageFile(image, 'EF.DG15')!.bytes)
  decodePublicKey(subjectPublicKeyInfo)
  return subjectPublicKeyInfo
}
