import { createHash } from 'node:crypto'
import { type CardTransport, getResponse, openChannel, readFile, selectApplication, selectMf, send, wrongLength } from '@kart/apdu/host'
import { toHex } from '@kart/codec'
import { efSodCodec, nationalId } from '@kart/layout'
import type { CardImage } from '@kart/personalization'
import { deriveBacKeys, performBac, secureMessagingLayer } from '@kart/secure-channel'

/** Every file of an issued card, read as a terminal reads it: name to bytes. Throws what reading throws. */
export async function readIssuedCard(transport: CardTransport, image: CardImage): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  const base = openChannel(transport, getResponse(), wrongLength())
  await send(base, selectMf())
  for (const application of nationalId.applications) {
    if (application.files.length === 0) continue
    let channel = base
    if (application.name === 'emrtd') {
      await send(base, selectApplication(application.aid))
      channel = secureMessagingLayer(await performBac(base, deriveBacKeys(image.access)))(base)
    }
    for (const file of application.files)
      files.set(
        file.name,
        await readFile(channel, { sfi: file.sfi, maxLength: file.maxLength + 1, extent: 'file', extended: true, name: file.name }),
      )
  }
  return files
}

/** Data groups whose bytes do not hash to what EF.SOD lists, and those that one of the two has alone; empty for a whole card. */
export function unlike(files: ReadonlyMap<string, Uint8Array>): string[] {
  const { dataGroupHashes } = efSodCodec.decode(files.get('EF.SOD')!).ldsSecurityObject
  const listed = new Map(dataGroupHashes.map(({ dataGroup, hash }) => [`EF.DG${dataGroup}`, toHex(hash)]))
  const held = [...files].filter(([name]) => name.startsWith('EF.DG'))
  const wrong = held.filter(([name, bytes]) => listed.get(name) !== createHash('sha256').update(bytes).digest('hex')).map(([name]) => name)
  return [...wrong, ...[...listed.keys()].filter((name) => !files.has(name))]
}
