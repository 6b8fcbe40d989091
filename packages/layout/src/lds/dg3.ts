import { type Codec, DecodeError, InputError } from '@kart/codec'
import { type BiometricHeader, biometricTypes, decodeBiometricGroup, encodeBiometricGroup, sc37 } from './cbeff.ts'
import { fingerOfSubtype, subtypeOfFinger } from './finger-position.ts'

/** One biometric template of DG3: a finger record, unopened (`@kart/minutiae` reads an ISO/IEC 19794-2 one). */
export interface Finger {
  readonly header: BiometricHeader
  /** Position of ISO/IEC 19794-2 (0..10) that the header's subtype names; undefined when it names no single finger. */
  readonly position: number | undefined
  /** What the record is: an ISO/IEC 19794-2 minutiae record, an ISO/IEC 19794-4 image, or another owner's format. */
  readonly kind: 'minutiae' | 'image' | 'other'
  /** The record as it came. */
  readonly record: Uint8Array
}

/** EF.DG3: the enrolled fingers. */
export interface Dg3 {
  /** May be empty: a holder without fingers to enrol. */
  readonly fingers: readonly Finger[]
  /** Beside an empty list: random bytes that keep the file's hash from telling that there are none; undefined = absent. */
  readonly filler?: Uint8Array
}

function kindOf(header: BiometricHeader): Finger['kind'] {
  if (header.formatOwner !== sc37.owner) return 'other'
  if (header.formatType === sc37.fingerMinutiae || header.formatType === sc37.fingerMinutiaeExtended) return 'minutiae'
  return header.formatType === sc37.fingerImage ? 'image' : 'other'
}

/** A finger of DG3 from an ISO/IEC 19794-2:2005 record. `position` 0..10; throws InputError for any other. */
export function minutiaeFinger(record: Uint8Array, position: number): Finger {
  const header = {
    version: 0x0101,
    type: biometricTypes.finger,
    subtype: subtypeOfFinger(position),
    formatOwner: sc37.owner,
    formatType: sc37.fingerMinutiae,
  }
  return { header, position, kind: 'minutiae', record }
}

/** EF.DG3 (Doc 9303-10, 8th ed., 4.7.3). Decoding throws DecodeError; encoding InputError. An empty list must come with a filler. */
export const dg3Codec: Codec<Dg3> = {
  encode(value) {
    if (value.fingers.length === 0) {
      if (value.filler === undefined || value.filler.length < 8)
        throw new InputError('filler', 'an empty DG3 needs at least 8 random bytes')
      return encodeBiometricGroup({ templates: [], filler: value.filler }, 0x63)
    }
    if (value.filler !== undefined) throw new InputError('filler', 'only an empty DG3 has one')
    return encodeBiometricGroup({ templates: value.fingers.map(({ header, record }) => ({ header, data: record })) }, 0x63)
  },
  decode(bytes) {
    const group = decodeBiometricGroup(bytes, 0x63, 'EF.DG3')
    const fingers = group.templates.map(({ header, data }): Finger => {
      if (header.type !== undefined && header.type !== biometricTypes.finger)
        throw new DecodeError('EF.DG3', 'the biometric type is not a finger')
      // Doc 9303-10, 8th ed., 4.7.3: the subtype is optional for DG2 but must say which finger in DG3.
      if (header.subtype === undefined) throw new DecodeError('EF.DG3', 'the biometric subtype (which finger) is missing')
      if (data.length === 0) throw new DecodeError('EF.DG3', 'an empty finger record')
      return { header, position: fingerOfSubtype(header.subtype), kind: kindOf(header), record: data }
    })
    return group.filler === undefined ? { fingers } : { fingers, filler: group.filler }
  },
}
