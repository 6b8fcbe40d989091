import { CardError, InputError } from '@kart/codec'
import { Gallery } from '@kart/matcher'

/** A gallery that the user named. Throws InputError, in plain words first, and Node's own error when it cannot be read. */
export function openGallery(path: string): Gallery {
  try {
    return Gallery.open(path)
  } catch (cause) {
    if (!(cause instanceof CardError)) throw cause
    throw new InputError(path, `is no gallery that can be read: "kart gallery build" makes one (${cause.message})`, { cause })
  }
}
