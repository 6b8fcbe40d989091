import { type CardChannel, type CardTransport, send } from '@kart/apdu/host'
import { InputError, toHex } from '@kart/codec'
import { digest } from '@kart/crypto'
import type { CardProfile } from '@kart/layout'
import { type BacKeys, deriveBacKeys } from '@kart/secure-channel'
import type { CardImage, CompleteImage } from './card-image.ts'
import { type CardPublicKeys, checkSigner, completeImage } from './complete-image.ts'
import { checkIssuerKeys, type KeyExchange, putIssuerKeys } from './issuer-keys.ts'
import type { KeySetReport, PersonalizationReport } from './personalization-report.ts'
import { beginRun, type ExecuteOptions, open, type Run, secured, seenKeysOf } from './personalization-run.ts'
import { blockSizeFor, type PlannedStep, planCommands, planCompletion, planSecuring } from './plan-commands.ts'
import { planFingers } from './plan-fingers.ts'
import { proveSecured } from './prove-secured.ts'
import { canReadBack, cardPublicKey, chipPublicKeys, type ProvedAccess, readBack, readBackParts } from './read-back.ts'
import { hasIssuerFiles } from './security-domain.ts'
import { endCreation, proveContent } from './signature-card/application-content.ts'
import { readHeldKeys } from './signature-card/held-keys.ts'
import { hasSignatureApplication } from './signature-card/holder-plan.ts'
import { openHolderSession } from './signature-card/holder-session.ts'
import { checkHeldKeys, rememberFinished, rememberFinishing } from './signature-card/key-marks.ts'
import {
  type CertifiedKey,
  certifyHolderKeys,
  type HolderKeyPair,
  holderFiles,
  holderKeyParts,
  proveHolder,
  writeHolderFiles,
  writeHolderKeys,
} from './signature-card/personalize-holder.ts'

interface ExecuteRun extends Run {
  readonly options: ExecuteOptions
}

async function sendStep(run: Run, channel: CardChannel, step: PlannedStep): Promise<readonly unknown[]> {
  return run.meter.step(step.name, step.commands.length, async (advance) => {
    const answers: unknown[] = []
    let counted = 0
    for (const [i, command] of step.commands.entries()) {
      answers.push(await send(channel, command))
      // The content is spread over the commands; the last brings what is left, so that the sum is exact.
      const share =
        i === step.commands.length - 1
          ? step.bytes - counted
          : Math.min(command.apdu.ins === 0xe2 ? command.apdu.data.length : 0, step.bytes - counted)
      counted += share
      advance(share)
    }
    return answers
  })
}

/** The public keys that the card answered with, by the plan that asked for them. */
function keysIn(image: CardImage, answers: ReadonlyMap<PlannedStep['name'], readonly unknown[]>): CardPublicKeys {
  const chip = answers.get('generate-chip-keys') ?? []
  return {
    activeAuthentication: answers.get('generate-key')![0] as Uint8Array,
    chip: (image.profile.chipAuthentication?.keys ?? []).map(({ keyId }, i) => ({ keyId, publicKey: chip[i] as Uint8Array })),
  }
}

/** What the PKCS#15 application was given. */
interface HolderContent {
  readonly keys: readonly CertifiedKey[]
  readonly files: ReturnType<typeof holderFiles>
  /** Whether its PINs went to the card inside PACE. */
  readonly throughPace: boolean
}

/**
 * Makes the PKCS#15 application: keys in the session under way, which ends with it; certificates outside any session, for which the card signs; files in a session
 * of their own. Undefined where the image has none.
 */
async function writeHolder(
  run: ExecuteRun,
  channel: CardChannel,
  held: readonly HolderKeyPair[] | undefined,
  end: () => void,
): Promise<HolderContent | undefined> {
  const { image, options, meter, plan } = run
  const { holder, profile } = image
  if (holder === undefined) return undefined
  const { certify } = options
  if (certify === undefined) throw new InputError('certify', 'is missing: a signature card needs an authority for its certificates')
  const pairs = await meter.step('holder-keys', holderKeyParts(holder), (advance) =>
    writeHolderKeys(channel, profile, holder, { seen: seenKeysOf(run), image, held }, () => advance()),
  )
  end()
  // Read again for every certificate: keys can take the card a minute to make, and an authority may answer late.
  const clock = () => options.now ?? new Date()
  const { keys, throughPace } = await meter.step('certify', pairs.length, async (advance) => {
    const opened = await openHolderSession(run, 'certify')
    try {
      const certified = await certifyHolderKeys(opened.channel, holder, pairs, certify, clock, () => advance())
      return { keys: certified, throughPace: opened.protected }
    } finally {
      opened.destroy()
    }
  })
  const files = holderFiles(holder, keys, image.iccSerial, profile.title, clock())
  await meter.step('holder-files', files.files.length, async (advance) => {
    const again = await secured(run, 'open')
    try {
      await writeHolderFiles(again.channel, profile, files.files, plan.blockSize ?? blockSizeFor(profile), advance)
    } finally {
      again.session.destroy()
    }
  })
  return { keys, files, throughPace }
}

