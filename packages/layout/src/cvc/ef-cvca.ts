import { type Codec, DecodeError, encodeTlv, InputError } from '@kart/codec'
import { decodeKeyReference, encodeKeyReference } from './key-reference.ts'

/** EF.CVCA: names of the card's trust points, the newest first. */
export interface EfCvca {
  /** One or two certification authority references. */
  readonly authorityReferences: readonly string[]
}

const what = 'EF.CVCA'
/** Its fixed size, in bytes. */
const fileLength = 36

/**
 * EF.CVCA of terminal authentication version 1 (BSI TR-03110-3 v2.21, A.7.2.4; Doc 9303-11, 8th ed., 7.1): one or two DO'42', filled up to 36 bytes with
 * zeros. Decoding takes a file without the filling too; it throws DecodeError, encoding InputError.
 */
export const efCvcaCodec: Codec<EfCvca> = {
  encode({ authorityReferences }) {
    if (authorityReferences.length < 1 || authorityReferences.length > 2) throw new InputError('authorityReferences', 'not one or two')
    const out = new Uint8Array(fileLength)
    let at = 0
    for (const reference of authorityReferences) {
      const object = encodeTlv(0x42, encodeKeyReference(reference, 'authorityReferences'))
      out.set(object, at)
      at += object.length
    }
    return out
  },
  decode(bytes) {
    if (bytes.length > fileLength) throw new DecodeError(what, `${bytes.length} bytes where at most ${fileLength} are allowed`)
    const authorityReferences: string[] = []
    let at = 0
    while (at < bytes.length && bytes[at] !== 0) {
      const length = bytes[at + 1] ?? 0
      const end = at + 2 + length
      if (bytes[at] !== 0x42) throw new DecodeError(what, 'something that is no authority reference', { offset: at })
      if (length > 16 || end > bytes.length) throw new DecodeError(what, 'an authority reference that does not fit', { offset: at })
      if (authorityReferences.length === 2) throw new DecodeError(what, 'more than two authority references', { offset: at })
      authorityReferences.push(decodeKeyReference(bytes.subarray(at + 2, end), `${what}, authority reference`))
      at = end
    }
    if (authorityReferences.length === 0) throw new DecodeError(what, 'no authority reference')
    if (bytes.subarray(at).some((byte) => byte !== 0)) throw new DecodeError(what, 'filling that is not zero', { offset: at })
    return { authorityReferences }
  },
}
