import type { KeyAlgorithm } from '@kart/crypto'

/** How the nonce becomes a generator: generic, integrated, or generic with chip authentication (Doc 9303-11, 8th ed., 4.4.3.3). */
export type PaceMapping = 'gm' | 'im' | 'cam'

/** One variant of PACE. */
export interface PaceProtocol {
  /** Object identifier, dotted. */
  readonly oid: string
  /** The standard's name. */
  readonly name: string
  readonly agreement: 'dh' | 'ecdh'
  readonly mapping: PaceMapping
  readonly cipher: KeyAlgorithm
}

const families = [
  { arc: 1, agreement: 'dh', mapping: 'gm' },
  { arc: 2, agreement: 'ecdh', mapping: 'gm' },
  { arc: 3, agreement: 'dh', mapping: 'im' },
  { arc: 4, agreement: 'ecdh', mapping: 'im' },
  { arc: 6, agreement: 'ecdh', mapping: 'cam' },
] as const

const ciphers = [
  { arc: 1, cipher: 'desede', name: '3DES-CBC-CBC' },
  { arc: 2, cipher: 'aes128', name: 'AES-CBC-CMAC-128' },
  { arc: 3, cipher: 'aes192', name: 'AES-CBC-CMAC-192' },
  { arc: 4, cipher: 'aes256', name: 'AES-CBC-CMAC-256' },
] as const

/** Every variant (Doc 9303-11, 8th ed., 9.2.1); chip authentication mapping has no triple DES. */
export const paceProtocols: readonly PaceProtocol[] = families.flatMap((family) =>
  ciphers
    .filter((row) => family.mapping !== 'cam' || row.cipher !== 'desede')
    .map((row) => ({
      oid: `0.4.0.127.0.7.2.2.4.${family.arc}.${row.arc}`,
      name: `id-PACE-${family.agreement.toUpperCase()}-${family.mapping.toUpperCase()}-${row.name}`,
      agreement: family.agreement,
      mapping: family.mapping,
      cipher: row.cipher,
    })),
)

/** The variant of an object identifier; undefined when it is none. */
export function paceProtocolOf(oid: string): PaceProtocol | undefined {
  return paceProtocols.find((row) => row.oid === oid)
}

/** Content bytes of the protocol's object identifier: id-PACE is 04 00 7F 00 07 02 02 04, and the last two arcs are a byte each. */
export function protocolOidBytes(protocol: PaceProtocol): Uint8Array {
  const [family, cipher] = protocol.oid.split('.').slice(-2).map(Number) as [number, number]
  return Uint8Array.of(0x04, 0x00, 0x7f, 0x00, 0x07, 0x02, 0x02, 0x04, family, cipher)
}
