import { describeFingerAnswer, type FingerAnswer, getFingerTemplates, selectApplication, send, verifyFinger } from '@kart/apdu/host'
import { InputError } from '@kart/codec'
import { findApplication } from '@kart/layout'
import {
  type BiometricInformation,
  bitGroupCodec,
  cardTemplate,
  decodeTemplates,
  encodeVerifyData,
  fingerPosition,
  type MinutiaeTemplate,
  minutiaOrderOf,
} from '@kart/minutiae'
import type { FingerOnCardEvidence } from '../evidence.ts'
import { isRefusal, type Reading } from './reading.ts'

/** A live finger to be shown to the card. */
export interface FingerForCard {
  /** A template, or a record or card format in bytes; of several views the first. */
  readonly probe: MinutiaeTemplate | Uint8Array
  /** Whether the card compares in any case, or only where this reading does not get EF.DG3. */
  readonly when: 'always' | 'without-dg3'
}

/** A live finger with the position that its record states, 0 where none does. */
export interface LiveFinger {
  readonly template: MinutiaeTemplate
  readonly position: number
}

/** Reads a probe before the card is asked for anything. Throws DecodeError, LimitError, InputError. */
export function liveFinger(probe: MinutiaeTemplate | Uint8Array): LiveFinger {
  if (!(probe instanceof Uint8Array)) return { template: probe, position: 0 }
  const { templates, record } = decodeTemplates(probe)
  if (templates[0] === undefined) throw new InputError('probe', 'holds no finger')
  return { template: templates[0], position: record?.views[0]?.position ?? 0 }
}

/** Owner and type of the one format that is sent: compact size card format (ISO/IEC 19794-2:2005, table 1). */
const compact = { owner: 0x0101, type: 0x0005 } as const
const fingerprint = 0x08

const isUsable = ({ reference, biometricType, formatOwner, formatType }: BiometricInformation): boolean =>
  reference !== undefined && (biometricType ?? fingerprint) === fingerprint && formatOwner === compact.owner && formatType === compact.type

/**
 * Lets the card compare a live finger with those that it holds (ISO/IEC 24787:2018), in the channel as it is: reads the biometric information templates, codes the finger as they ask, and sends VERIFY. Where the
 * finger's position is known, only that finger's reference is asked for, else one after the other until the card says yes: each no costs the holder a try. A card that has no such fingers is evidence.
 */
export async function compareOnCard(reading: Reading, { template, position }: LiveFinger): Promise<FingerOnCardEvidence> {
  const application = findApplication(reading.options.profile, 'fingerprint')
  const none = { informationTemplates: undefined, attempts: [] }
  if (application?.aid === undefined) return { ...none, problem: 'the profile has no comparison on the card' }
  reading.options.onProgress?.({ stage: 'finger' })
  let bytes: Uint8Array | undefined
  try {
    await send(reading.channel, selectApplication(application.aid, { label: application.title }))
    bytes = await send(reading.channel, getFingerTemplates({ label: 'biometric information templates' }))
    const usable = bitGroupCodec.decode(bytes).filter(isUsable)
    const isNamed = ({ subtype }: BiometricInformation): boolean => subtype !== undefined && fingerPosition(subtype) !== undefined
    const wanted = usable.filter((one) => position === 0 || !isNamed(one) || fingerPosition(one.subtype!) === position)
    const read = { informationTemplates: bytes, attempts: [] }
    if (usable.length === 0) return { ...read, problem: 'the card holds no finger that it could compare' }
    if (wanted.length === 0) return { ...read, problem: 'the card holds other fingers than the one presented: present one of those' }
    return { ...read, ...(await tryFingers(reading, template, wanted)) }
  } catch (error) {
    reading.budget.orderEnd()
    if (!isRefusal(error) && !(error instanceof InputError)) throw error
    return { informationTemplates: bytes, attempts: [], problem: error.message }
  }
}

async function tryFingers(
  reading: Reading,
  template: MinutiaeTemplate,
  fingers: readonly BiometricInformation[],
): Promise<Pick<FingerOnCardEvidence, 'attempts' | 'problem'>> {
  const attempts: { readonly reference: number; readonly answer: FingerAnswer }[] = []
  let problem: string | undefined
  for (const { reference, parameters } of fingers) {
    const { minMinutiae = 0, maxMinutiae = 0, order = 0 } = parameters ?? {}
    const made = cardTemplate(template, { most: maxMinutiae || 255, ...minutiaOrderOf(order) })
    if (made.count < minMinutiae) {
      problem = `the print has ${made.count} minutiae, of which the card wants ${minMinutiae} at least: capture the finger again`
      continue
    }
    const answer = await send(reading.channel, verifyFinger(reference!, encodeVerifyData(made)))
    attempts.push({ reference: reference!, answer })
    if (answer.state === 'match') return { attempts, problem: undefined }
    problem = describeFingerAnswer(answer)
  }
  return { attempts, problem }
}
