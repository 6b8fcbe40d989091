import { type Codec, DecodeError, decodeTlvList, encodeTlv, InputError } from '@kart/codec'
import { type ImageFormat, readImageHeader } from '../image-header.ts'

/** One displayed signature or usual mark. */
export interface DisplayedImage {
  readonly format: ImageFormat
  /** Pixels, from the image's own header. */
  readonly width: number
  readonly height: number
  /** The image file. */
  readonly data: Uint8Array
}

/** EF.DG7: the holder's signature as displayed. */
export interface Dg7 {
  /** One to nine. */
  readonly signatures: readonly DisplayedImage[]
}

const maxSignatures = 9

/** A displayed image from a file; throws DecodeError or LimitError when it is not a usable JPEG or JPEG 2000 image. */
export function displayedImage(data: Uint8Array): DisplayedImage {
  const { format, width, height } = readImageHeader(data)
  return { format, width, height, data }
}

/** EF.DG7 (Doc 9303-10, 8th ed., 4.7.7): 67 { 02 count, 5F43 image... }. Decoding throws DecodeError or LimitError, encoding InputError. */
export const dg7Codec: Codec<Dg7> = {
  encode(value) {
    const count = value.signatures.length
    if (count === 0 || count > maxSignatures) throw new InputError('signatures', `${count}; 1 to ${maxSignatures} are allowed`)
    return encodeTlv(0x67, [
      encodeTlv(0x02, Uint8Array.of(count)),
      ...value.signatures.map((image) => encodeTlv(0x5f43, displayedImage(image.data).data)),
    ])
  },
  decode(bytes) {
    const flat = { constructed: false, nodes: 16 } as const
    const [outer, ...beside] = decodeTlvList(bytes, flat)
    if (outer?.tag !== 0x67 || beside.length > 0) throw new DecodeError('EF.DG7', 'exactly one data object 67 is expected')
    const [count, ...images] = decodeTlvList(outer.value, flat)
    if (count?.tag !== 0x02 || count.value.length !== 1) throw new DecodeError('EF.DG7', 'the number of images (02, one byte) is missing')
    if (count.value[0] !== images.length || images.length === 0 || images.length > maxSignatures)
      throw new DecodeError('EF.DG7', `${images.length} images where ${count.value[0]} are announced and 1 to ${maxSignatures} allowed`)
    return {
      signatures: images.map((image) => {
        if (image.tag !== 0x5f43) throw new DecodeError('EF.DG7', 'a data object that is not a displayed signature (5F43)')
        return displayedImage(image.value)
      }),
    }
  },
}