async function write(
  run: ExecuteRun,
  { session, channel }: KeyExchange,
  held: readonly HolderKeyPair[] | undefined,
): Promise<{ complete: CompleteImage; holder: HolderContent | undefined }> {
  const { image, options, meter, plan } = run
  try {
    const answers = new Map<PlannedStep['name'], readonly unknown[]>()
    for (const step of planCommands(image, plan)) answers.set(step.name, await sendStep(run, channel, step))
    const keys = keysIn(image, answers)
    const complete = await meter.step('sign', 1, async (advance) => {
      const made = await completeImage(image, keys, options.signer, options.now === undefined ? {} : { signingTime: options.now })
      advance()
      return made
    })
    await sendStep(run, channel, planCompletion(complete, plan))
    const fingers = planFingers(complete, plan)
    if (fingers) await sendStep(run, channel, fingers)
    return { complete, holder: await writeHolder(run, channel, held, () => session.destroy()) }
  } finally {
    session.destroy()
  }
}

/**
 * The last proof of the PKCS#15 application, inside PACE, where nobody between can answer for the card. Its creation phase ends before, so that what is proved is what the holder gets;
 * what of it lies in the MF (EF.DIR) is read back after that.
 */
async function proveApplication(run: ExecuteRun, complete: CompleteImage, holder: HolderContent | undefined): Promise<void> {
  const own = run.image.holder
  if (holder === undefined || own === undefined) return
  const { files, keys } = holder
  await run.meter.step('prove-signature', files.files.length + keys.length, async (advance) => {
    const opened = await openHolderSession(run, 'prove-signature')
    try {
      await endCreation(opened.channel, complete)
      await proveHolder(opened.channel, own, keys, files, run.extended, advance)
      await proveContent(opened.channel, complete, files.files, keys)
    } finally {
      opened.destroy()
    }
  })
}

/** The same for a card without keys of its holder, whose application is to hold nothing. */
async function proveBareApplication(run: ExecuteRun): Promise<void> {
  if (!hasSignatureApplication(run.image.profile)) return
  const opened = await openHolderSession(run, 'read-back')
  try {
    await endCreation(opened.channel, run.image)
    await proveContent(opened.channel, run.image, [], [])
  } finally {
    opened.destroy()
  }
}

/** A session with the card's own key set of from now on: the issuer's, put in and proved by opening the session with it, where there is one. */
async function withIssuerKeys(
  run: ExecuteRun,
  advance: () => void,
): Promise<KeyExchange & { readonly replaced: number | undefined; readonly keySet: KeySetReport | undefined }> {
  const { issuerKeys } = run.options
  const opened = await secured(run, 'secure')
  advance()
  const replaced = opened.card.keyVersion
  if (issuerKeys === undefined) return { ...opened, replaced, keySet: undefined }
  let keySet: KeySetReport
  try {
    keySet = await putIssuerKeys(opened, issuerKeys)
  } finally {
    opened.session.destroy()
  }
  advance()
  const anew = await secured(run, 'secure', issuerKeys)
  advance()
  return { ...anew, replaced: replaced === keySet.version ? undefined : replaced, keySet }
}

/** What is told once. */
const forPrinter = ({ passwords, holder }: CardImage): PersonalizationReport['forPrinter'] => ({
  ...passwords,
  ...(holder === undefined ? {} : { pins: holder.pins }),
})

/** Keys of the card that is being finished. */
interface FinishedKeys {
  readonly keys: readonly HolderKeyPair[]
  /** Whether a run before this one may have been cut off as it finished it. */
  readonly cutOff: boolean
}

/** Ends personalization for good, in a session of its own, once the secrets are kept: they are dropped only where SET STATUS never left. */
async function setSecured(run: ExecuteRun, { keys, cutOff }: FinishedKeys): Promise<Awaited<ReturnType<typeof withIssuerKeys>>> {
  const { image, options, meter } = run
  await options.keeper?.keep(forPrinter(image))
  let mayBeSecured = false
  try {
    return await meter.step('secure', options.issuerKeys ? 4 : 2, async (advance) => {
      const opened = await withIssuerKeys(run, () => advance())
      try {
        await rememberFinishing(seenKeysOf(run), keys, cutOff)
        mayBeSecured = true
        for (const command of planSecuring().commands) await send(opened.channel, command)
      } catch (error) {
        opened.session.destroy()
        throw error
      }
      advance()
      return opened
    })
  } catch (error) {
    if (!mayBeSecured) await options.keeper?.drop()
    throw error
  }
}

