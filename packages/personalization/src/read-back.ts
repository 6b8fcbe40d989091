import { type CardChannel, internalAuthenticate, readFile, selectApplication, selectFile, selectMf, send } from '@kart/apdu/host'
import { DecodeError, equalBytes, LimitError } from '@kart/codec'
import { decodePublicKey, randomBytes, verifySignature } from '@kart/crypto'
import { type AccessRule, type CardProfile, dg15Codec, findApplication, findFile } from '@kart/layout'
import { type BacKeys, performBac, type Secure3desSession, secureMessagingLayer } from '@kart/secure-channel'
import { type CompleteImage, type ImageFile, imageFile } from './card-image.ts'
import { PersonalizationError } from './personalization-error.ts'

const fileNotFound = 0x6a82

/** Whether a file of this rule can be read with nothing, or after BAC. */
function opensWith(rule: AccessRule, bac: boolean): boolean {
  if (rule.kind === 'any') return rule.of.some((one) => opensWith(one, bac))
  if (rule.kind === 'all') return rule.of.every((one) => opensWith(one, bac))
  return rule.kind === 'always' || (bac && rule.kind === 'channel' && rule.protocol === 'bac')
}

/** Whether personalization can read this file back: terminal authentication and the like belong to others. */
export function canReadBack(image: CompleteImage, file: ImageFile): boolean {
  const spec = findFile(image.profile, file.application, file.name)
  return spec !== undefined && opensWith(spec.read, file.application !== 'mf')
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
async function mustBeAbsent(channel: CardChannel, image: CompleteImage, application: string): Promise<void> {
  for (const spec of findApplication(image.profile, application)?.files ?? []) {
    if (image.files.some((file) => file.application === application && file.fid === spec.fid)) continue
    const { sw } = await channel.transmit(selectFile(spec.fid, { label: spec.name }).apdu)
    if (sw !== fileNotFound) throw new PersonalizationError('read-back', `${spec.name} is on the card though the image has none`)
  }
}

/** The card's key signs a challenge of ours: the key in EF.DG15 is the one that the card holds. */
async function proveKey(channel: CardChannel, image: CompleteImage): Promise<void> {
  const { subjectPublicKeyInfo } = dg15Codec.decode(imageFile(image, 'EF.DG15')!.bytes)
  const challenge = randomBytes(8)
  const signature = await send(channel, internalAuthenticate(challenge, { label: 'active authentication' }))
  const scheme = { kind: 'ecdsa', hash: image.profile.activeAuthentication.hash, encoding: 'plain' } as const
  if (!verifySignature(subjectPublicKeyInfo, scheme, challenge, signature))
    throw new PersonalizationError('read-back', 'the card does not sign with the key whose public half it gave')
}

/**
 * Reads every file back as a terminal would, MF files in the open, the eMRTD's after BAC, and compares them byte for byte; then lets the card's own key sign a
 * challenge. `plain` wraps the secure channel (traces). Throws PersonalizationError for any difference, and what reading throws.
 */
export async function readBack(
  channel: CardChannel,
  image: CompleteImage,
  keys: BacKeys,
  options: { readonly plain: (channel: CardChannel) => CardChannel; readonly advance: (bytes: number) => void; readonly extended: boolean },
): Promise<void> {
  const readable = image.files.filter((file) => canReadBack(image, file))
  await send(channel, selectMf())
  for (const file of readable.filter((each) => each.application === 'mf')) {
    await compare(channel, file, image.profile, options.extended)
    options.advance(file.bytes.length)
  }
  await mustBeAbsent(channel, image, 'mf')
  await send(channel, selectApplication(findApplication(image.profile, 'emrtd')!.aid!, { label: 'eMRTD' }))
  const session: Secure3desSession = await performBac(channel, keys)
  try {
    const secured = options.plain(secureMessagingLayer(session)(channel))
    for (const file of readable.filter((each) => each.application === 'emrtd')) {
      await compare(secured, file, image.profile, options.extended)
      options.advance(file.bytes.length)
    }
    await mustBeAbsent(secured, image, 'emrtd')
    await proveKey(secured, image)
    options.advance(0)
  } finally {
    session.destroy()
  }
}

/** The public key of EF.DG15 as DER SubjectPublicKeyInfo, proved to be a point on its curve. */
export function cardPublicKey(image: CompleteImage): Uint8Array {
  const { subjectPublicKeyInfo } = dg15Codec.decode(imageFile(image, 'EF.DG15')!.bytes)
  decodePublicKey(subjectPublicKeyInfo)
  return subjectPublicKeyInfo
}
