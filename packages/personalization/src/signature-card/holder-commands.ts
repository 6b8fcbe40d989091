import { type CardCommand, encodeDgi, installForPersonalization, storeData } from '@kart/apdu/host'
import { concatBytes, DecodeError, decodeTlv, encodeAscii, findTlv, InputError, uintToBytes } from '@kart/codec'
import {
  type CardProfile,
  dg15FromRsa,
  encodeEcPublicKeyInfo,
  findApplication,
  type KeyRow,
  type PinRow,
  type Pkcs15File,
} from '@kart/layout'
import { type HolderPlan, tries } from './holder-plan.ts'

/** Bytes of a PIN as the card keeps it, padded with FF. */
export const storedPinLength = 8

/** The PIN as VERIFY sends it. */
export function paddedPin(pin: string): Uint8Array {
  const bytes = new Uint8Array(storedPinLength).fill(0xff)
  bytes.set(encodeAscii(pin))
  return bytes
}

export const curveOfBits = { 256: 'P-256', 384: 'P-384', 521: 'P-521' } as const

/** Directs what follows to the PKCS#15 application. Throws InputError. */
export function installHolder(profile: CardProfile): CardCommand<void> {
  const aid = findApplication(profile, 'pkcs15')?.aid
  if (aid === undefined) throw new InputError('profile', 'has no PKCS#15 application')
  return installForPersonalization(aid, { label: 'PKCS#15' })
}

/** Reference, flags (transport), uses a VERIFY, lengths, tries, PIN; tries of the PUK and the PUK where there is one (DGI holderPin). */
function pinValue(row: PinRow, plan: HolderPlan): Uint8Array {
  const given = plan.pins[row.label]
  if (given === undefined) throw new InputError('pins', `there is none for ${row.label}`)
  // A key that signs in the holder's name asks for the PIN each time.
  const uses = plan.keyRows.find(({ pin }) => pin === row.id)?.usesPerPin ?? 0
  const transport = row.role === 'user' ? 1 : 0
  return concatBytes(
    Uint8Array.of(row.reference, transport, uses, row.minLength, row.maxLength, tries.pin),
    paddedPin(given.pin),
    ...(given.puk === undefined ? [] : [Uint8Array.of(tries.puk), paddedPin(given.puk)]),
  )
}

const digitEntries = (entries: readonly string[]): Uint8Array =>
  concatBytes(...entries.map((digits) => concatBytes(Uint8Array.of(digits.length), encodeAscii(digits))))

// Use under the key's PIN; no update, no deletion, no other pair (access bytes of the MyEID command surface: a nibble an operation).
export const keyAccess = (reference: number): Uint8Array => Uint8Array.of((reference << 4) | 0x0f, 0xff, 0xff)
/** Everyone reads, nobody updates or deletes: an issued card is written by nobody, not with the SO-PIN either, with which a stock program would empty its directories (C17). */
export const fileAccess: Uint8Array = Uint8Array.of(0x0f, 0xff, 0xff)
/** Type byte of a key's file. */
export const keyFileType = { rsa: 0x11, ec: 0x22 } as const
const noProperties = new Uint8Array(2)

const one = (dgi: number, value: Uint8Array, label: string): CardCommand<Uint8Array> =>
  storeData(encodeDgi(dgi, value), { blockNumber: 0, last: true, label })

/** PINs and the numbers that none may be taken from. */
export function pinCommands(profile: CardProfile, plan: HolderPlan): CardCommand<unknown>[] {
  const { dgis } = profile
  return [
    one(dgis.forbiddenDigits, digitEntries(plan.forbiddenDigits), 'numbers that no PIN may be taken from'),
    ...plan.pinRows.map((row) => one(dgis.holderPin, pinValue(row, plan), row.label)),
  ]
}

/** Reference of the PIN that a key stands under. Throws InputError. */
export function referenceFor(row: KeyRow, plan: HolderPlan): number {
  const reference = plan.pinRows.find(({ id }) => id === row.pin)?.reference
  if (reference === undefined) throw new InputError('keys', `${row.label} stands under a PIN that the card does not have`)
  return reference
}

/** The card makes the pair; the command's answer is its SubjectPublicKeyInfo in DER. Throws DecodeError. */
export function generateHolderKeyCommand(profile: CardProfile, row: KeyRow, plan: HolderPlan): CardCommand<Uint8Array> {
  const { kind, bits } = row.algorithm
  const reference = referenceFor(row, plan)
  const value = concatBytes(
    uintToBytes(row.fid, 2),
    Uint8Array.of(keyFileType[kind]),
    uintToBytes(bits, 2),
    keyAccess(reference),
    noProperties,
  )
  const ne = kind === 'rsa' && bits > 1024 ? 65536 : 256
  const command = storeData(encodeDgi(profile.dgis.generateHolderKey, value), {
    blockNumber: 0,
    last: true,
    ne,
    label: `generate the key ${row.label}`,
  })
  return {
    ...command,
    parse(response) {
      const what = `public key ${row.label}`
      const objects = decodeTlv(command.parse(response), 0x7f49).children ?? []
      const part = (tag: number): Uint8Array => {
        const found = findTlv(objects, tag)?.value
        if (found === undefined || found.length === 0) throw new DecodeError(what, 'is missing or empty')
        return found
      }
      return row.algorithm.kind === 'ec'
        ? encodeEcPublicKeyInfo(curveOfBits[row.algorithm.bits], part(0x86))
        : dg15FromRsa(part(0x81), part(0x82)).subjectPublicKeyInfo
    },
  }
}

/** One file of the application, made and filled, in as many blocks as it needs. */
export function fileCommands(profile: CardProfile, files: readonly Pkcs15File[], blockSize: number): CardCommand<unknown>[] {
  return files.flatMap(({ name, fid, content }) => {
    const bytes = encodeDgi(profile.dgis.holderFile, concatBytes(uintToBytes(fid, 2), fileAccess, noProperties, content))
    const commands: CardCommand<unknown>[] = []
    for (let at = 0, block = 0; at < bytes.length; at += blockSize, block++)
      commands.push(
        storeData(bytes.subarray(at, at + blockSize), { blockNumber: block & 0xff, last: at + blockSize >= bytes.length, label: name }),
      )
    return commands
  })
}

/** Takes files and keys away, or with none named everything that lies in the application (DGI clearHolder). */
export const clearCommand = ({ dgis }: CardProfile, files: readonly number[]): CardCommand<Uint8Array> =>
  one(dgis.clearHolder, concatBytes(...files.map((fid) => uintToBytes(fid, 2))), 'what lies in PKCS#15 goes')

/** ACTIVATE of the application by its name: its creation phase ends for good (MyEID command surface; ISO/IEC 7816-9:2017, 9.3.5). */
export const activateCommand = (aid: Uint8Array): CardCommand<void> => ({
  ...{ name: 'ACTIVATE, PKCS#15', clause: 'ISO/IEC 7816-9:2017, 9.3.5' },
  apdu: { cla: 0, ins: 0x44, p1: 0x04, p2: 0, data: aid, ne: 0 },
  parse: () => undefined,
})
