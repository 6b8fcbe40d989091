/** Object identifiers of BSI TR-03110-3, A.1 (bsi-de protocols smartcard) that stand in SecurityInfos. */
export const securityProtocolOids = {
  pk: '0.4.0.127.0.7.2.2.1',
  ta: '0.4.0.127.0.7.2.2.2',
  ca: '0.4.0.127.0.7.2.2.3',
  pace: '0.4.0.127.0.7.2.2.4',
} as const

/** What a row of {@link securityProtocols} stands for: which kind of SecurityInfo carries its identifier. */
export type SecurityProtocolUse = 'pace' | 'pace-domain' | 'ca' | 'ca-domain' | 'ca-key' | 'ta'

export interface SecurityProtocolRow {
  readonly oid: string
  readonly name: string
  readonly use: SecurityProtocolUse
}

const ciphers = ['3DES-CBC-CBC', 'AES-CBC-CMAC-128', 'AES-CBC-CMAC-192', 'AES-CBC-CMAC-256'] as const
const paceFamilies = [
  { arc: 1, name: 'DH-GM', from: 1 },
  { arc: 2, name: 'ECDH-GM', from: 1 },
  { arc: 3, name: 'DH-IM', from: 1 },
  { arc: 4, name: 'ECDH-IM', from: 1 },
  { arc: 6, name: 'ECDH-CAM', from: 2 }, // chip authentication mapping has no triple DES
] as const
const agreements = [
  { arc: 1, name: 'DH' },
  { arc: 2, name: 'ECDH' },
] as const

function withCiphers(oid: string, name: string, use: SecurityProtocolUse, from: number): SecurityProtocolRow[] {
  return ciphers.flatMap((cipher, i) => (i + 1 < from ? [] : [{ oid: `${oid}.${i + 1}`, name: `${name}-${cipher}`, use }]))
}

/** Every protocol identifier that is opened (Doc 9303-11, 8th ed., 9.2; TR-03110-3, A.1.1). */
export const securityProtocols: readonly SecurityProtocolRow[] = [
  ...paceFamilies.flatMap(({ arc, name, from }) => [
    { oid: `${securityProtocolOids.pace}.${arc}`, name: `id-PACE-${name}`, use: 'pace-domain' } as const,
    ...withCiphers(`${securityProtocolOids.pace}.${arc}`, `id-PACE-${name}`, 'pace', from),
  ]),
  ...agreements.flatMap(({ arc, name }) => [
    { oid: `${securityProtocolOids.pk}.${arc}`, name: `id-PK-${name}`, use: 'ca-key' } as const,
    { oid: `${securityProtocolOids.ca}.${arc}`, name: `id-CA-${name}`, use: 'ca-domain' } as const,
    ...withCiphers(`${securityProtocolOids.ca}.${arc}`, `id-CA-${name}`, 'ca', 1),
  ]),
  { oid: securityProtocolOids.ta, name: 'id-TA', use: 'ta' },
]
