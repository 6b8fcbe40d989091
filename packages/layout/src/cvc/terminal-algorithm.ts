/** One signature algorithm of terminal authentication, which is also the format of a CV certificate's public key. */
export interface TerminalAlgorithmRow {
  readonly oid: string
  readonly name: string
  readonly kind: 'ecdsa' | 'rsa-pkcs1' | 'rsa-pss'
  readonly hash: 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512'
  readonly clause: string
}

/** id-TA-RSA and id-TA-ECDSA. ECDSA signatures are plain (r || s); RSASSA-PSS has MGF1 and a salt of the same hash's length. */
export const terminalAlgorithms = [
  { oid: '0.4.0.127.0.7.2.2.2.1.1', name: 'id-TA-RSA-v1-5-SHA-1', kind: 'rsa-pkcs1', hash: 'sha1', clause: 'TR-03110-3 v2.21, A.7.3.1' },
  {
    oid: '0.4.0.127.0.7.2.2.2.1.2',
    name: 'id-TA-RSA-v1-5-SHA-256',
    kind: 'rsa-pkcs1',
    hash: 'sha256',
    clause: 'TR-03110-3 v2.21, A.7.3.1',
  },
  { oid: '0.4.0.127.0.7.2.2.2.1.3', name: 'id-TA-RSA-PSS-SHA-1', kind: 'rsa-pss', hash: 'sha1', clause: 'TR-03110-3 v2.21, A.7.3.1' },
  { oid: '0.4.0.127.0.7.2.2.2.1.4', name: 'id-TA-RSA-PSS-SHA-256', kind: 'rsa-pss', hash: 'sha256', clause: 'TR-03110-3 v2.21, A.7.3.1' },
  {
    oid: '0.4.0.127.0.7.2.2.2.1.5',
    name: 'id-TA-RSA-v1-5-SHA-512',
    kind: 'rsa-pkcs1',
    hash: 'sha512',
    clause: 'TR-03110-3 v2.21, A.7.3.1',
  },
  { oid: '0.4.0.127.0.7.2.2.2.1.6', name: 'id-TA-RSA-PSS-SHA-512', kind: 'rsa-pss', hash: 'sha512', clause: 'TR-03110-3 v2.21, A.7.3.1' },
  { oid: '0.4.0.127.0.7.2.2.2.2.1', name: 'id-TA-ECDSA-SHA-1', kind: 'ecdsa', hash: 'sha1', clause: 'TR-03110-3 v2.21, A.7.4.1' },
  { oid: '0.4.0.127.0.7.2.2.2.2.2', name: 'id-TA-ECDSA-SHA-224', kind: 'ecdsa', hash: 'sha224', clause: 'TR-03110-3 v2.21, A.7.4.1' },
  { oid: '0.4.0.127.0.7.2.2.2.2.3', name: 'id-TA-ECDSA-SHA-256', kind: 'ecdsa', hash: 'sha256', clause: 'TR-03110-3 v2.21, A.7.4.1' },
  { oid: '0.4.0.127.0.7.2.2.2.2.4', name: 'id-TA-ECDSA-SHA-384', kind: 'ecdsa', hash: 'sha384', clause: 'TR-03110-3 v2.21, A.7.4.1' },
  { oid: '0.4.0.127.0.7.2.2.2.2.5', name: 'id-TA-ECDSA-SHA-512', kind: 'ecdsa', hash: 'sha512', clause: 'TR-03110-3 v2.21, A.7.4.1' },
] as const satisfies readonly TerminalAlgorithmRow[]

/** One of {@link terminalAlgorithms}. */
export type TerminalAlgorithm = (typeof terminalAlgorithms)[number]

export type TerminalAlgorithmName = (typeof terminalAlgorithms)[number]['name']

/** The row of an object identifier; undefined when it is none of {@link terminalAlgorithms}. */
export function terminalAlgorithm(oid: string): TerminalAlgorithm | undefined {
  return terminalAlgorithms.find((row) => row.oid === oid)
}
