import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { InputError } from '@kart/codec'

// Beside the built command (published package), or in the repository when the sources run.
const places = ['./specimen/', '../../../test-vectors/specimen/']

/** Path of a file of the specimen citizen: an invented record with a drawn portrait. Throws InputError when it is not installed. */
export function specimenFile(name: string): string {
  for (const place of places) {
    const path = join(fileURLToPath(new URL(place, import.meta.url)), name)
    if (existsSync(path)) return path
  }
  throw new InputError('specimen', 'is not installed with this copy of kart; give --record')
}
