import { type CardTransport, send } from '@kart/apdu/host'
import { InputError, toHex } from '@kart/codec'
import { digest } from '@kart/crypto'
import { selectHolderApplication } from '@kart/signature'
import type { CardImage } from '../card-image.ts'
import { beginRun, open, type RunOptions, seenKeysOf } from '../personalization-run.ts'
import { hasFiles } from '../security-domain.ts'
import { readWaitingKeys } from './application-content.ts'
import type { CertificateOrder } from './holder-certificate.ts'
import { openHolderSession, planSessionPassword } from './holder-session.ts'
import { checkHeldKeys } from './key-marks.ts'
import { holderKeyParts, requestFor, writeHolderKeys } from './personalize-holder.ts'

/** A card that waits for its certificates. */
export interface RequestReport {
  readonly profile: string
  /** Serial number of the chip, hex. */
  readonly iccSerial: string
  /** It can be written on, and has keys of its holder and nothing else. */
  readonly lifeCycle: 'INITIALIZED'
  /** Whether the keys are those that an earlier run let the card make, asked for again. */
  readonly keysHeld: boolean
  /** Whether the PINs went to the card inside PACE; in clear where its profile has none. */
  readonly throughPace: boolean
  readonly requests: readonly (CertificateOrder & {
    /** SHA-256 of SubjectPublicKeyInfo, hex. */
    readonly fingerprint: string
  })[]
  readonly apdus: number
  readonly ms: number
}

/**
 * The first half of a signature card whose certificates come from an authority elsewhere: on a blank card the holder's keys are made and checked, and each signs a request
 * (PKCS #10, RFC 2986) for its certificate. The PINs are the image's; nobody needs to know them, as the second half sets new ones. That is `execute` with `keepHolderKeys` and
 * {@link givenCertificates}, on this very card, at any later time: until then the card is INITIALIZED, its eMRTD empty but for the password of PACE that the PINs travel under. Private keys never leave it. On a card
 * that waits already the same keys ask again; with `allowUnfinished` they are made anew. Throws as `execute`.
 */
export async function requestCertificates(transport: CardTransport, image: CardImage, options: RunOptions): Promise<RequestReport> {
  const { holder, profile } = image
  if (holder === undefined) throw new InputError('signatureCard', 'is missing in the image: there are no keys to certify')
  const run = beginRun(transport, image, options)
  // A card with files of its master file does not wait: its run broke off, which opening it says.
  const held = options.allowUnfinished === true || (await hasFiles(run.base, profile)) ? undefined : await readWaitingKeys(run.base, image)
  if (held !== undefined) await checkHeldKeys(seenKeysOf(run), image, held, false)
  const { session, channel } = await open(run, held !== undefined)
  const { meter } = run
  try {
    const pairs = await meter.step('holder-keys', holderKeyParts(holder), async (advance) => {
      for (const command of planSessionPassword(image)) await send(channel, command)
      return writeHolderKeys(channel, profile, holder, { seen: seenKeysOf(run), image, held }, () => advance())
    })
    session.destroy()
    const { requests, throughPace } = await meter.step('certify', pairs.length, async (advance) => {
      const opened = await openHolderSession(run, 'certify', { chipKey: false })
      try {
        await selectHolderApplication(opened.channel)
        const orders: CertificateOrder[] = []
        for (const pair of pairs) {
          orders.push(await requestFor(opened.channel, holder, pair))
          advance()
        }
        return { requests: orders, throughPace: opened.protected }
      } finally {
        opened.destroy()
      }
    })
    const { apdus, ms } = meter.totals
    return {
      ...{ profile: profile.name, iccSerial: toHex(image.iccSerial), lifeCycle: 'INITIALIZED', keysHeld: held !== undefined, apdus, ms },
      throughPace,
      requests: requests.map((order) => ({ ...order, fingerprint: toHex(digest('sha256', order.publicKey)) })),
    }
  } finally {
    session.destroy()
  }
}
