import { commandChaining, StatusWordError } from '@kart/apdu/host'
import { CardError, DecodeError } from '@kart/codec'
import { randomBytes } from '@kart/crypto'
import { type CertificateObject, decodeCertificate, findApplication } from '@kart/layout'
import {
  answerChallenge,
  type HolderApplication,
  type HolderKey,
  openHolderApplication,
  PinError,
  readCertificate,
  readPinStatus,
  verifyHolderPin,
} from '@kart/signature'
import type { HolderCertificate, HolderEvidence, HolderProof } from '../evidence.ts'
import { isRefusal, type Reading } from './reading.ts'

/** What is asked of the holder's application. */
export interface HolderRequest {
  /**
   * Gives the PIN of the authentication key: called once at most, and only while a try is left, which the card then spends if the PIN is wrong. Without it no PIN is
   * sent and no key is challenged.
   */
  readonly askPin?: (pin: { readonly label: string; readonly triesLeft: number | undefined }) => Promise<string>
}

/** Most certificates that are read (house rule). */
const mostCertificates = 8
/** Bytes of the challenge (house rule). */
const challengeLength = 32

const same = (one: Uint8Array, other: Uint8Array): boolean => one.length === other.length && one.every((byte, i) => byte === other[i])

const nothing = { certificates: [], uncertified: [], chain: [], proof: undefined } as const

/**
 * Reads the certificates of the holder's application through the channel that is open, each once, and lets the authentication key answer a challenge where a PIN is
 * to be asked for. Whatever the card answers is evidence. Throws what `askPin` throws, InputError for a PIN that cannot be one, LimitError past the bound of the whole
 * reading, TransportError and SecureMessagingError.
 */
export async function readHolder(reading: Reading, { askPin }: HolderRequest): Promise<HolderEvidence> {
  if (findApplication(reading.options.profile, 'pkcs15') === undefined)
    return { ...nothing, outcome: 'absent', problem: 'cards of the profile have no PKCS#15 application' }
  if (reading.lost !== undefined)
    return { ...nothing, outcome: 'failed', problem: `the card could not be read to its end: ${reading.lost}` }
  const application = await openApplication(reading)
  if ('outcome' in application) return application
  try {
    const read = await readAll(reading, application)
    return {
      ...read,
      outcome: 'read',
      problem: undefined,
      proof: askPin && (await proveHolder(reading, application, read.certificates, askPin)),
    }
  } catch (error) {
    reading.budget.orderEnd()
    if (isRefusal(error)) return { ...nothing, outcome: 'failed', problem: error.message }
    throw error
  }
}

/** The application with certificates listed; or why there is none. */
async function openApplication(reading: Reading): Promise<HolderApplication | HolderEvidence> {
  try {
    const application = await openHolderApplication(reading.channel, { extended: reading.extended })
    if (application.certificates.length > 0) return application
    return { ...nothing, outcome: 'absent', problem: 'the card lists no certificates of its holder' }
  } catch (error) {
    reading.budget.orderEnd()
    if (!isRefusal(error)) throw error
    // 6A82: no application, or no files in it yet.
    const absent = error instanceof StatusWordError && error.sw === 0x6a82
    return {
      ...nothing,
      outcome: absent ? 'absent' : 'failed',
      problem: absent ? 'the card has no PKCS#15 application with content' : error.message,
    }
  }
}

async function readAll(
  reading: Reading,
  { certificates, keys }: HolderApplication,
): Promise<Pick<HolderEvidence, 'certificates' | 'uncertified' | 'chain'>> {
  if (certificates.length > mostCertificates)
    throw new DecodeError('EF.CDF', `lists ${certificates.length} certificates where at most ${mostCertificates} are read`)
  const ofKey = (one: CertificateObject) => (one.authority === true ? undefined : keys.find(({ id }) => same(id, one.id)))
  const own: HolderCertificate[] = []
  const chain: Uint8Array[] = []
  for (const one of certificates) {
    const key = ofKey(one)
    if (key === undefined && one.authority !== true)
      throw new DecodeError('EF.CDF', 'lists a certificate for a key that the card does not list')
    const bytes = await readCertificate(reading.channel, one, { extended: reading.extended })
    if (key === undefined) chain.push(bytes)
    else own.push({ key: key.label, use: useOf(key), kind: key.kind, bytes })
  }
  const uncertified = keys.filter(({ id }) => !certificates.some((one) => one.authority !== true && same(id, one.id)))
  return { certificates: own, uncertified: uncertified.map(({ label }) => label), chain }
}

const useOf = ({ usage }: HolderKey): HolderCertificate['use'] => (usage.includes('nonRepudiation') ? 'signature' : 'authentication')

async function proveHolder(
  reading: Reading,
  { keys }: HolderApplication,
  certificates: readonly HolderCertificate[],
  askPin: NonNullable<HolderRequest['askPin']>,
): Promise<HolderProof> {
  const challenge = (reading.options.random ?? randomBytes)(challengeLength)
  let certificate: Uint8Array | undefined
  const failed = (outcome: HolderProof['outcome'], problem: string): HolderProof => ({
    ...{ outcome, challenge, signature: undefined, certificate, problem },
  })
  const key = keys.find((one) => useOf(one) === 'authentication' && certificates.some((certificate) => certificate.key === one.label))
  if (key === undefined) return failed('not-possible', 'the card lists no certified key that logs in')
  const { pin } = key
  if (pin === undefined) return failed('not-possible', 'the card lists no PIN for its authentication key')
  certificate = certificates.find((one) => one.key === key.label)!.bytes
  const spki = spkiOf(certificate)
  if (spki === undefined) return failed('not-possible', 'the certificate of the authentication key cannot be read')
  const channel = commandChaining()(reading.channel)
  let taken = false
  try {
    const status = await readPinStatus(channel, pin)
    if (status.state === 'blocked') return failed('pin', `${pin.label}: no try is left: unblock it with the PUK ("kart pin unblock")`)
    const value = await askPin({ label: pin.label, triesLeft: status.state === 'usable' ? status.triesLeft : undefined })
    await verifyHolderPin(channel, pin, value)
    taken = true
    const signature = await answerChallenge(channel, key, spki, challenge)
    return { outcome: 'answered', challenge, signature, certificate, problem: undefined }
  } catch (error) {
    reading.budget.orderEnd()
    if (error instanceof PinError) return failed('pin', error.message)
    if (isRefusal(error) || (taken && error instanceof CardError && error.code === 'crypto'))
      return failed(taken ? 'key' : 'pin', error.message)
    throw error
  }
}

function spkiOf(certificate: Uint8Array): Uint8Array | undefined {
  try {
    return decodeCertificate(certificate).spki
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
}
