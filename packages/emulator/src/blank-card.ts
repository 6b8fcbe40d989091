import { fromHex, InputError } from '@kart/codec'
import { type CardProfile, nationalId } from '@kart/layout/profile'
import { EmulatedCard } from './emulated-card.ts'
import { encodeImage } from './memory/card-image.ts'
import { type CardMemory, CardMemoryError } from './memory/card-memory.ts'
import type { CardState, KeySet } from './memory/card-state.ts'
import { emptyFingerState, emptySignatureState } from './memory/holder-state.ts'

const testKey = fromHex('404142434445464748494A4B4C4D4E4F')

/**
 * TEST KEYS, known to all the world: the key that GlobalPlatform's test cards carry, three times, as version 30 (in SCP03's customary range 30..3F).
 * Never for a card that a person will hold.
 */
export const testTransportKeys: KeySet = { version: 0x30, enc: testKey, mac: testKey, dek: testKey }

/** What a blank card is made of. */
export interface BlankCard {
  readonly memory: CardMemory
  /** Default: the national ID profile. */
  readonly profile?: CardProfile
  /** SCP03 transport keys: AES, 16, 24 or 32 bytes, all of one length; version 01..7F. */
  readonly transportKeys: KeySet
  /** Chip serial, exactly 10 bytes: the key diversification data of INITIALIZE UPDATE, and the CIN unless one is given. */
  readonly iccSerial: Uint8Array
  /** Card production life cycle data, 42 bytes (GlobalPlatform Card Specification 2.3.1, H.6). Default: zeros with the serial's last four bytes in place. */
  readonly cplc?: Uint8Array
  /** Issuer identification number (DO'42'), up to 16 bytes; without it GET DATA 0042 answers 6A88. */
  readonly iin?: Uint8Array
  /** Card image number (DO'45'), up to 16 bytes. */
  readonly cin?: Uint8Array
  /** Default: INITIALIZED; OP_READY for a card that the factory hands on before its own set-up (GlobalPlatform Card Specification 2.3.1, 5.1.1). */
  readonly lifeCycle?: 'OP_READY' | 'INITIALIZED'
  /** Source of random bytes. Default: node:crypto. */
  readonly random?: (length: number) => Uint8Array
}

/** A new card in life cycle INITIALIZED unless told, its transport keys loaded, nothing personalized. Throws InputError, and CardMemoryError when the memory holds a card already. */
export function createBlankCard(blank: BlankCard): EmulatedCard {
  const { memory, transportKeys: keys, iccSerial, profile = nationalId } = blank
  if (![16, 24, 32].includes(keys.enc.length) || keys.mac.length !== keys.enc.length || keys.dek.length !== keys.enc.length)
    throw new InputError('transportKeys', 'not three AES keys of one length (16, 24 or 32 bytes)')
  if (!Number.isInteger(keys.version) || keys.version < 0x01 || keys.version > 0x7f)
    throw new InputError('transportKeys.version', 'not in 1..127')
  if (iccSerial.length !== 10) throw new InputError('iccSerial', 'not 10 bytes')
  if (blank.cplc && blank.cplc.length !== 42) throw new InputError('cplc', 'not 42 bytes')
  for (const field of ['iin', 'cin'] as const) {
    const length = blank[field]?.length
    if (length !== undefined && (length === 0 || length > 16)) throw new InputError(field, 'not 1..16 bytes')
  }
  const state: CardState = {
    profile: profile.name,
    profileVersion: profile.version,
    lifeCycle: blank.lifeCycle ?? 'INITIALIZED',
    generation: 1,
    iccSerial: iccSerial.slice(),
    cplc: blank.cplc?.slice() ?? productionData(iccSerial),
    iin: blank.iin?.slice(),
    cin: blank.cin?.slice() ?? iccSerial.slice(),
    keySets: [
      {
        version: keys.version,
        enc: keys.enc.slice(),
        mac: keys.mac.slice(),
        dek: keys.dek.slice(),
        transport: true,
        sequence: 0,
        failures: 0,
      },
    ],
    files: new Map(),
    bacKeys: undefined,
    aaKey: undefined,
    pacePasswords: new Map(),
    chipKeys: [],
    trust: { trustPoints: [], date: undefined },
    signature: emptySignatureState,
    fingers: emptyFingerState,
  }
  if (memory.load() !== undefined) throw new CardMemoryError('the memory holds a card already: name another file')
  memory.counter?.clear()
  memory.store(encodeImage(state))
  memory.counter?.raise(state.generation)
  return new EmulatedCard({ memory, profile, ...(blank.random ? { random: blank.random } : {}) })
}

// Twelve bytes of fabricator, type, operating system and date stand before the chip's serial number.
function productionData(iccSerial: Uint8Array): Uint8Array {
  const cplc = new Uint8Array(42)
  cplc.set(iccSerial.subarray(-4), 12)
  return cplc
}
