import { CardError, equalBytes, toHex } from '@kart/codec'
import { decodePublicKey, signEcdsa } from '@kart/crypto'
import { type Certificate, decodeCertificate, decodeRevocationList, type RevokedCertificate, sameName } from '@kart/layout'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'
import type { Authority } from './init-test-pki.ts'
import { PkiError } from './pki-error.ts'

/** A list to be made. */
export interface RevocationOrder {
  /** Certificates of the authority that no longer count, X.509 in DER. */
  readonly certificates: readonly Uint8Array[]
  /** The authority's list before, DER: what it names stays named. */
  readonly previous?: Uint8Array
  /** When the list is made; the present moment unless told. */
  readonly now?: Date
  /** Days until the next list; 30 unless told. */
  readonly days?: number
}

const oids = {
  crlNumber: '2.5.29.20',
  authorityKeyId: '2.5.29.35',
  ecdsaSha256: '1.2.840.10045.4.3.2',
  ecdsaSha384: '1.2.840.10045.4.3.3',
} as const

const time = (value: Date): asn1js.BaseBlock =>
  value.getUTCFullYear() < 2050 ? new asn1js.UTCTime({ valueDate: value }) : new asn1js.GeneralizedTime({ valueDate: value })

const extension = (extnID: string, value: asn1js.BaseBlock): asn1js.BaseBlock =>
  new pkijs.Extension({ extnID, critical: false, extnValue: value.toBER(false) }).toSchema()

/**
 * Makes a revocation list of a test authority with a key on P-256 or P-384 (RFC 5280, 5.1 and 5.2: version 2, authority key identifier, list number). Gives DER. Throws
 * PkiError for a certificate that another issued, or an earlier list of another; DecodeError, CryptoError for what cannot be read.
 */
export function buildRevocationList(authority: Authority, order: RevocationOrder): Uint8Array {
  const issuer = decodeCertificate(authority.certificate)
  const now = wholeSecond(order.now ?? new Date())
  const before = order.previous === undefined ? undefined : previousOf(issuer, order.previous)
  const revoked = new Map((before?.revoked ?? []).map((entry) => [toHex(entry.serialNumber), entry]))
  for (const one of order.certificates) {
    const { serialNumber, issuer: by } = decodeCertificate(one)
    if (!sameName(by, issuer.subject)) throw new PkiError(`a certificate is of another authority than ${issuer.subject.text}`)
    if (!revoked.has(toHex(serialNumber))) revoked.set(toHex(serialNumber), { serialNumber, revokedAt: now })
  }
  const key = decodePublicKey(issuer.spki)
  const hash = key.kind === 'ec' && key.curve === 'P-384' ? 'sha384' : 'sha256'
  const algorithm = new pkijs.AlgorithmIdentifier({ algorithmId: hash === 'sha384' ? oids.ecdsaSha384 : oids.ecdsaSha256 }).toSchema()
  const tbs = new asn1js.Sequence({
    value: [
      new asn1js.Integer({ value: 1 }),
      algorithm,
      asn1js.fromBER(issuer.subject.raw).result,
      time(now),
      time(new Date(now.getTime() + (order.days ?? 30) * 86_400_000)),
      ...(revoked.size === 0 ? [] : [new asn1js.Sequence({ value: [...revoked.values()].map(entryOf) })]),
      new asn1js.Constructed({
        idBlock: { tagClass: 3, tagNumber: 0 },
        value: [new asn1js.Sequence({ value: extensionsOf(issuer, now) })],
      }),
    ],
  }).toBER(false)
  const signature = signEcdsa(authority.privateKeyPkcs8, hash, new Uint8Array(tbs), 'der')
  const list = new asn1js.Sequence({
    value: [asn1js.fromBER(tbs).result, algorithm, new asn1js.BitString({ valueHex: signature.slice().buffer })],
  })
  return new Uint8Array(list.toBER(false))
}

const wholeSecond = (moment: Date): Date => new Date(Math.floor(moment.getTime() / 1000) * 1000)

function previousOf(issuer: Certificate, der: Uint8Array) {
  try {
    const list = decodeRevocationList(der)
    if (!equalBytes(list.issuer.raw, issuer.subject.raw)) throw new PkiError('the earlier list is of another authority')
    return list
  } catch (cause) {
    if (cause instanceof PkiError || !(cause instanceof CardError)) throw cause
    throw new PkiError(`the earlier list cannot be used: ${cause.message}`, { cause })
  }
}

function entryOf({ serialNumber, revokedAt }: RevokedCertificate): asn1js.BaseBlock {
  return new asn1js.Sequence({ value: [new asn1js.Integer({ valueHex: serialNumber.slice().buffer as ArrayBuffer }), time(revokedAt)] })
}

/** The number rises with time, as RFC 5280, 5.2.3 asks, without anything to remember. */
function extensionsOf({ subjectKeyId }: Certificate, now: Date): asn1js.BaseBlock[] {
  const keyId = subjectKeyId && new asn1js.OctetString({ valueHex: subjectKeyId.slice().buffer as ArrayBuffer })
  return [
    ...(keyId === undefined ? [] : [extension(oids.authorityKeyId, new pkijs.AuthorityKeyIdentifier({ keyIdentifier: keyId }).toSchema())]),
    extension(oids.crlNumber, asn1js.Integer.fromBigInt(BigInt(now.getTime() / 1000))),
  ]
}
