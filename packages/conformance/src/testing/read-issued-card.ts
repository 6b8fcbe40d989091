import { createHash } from 'node:crypto'
import type { CardTransport } from '@kart/apdu/host'
import { toHex } from '@kart/codec'
import { efSodCodec, nationalId } from '@kart/layout'
import type { CardImage } from '@kart/personalization'
import { readCard } from '@kart/verification'
import { terminal } from './specimen.ts'

/** Every file of an issued card, read as a terminal with the right to fingerprints reads it: name to bytes. Throws what reading throws, and for a card that does not open. */
export async function readIssuedCard(transport: CardTransport, image: CardImage): Promise<Map<string, Uint8Array>> {
  const evidence = await readCard(transport, { profile: nationalId, access: image.access, terminal })
  if (evidence.access.outcome !== 'opened') throw new Error(`the card stayed shut: ${evidence.access.problem}`)
  return new Map(evidence.files.map(({ name, bytes, problem }) => [name, bytes ?? new TextEncoder().encode(`not read: ${problem}`)]))
}

/** Data groups whose bytes do not hash to what EF.SOD lists, and those that one of the two has alone; empty for a whole card. */
export function unlike(files: ReadonlyMap<string, Uint8Array>): string[] {
  const { dataGroupHashes } = efSodCodec.decode(files.get('EF.SOD')!).ldsSecurityObject
  const listed = new Map(dataGroupHashes.map(({ dataGroup, hash }) => [`EF.DG${dataGroup}`, toHex(hash)]))
  const held = [...files].filter(([name]) => name.startsWith('EF.DG'))
  const wrong = held.filter(([name, bytes]) => listed.get(name) !== createHash('sha256').update(bytes).digest('hex')).map(([name]) => name)
  return [...wrong, ...[...listed.keys()].filter((name) => !files.has(name))]
}
