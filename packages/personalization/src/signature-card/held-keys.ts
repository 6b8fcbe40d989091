import { type CardChannel, getData, StatusWordError, selectPath, send } from '@kart/apdu/host'
import { bytesToUint, DecodeError, decodeTlv, equalBytes, findTlv, InputError, type Tlv } from '@kart/codec'
import { dg15FromRsa, encodeEcPublicKeyInfo, type KeyRow } from '@kart/layout'
import { selectHolderApplication } from '@kart/signature'
import type { CardImage } from '../card-image.ts'
import { PersonalizationError } from '../personalization-error.ts'
import type { PersonalizationStep } from '../personalization-report.ts'
import { curveOfBits, keyAccess, keyFileType, referenceFor } from './holder-commands.ts'
import type { HolderPlan } from './holder-plan.ts'
import type { HolderKeyPair } from './personalize-holder.ts'

const application = 0x5015
/** GET DATA of the current key's public half (MyEID command surface). */
const parts = { modulus: 0x0101, exponent: 0x0102, point: 0x0186 } as const

const remedy = 'let the card make its keys first ("kart issue --csr")'

/** Whether the control parameters are those of the key as it is planned: its kind and bits, used under its PIN, never updated, deleted or made anew. */
function isAsPlanned(parameters: readonly Tlv[], row: KeyRow, plan: HolderPlan): boolean {
  const value = (tag: number) => findTlv(parameters, tag)?.value ?? new Uint8Array(0)
  const { kind, bits } = row.algorithm
  return (
    value(0x82)[0] === keyFileType[kind] &&
    value(0x80).length === 2 &&
    bytesToUint(value(0x80)) === bits &&
    equalBytes(value(0x86), keyAccess(referenceFor(row, plan)))
  )
}

async function publicKeyOf(channel: CardChannel, { algorithm, label }: KeyRow): Promise<Uint8Array> {
  // Inside secure messaging nothing waits for GET RESPONSE: a modulus longer than a short answer is asked for whole.
  const ne = Math.max(256, algorithm.kind === 'rsa' ? algorithm.bits / 8 : 0)
  const read = (part: keyof typeof parts) => send(channel, getData(parts[part], { ne, label: `${part} of the key ${label}` }))
  if (algorithm.kind === 'rsa') return dg15FromRsa(await read('modulus'), await read('exponent')).subjectPublicKeyInfo
  return encodeEcPublicKeyInfo(curveOfBits[algorithm.bits], decodeTlv(await read('point'), 0x86).value)
}

/**
 * The public keys (SubjectPublicKeyInfo) of the holder's keys that the card made in an earlier run, as the card gives them to anybody: their certificates, and the proof by
 * signature, show that they are what it holds. Changes nothing on the card. Throws PersonalizationError for a card without them, or with others than the image's plan asks
 * for; StatusWordError, TransportError.
 */
export async function readHeldKeys(
  channel: CardChannel,
  { holder }: Pick<CardImage, 'holder'>,
  step: PersonalizationStep = 'open',
): Promise<readonly HolderKeyPair[]> {
  if (holder === undefined) throw new InputError('signatureCard', 'is missing in the image: there are no keys to keep')
  await selectHolderApplication(channel)
  const pairs: HolderKeyPair[] = []
  for (const row of holder.keyRows) {
    try {
      const fci = await send(channel, selectPath([application, row.fid], { answer: 'fci', label: `key ${row.label}` }))
      if (!isAsPlanned(decodeTlv(fci, undefined, {}).children ?? [], row, holder))
        throw new PersonalizationError(
          'open',
          `the card’s key ${row.label} is of another kind or under another PIN than planned: name the kinds that it was made with (--holder-keys), or ${remedy}`,
        )
      pairs.push({ row, publicKey: await publicKeyOf(channel, row) })
    } catch (cause) {
      if (!(cause instanceof StatusWordError) && !(cause instanceof DecodeError)) throw cause
      throw new PersonalizationError(step, `the card holds no key ${row.label}: ${remedy}`, { cause })
    }
  }
  return pairs
}