/** Ends personalization for good, and proves that it has ended. */
async function secure(run: ExecuteRun, finished: FinishedKeys): Promise<KeySetReport | undefined> {
  const { image, meter, base, plan } = run
  const { session, channel, replaced, keySet } = await setSecured(run, finished)
  try {
    await meter.step('prove', 3, async (advance) => {
      const [mf] = planCommands(image, plan)
      const storeData = mf!.commands[0]!
      const issuer = keySet === undefined ? {} : { issuerVersion: keySet.version }
      await proveSecured({ channel, base, profile: image.profile, keyVersion: replaced, ...issuer, storeData }, () => advance())
    })
    await rememberFinished(seenKeysOf(run), finished.keys)
    return keySet
  } finally {
    session.destroy()
  }
}

const keyName = ({ activeAuthentication: spec }: CardProfile): string =>
  spec.algorithm === 'ecdsa' ? spec.curve : `RSA-${spec.modulusBits}`

function reportOf(
  run: ExecuteRun,
  complete: CompleteImage,
  holder: HolderContent | undefined,
  proved: readonly ProvedAccess[],
  keySet: KeySetReport | undefined,
): PersonalizationReport {
  const { profile } = complete
  const { steps, apdus, sent, received, ms } = run.meter.totals
  return {
    profile: profile.name,
    iccSerial: toHex(complete.iccSerial),
    lifeCycle: 'SECURED',
    keySet,
    steps,
    files: [
      ...complete.files.map((file) => ({
        application: file.application,
        name: file.name,
        fid: file.fid,
        length: file.bytes.length,
        readBack: canReadBack(complete, file),
      })),
      ...(holder?.files.files ?? []).map(({ name, fid, content }) => ({
        application: 'pkcs15',
        name,
        fid,
        length: content.length,
        readBack: true,
      })),
    ],
    holderKeys: (holder?.keys ?? []).map(({ row, publicKey, certificate }) => ({
      label: row.label,
      algorithm: row.algorithm.kind === 'rsa' ? `RSA-${row.algorithm.bits}` : `P-${row.algorithm.bits}`,
      fingerprint: toHex(digest('sha256', publicKey)),
      certificate: toHex(digest('sha256', certificate)),
    })),
    throughPace: holder?.throughPace,
    publicKey: { curve: keyName(profile), fingerprint: toHex(digest('sha256', cardPublicKey(complete))) },
    chipKeys: chipPublicKeys(complete).map(({ keyId, spki }) => ({ keyId, fingerprint: toHex(digest('sha256', spki)) })),
    fingers: (complete.fingers?.fingers ?? []).map(({ reference, position }) => ({ reference, position })),
    trustPoint: complete.trustPoint?.holderReference,
    proved,
    forPrinter: forPrinter(complete),
    apdus,
    sent,
    received,
    payload:
      complete.files.reduce((sum, file) => sum + file.bytes.length, 0) +
      (holder?.files.files ?? []).reduce((sum, { content }) => sum + content.length, 0),
    ms,
  }
}

/**
 * Brings an image onto a blank card: SCP03, all files, the card's own key, EF.SOD signed over what was written, everything read back and compared, and only then
 * SECURED, which is proved; before that `keeper` keeps the secrets and the issuer's keys take the place of the transport keys, where there are some. A card that is used, that an earlier run left unfinished (unless allowed) or that is another one is refused before any write; after
 * a failure the card is still INITIALIZED, never SECURED with half of its files.
 * Throws PersonalizationError, PkiError, AuthenticationError (wrong keys), StatusWordError, SecureMessagingError, TransportError, InputError; and DecodeError or
 * LimitError where the card, or what stands between, answers with bytes that are no answer. All but the errors of `signer` and `transport` are CardErrors.
 */
export async function execute(transport: CardTransport, image: CardImage, options: ExecuteOptions): Promise<PersonalizationReport> {
  const { profile } = image
  if (!profile.bac && profile.pace === undefined)
    throw new InputError('profile', 'has neither PACE nor BAC: its files could not be read back')
  checkSigner(options.signer, profile, options.now ?? new Date())
  if (image.holder !== undefined && options.certify === undefined)
    throw new InputError('certify', 'is missing: a signature card needs an authority for its certificates')
  if (options.issuerKeys !== undefined) checkIssuerKeys(options.keys, options.issuerKeys)
  const keys: BacKeys = deriveBacKeys(image.access)
  try {
    const run: ExecuteRun = { ...beginRun(transport, image, options, keys), options }
    const { meter, base, plain, plan, extended } = run
    planCommands(image, plan) // refuses a block size before the card has seen anything
    const held = options.keepHolderKeys === true ? await readHeldKeys(base, image) : undefined
    const cutOff = held !== undefined && (await checkHeldKeys(seenKeysOf(run), image, held, await hasIssuerFiles(base, profile)))
    const { complete, holder } = await write(run, await open(run, held !== undefined), held)
    await proveApplication(run, complete, holder)
    const proved = await meter.step('read-back', readBackParts(complete), async (advance) => {
      if (holder === undefined) await proveBareApplication(run)
      return readBack(base, complete, keys, { plain, advance, extended })
    })
    const keySet = await secure(run, { keys: holder?.keys ?? [], cutOff })
    return reportOf(run, complete, holder, proved, keySet)
  } finally {
    keys.destroy()
  }
}
