import { type Codec, DecodeError, InputError } from '@kart/codec'
import { type BiometricHeader, biometricTypes, decodeBiometricGroup, encodeBiometricGroup, sc37 } from './cbeff.ts'
import { decodeFacialRecord, encodeFacialRecord, type FacialImage, facialImage } from './facial-record.ts'

/** One biometric template of DG2: its header and the facial images in it. */
export interface Face {
  readonly header: BiometricHeader
  /** At least one. */
  readonly images: readonly FacialImage[]
}

/** EF.DG2: the portrait, and what other faces an issuer adds. */
export interface Dg2 {
  /** At least one. */
  readonly faces: readonly Face[]
}

/** Header of an ISO/IEC 19794-5 facial image. */
const faceHeader: BiometricHeader = { version: 0x0101, type: biometricTypes.face, formatOwner: sc37.owner, formatType: sc37.faceImage }

/** A DG2 with one portrait. `sex` is the MRZ's letter. Throws DecodeError or LimitError when the file is not a usable JPEG or JPEG 2000 image. */
export function dg2FromPortrait(file: Uint8Array, sex?: 'M' | 'F' | '<'): Dg2 {
  // ISO/IEC 19794-5:2005, table 5: 01 male, 02 female, 00 unspecified.
  return { faces: [{ header: faceHeader, images: [facialImage(file, { gender: sex === 'M' ? 1 : sex === 'F' ? 2 : 0 })] }] }
}

/** EF.DG2 (Doc 9303-10, 8th ed., 4.7.2; ISO/IEC 19794-5:2005). Decoding throws DecodeError or LimitError, encoding InputError. */
export const dg2Codec: Codec<Dg2> = {
  encode(value) {
    if (value.faces.length === 0) throw new InputError('faces', 'DG2 needs at least one')
    return encodeBiometricGroup(
      { templates: value.faces.map((face) => ({ header: face.header, data: encodeFacialRecord(face.images) })) },
      0x75,
    )
  },
  decode(bytes) {
    const group = decodeBiometricGroup(bytes, 0x75, 'EF.DG2')
    if (group.templates.length === 0) throw new DecodeError('EF.DG2', 'no facial image')
    const faces = group.templates.map(({ header, data }): Face => {
      if (header.formatOwner !== sc37.owner || header.formatType !== sc37.faceImage)
        throw new DecodeError('EF.DG2', 'the template is not an ISO/IEC 19794-5 facial image')
      if (header.type !== undefined && header.type !== biometricTypes.face)
        throw new DecodeError('EF.DG2', 'the biometric type is not a face')
      return { header, images: decodeFacialRecord(data) }
    })
    return { faces }
  },
}
