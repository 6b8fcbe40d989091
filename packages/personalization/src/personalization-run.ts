import { type CardChannel, type CardTransport, getResponse, openChannel, type TraceSink, traceLayer, wrongLength } from '@kart/apdu/host'
import { InputError } from '@kart/codec'
import { type SeenKeys, seenInMemory } from '@kart/crypto'
import { type BacKeys, type Scp03KeySource, secureMessagingLayer } from '@kart/secure-channel'
import type { CardImage } from './card-image.ts'
import type { KeyExchange } from './issuer-keys.ts'
import { PersonalizationError } from './personalization-error.ts'
import type { PersonalizationProgress } from './personalization-report.ts'
import type { Signer } from './pki/signer.ts'
import { blockSizeFor, type PlanOptions, shortBlockSize, takesExtendedLength } from './plan-commands.ts'
import { redact } from './redact.ts'
import type { SecretKeeper } from './secret-keeper.ts'
import { hasFiles, hasTransportKeys, openSecurityDomain, requireInitialized } from './security-domain.ts'
import { clearLeftovers, findLeftovers, proveCleared } from './signature-card/application-content.ts'
import type { CertifyHolder } from './signature-card/holder-certificate.ts'
import { StepMeter } from './step-meter.ts'

/** What `execute` needs beside the image. */
export interface ExecuteOptions {
  /** SCP03 transport keys, or where to find them by the chip's serial number and key version. */
  readonly keys: Scp03KeySource
  /**
   * The issuer's key set, or where to find it by the chip's serial number: it takes the place of the transport keys (PUT KEY) before the card is SECURED.
   * Without it the card ends with no keys at all. Its version is not that of the transport keys.
   */
  readonly issuerKeys?: Scp03KeySource
  /** The document signer. */
  readonly signer: Signer
  /** Certifies the holder's keys; needed where the image is that of a signature card. */
  readonly certify?: CertifyHolder
  /**
   * Whether the holder's keys stay those that `requestCertificates` let the card make, of which `certify` gives the certificates; unless told the card makes new ones.
   */
  readonly keepHolderKeys?: boolean
  /**
   * Public keys that were made before, so that none is certified twice; those of this process alone unless told: `seenInFile` outlives it. The two runs of a card with
   * `requestCertificates` need the same one.
   */
  readonly seenKeys?: SeenKeys
  /** Most plain data bytes in one STORE DATA; what the profile allows unless told. Readers with small buffers need less. */
  readonly blockSize?: number
  /** Whether reader and card take extended length fields: what the profile says unless told. False for readers that do not. */
  readonly extendedLength?: boolean
  /** Whether a card that an earlier personalization left unfinished is written anew; refused unless told. */
  readonly allowUnfinished?: boolean
  /** Keeps what is for the printer and the letter before the card is SECURED with it: without one a run cut off in its last steps leaves a card whose PINs nobody knows. */
  readonly keeper?: SecretKeeper
  readonly onProgress?: (progress: PersonalizationProgress) => void
  /** Told of every exchange, on the wire and above secure messaging, after {@link redact}. */
  readonly traceSink?: TraceSink
  /** The present moment: for the signer's validity and the signing time. */
  readonly now?: Date
}

/** What any work on a card that is not finished needs. */
export type RunOptions = Omit<ExecuteOptions, 'signer' | 'certify' | 'keepHolderKeys' | 'keeper'>

/** One personalization under way. */
export interface Run {
  readonly image: CardImage
  readonly options: RunOptions
  readonly meter: StepMeter
  /** The card with nothing above it. */
  readonly base: CardChannel
  /** Puts the plain trace above a secure channel. */
  readonly plain: (channel: CardChannel) => CardChannel
  readonly plan: PlanOptions
  readonly extended: boolean
}

/** Opens a session with the security domain. */
export async function secured(run: Run, step: 'open' | 'secure', keys: Scp03KeySource = run.options.keys): Promise<KeyExchange> {
  const { session, card } = await openSecurityDomain(run.base, run.image.profile, keys, run.image.iccSerial, step)
  return { session, card, channel: run.plain(secureMessagingLayer(session)(run.base)) }
}

/** A card with a trace and counters around it; `accessKeys` go into the plan. Throws InputError for RSA keys where APDUs are short. */
export function beginRun(transport: CardTransport, image: CardImage, options: RunOptions, accessKeys?: BacKeys): Run {
  const { profile } = image
  const meter = new StepMeter(options.onProgress)
  const sink: TraceSink | undefined = options.traceSink && ((entry) => options.traceSink?.(redact(entry)))
  const wire = sink === undefined ? [] : [traceLayer(sink, 'wire')]
  const extended = options.extendedLength ?? takesExtendedLength(profile)
  if (!extended && image.holder?.keyRows.some(({ algorithm }) => algorithm.kind === 'rsa'))
    throw new InputError(
      'holder keys',
      'are RSA keys, which do not go through a reader that carries short APDUs only: take keys on a curve (p256,p384), or another reader (without --no-extended-length)',
    )
  return {
    ...{ image, options, meter, extended },
    base: openChannel(meter.transport(transport), ...wire, getResponse(), wrongLength()),
    plain: sink === undefined ? (channel) => channel : traceLayer(sink, 'plain'),
    plan: {
      ...(accessKeys === undefined ? {} : { accessKeys }),
      blockSize: options.blockSize ?? (extended ? blockSizeFor(profile) : shortBlockSize),
    },
  }
}

const processSeen = seenInMemory()

/** The memory of public keys that a run goes by: its own, or that of this process. */
export const seenKeysOf = ({ options }: Run): SeenKeys => options.seenKeys ?? processSeen

/**
 * Opens the card for writing: nothing is written to one that is used, unfinished or another one. Where it may be unfinished, what lies in its PKCS#15 application goes; with
 * `keepKeys` all but the planned keys and PINs.
 */
export async function open(run: Run, keepKeys = false): Promise<KeyExchange> {
  const { image, options, meter, base } = run
  return meter.step('open', 3, async (advance) => {
    if ((await hasFiles(base, image.profile)) && options.allowUnfinished !== true)
      throw new PersonalizationError(
        'open',
        (await hasTransportKeys(base, image.profile, options.issuerKeys?.version))
          ? 'the card holds files already: its personalization did not end; it can be written anew (--allow-unfinished), or take a blank card'
          : 'the card holds files already and has no transport keys any more: it was personalized already. Where a run on it was cut off at its very end it is finished, and to be delivered with the PINs and the number that this run told or wrote; else take a blank card',
      )
    const allowUnfinished = options.allowUnfinished === true
    const left = await findLeftovers(base, image, { allowUnfinished, keepKeys })
    advance()
    const opened = await secured(run, 'open')
    advance()
    await requireInitialized(opened.channel, 'open')
    advance()
    if (left === undefined) return opened
    // Only now is it sure that this is the card that is meant.
    try {
      await clearLeftovers(opened.channel, image, left, keepKeys)
    } finally {
      opened.session.destroy()
    }
    await proveCleared(base, image, keepKeys)
    return secured(run, 'open')
  })
}
