import { InputError } from '@kart/codec'
import { decodePublicKey, digest, randomBytes, signEcdsa } from '@kart/crypto'
import { canonicalName, type DistinguishedName, decodeCertificate, type KeyRow } from '@kart/layout'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'
import type { Authority } from '../pki/init-test-pki.ts'
import type { HolderName } from './holder-plan.ts'

/** What an authority is asked to certify. */
export interface CertificateOrder {
  /** Label of the key: `authentication`, `signature`. */
  readonly label: string
  readonly name: HolderName
  /** Whether the key is to sign in the holder's name (nonRepudiation alone) or to log in with (digitalSignature, for EC keyAgreement). */
  readonly use: 'signature' | 'authentication'
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
  /** PKCS #10 (RFC 2986), signed by the card with this very key. */
  readonly request: Uint8Array
  /** ISO date: the card's last day. */
  readonly lastDay: string
}

/** Gives the certificate for an order (X.509, DER), and those of the authorities above it that are to lie on the card. Throws as it likes. */
export type CertifyHolder = (
  order: CertificateOrder,
) => Promise<{ readonly certificate: Uint8Array; readonly chain: readonly Uint8Array[] }>

const oids = {
  country: '2.5.4.6',
  commonName: '2.5.4.3',
  surname: '2.5.4.4',
  serialNumber: '2.5.4.5',
  givenName: '2.5.4.42',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  extensionRequest: '1.2.840.113549.1.9.14',
  clientAuthentication: '1.3.6.1.5.5.7.3.2',
  ecdsaSha256: '1.2.840.10045.4.3.2',
  ecdsaSha384: '1.2.840.10045.4.3.3',
  ecdsaSha512: '1.2.840.10045.4.3.4',
  sha256Rsa: '1.2.840.113549.1.1.11',
} as const

/** The key's usage for certificate and directory (ETSI EN 319 412-2 v2.3.1, 4.3.2, types A and C). */
export function useOfKey({ usage }: Pick<KeyRow, 'usage'>): CertificateOrder['use'] {
  return usage.includes('nonRepudiation') ? 'signature' : 'authentication'
}

/** Subject in DER: country and serial number printable, names in UTF-8 as RFC 5280, 4.1.2.4 wants what is not ASCII (ETSI EN 319 412-2 v2.3.1, 4.2.4). */
export function encodeHolderName(name: HolderName): Uint8Array {
  if (!/^[A-Z]{2}$/.test(name.country)) throw new InputError('country', 'is not two upper-case letters')
  const [family, given] = [canonicalName(name.familyName), canonicalName(name.givenNames)]
  const attributes: readonly (readonly [string, asn1js.BaseBlock])[] = [
    [oids.country, new asn1js.PrintableString({ value: name.country })],
    [oids.commonName, new asn1js.Utf8String({ value: `${given} ${family}` })],
    [oids.surname, new asn1js.Utf8String({ value: family })],
    [oids.givenName, new asn1js.Utf8String({ value: given })],
    [oids.serialNumber, new asn1js.PrintableString({ value: name.serialNumber })],
  ]
  const sets = attributes.map(
    ([oid, value]) => new asn1js.Set({ value: [new asn1js.Sequence({ value: [new asn1js.ObjectIdentifier({ value: oid }), value] })] }),
  )
  return new Uint8Array(new asn1js.Sequence({ value: sets }).toBER(false))
}

/**
 * Whether a subject names this holder: country and personal number once, and every family and given name that stands there his own. What else an authority puts into a subject is
 * its own matter (ETSI EN 319 412-2 v2.3.1, 4.2.4).
 */
export function namesHolder({ relativeNames }: Pick<DistinguishedName, 'relativeNames'>, name: HolderName): boolean {
  const texts = (oid: string) => relativeNames.flat().flatMap((one) => (one.oid === oid ? [one.text?.normalize('NFC')] : []))
  // A second one counts though its coding cannot be read.
  const is = (oid: string, wanted: string) => texts(oid).length === 1 && texts(oid)[0] === wanted
  return (
    is(oids.country, name.country) &&
    is(oids.serialNumber, name.serialNumber) &&
    texts(oids.surname).every((text) => text === canonicalName(name.familyName)) &&
    texts(oids.givenName).every((text) => text === canonicalName(name.givenNames))
  )
}

const distinguishedName = (der: Uint8Array): pkijs.RelativeDistinguishedNames =>
  new pkijs.RelativeDistinguishedNames({ schema: asn1js.fromBER(der).result })

/** Algorithm identifier of a signature by a key (DER SubjectPublicKeyInfo) over SHA-2 of the curve's size, or RSASSA-PKCS1-v1_5 with SHA-256. */
export function signatureAlgorithm(spki: Uint8Array): pkijs.AlgorithmIdentifier {
  const key = decodePublicKey(spki)
  if (key.kind === 'rsa') return new pkijs.AlgorithmIdentifier({ algorithmId: oids.sha256Rsa, algorithmParams: new asn1js.Null() })
  const algorithmId = { 'P-384': oids.ecdsaSha384, 'P-521': oids.ecdsaSha512 }[key.curve as string] ?? oids.ecdsaSha256
  return new pkijs.AlgorithmIdentifier({ algorithmId })
}

/** What a request asks to stand in the certificate (RFC 2985, 5.4.2): that it is no authority's, and what its key is for; ready to be copied. */
function extensionRequest(order: Pick<CertificateOrder, 'use' | 'publicKey'>): asn1js.Sequence {
  const asked = new asn1js.Sequence({ value: useExtensions(order).map((one) => one.toSchema()) })
  return new asn1js.Sequence({ value: [new asn1js.ObjectIdentifier({ value: oids.extensionRequest }), new asn1js.Set({ value: [asked] })] })
}

/** A PKCS #10 request (RFC 2986) for a key, with the extensions that its use needs; `sign` gives the card's signature over the bytes. */
export async function buildRequest(
  name: HolderName,
  { use, publicKey: spki }: Pick<CertificateOrder, 'use' | 'publicKey'>,
  sign: (data: Uint8Array) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const body = new asn1js.Sequence({
    value: [
      new asn1js.Integer({ value: 0 }),
      asn1js.fromBER(encodeHolderName(name)).result,
      asn1js.fromBER(spki).result,
      new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: [extensionRequest({ use, publicKey: spki })] }),
    ],
  }).toBER(false)
  const signature = await sign(new Uint8Array(body))
  const signed = new asn1js.Sequence({
    value: [asn1js.fromBER(body).result, signatureAlgorithm(spki).toSchema(), new asn1js.BitString({ valueHex: signature.slice().buffer })],
  })
  return new Uint8Array(signed.toBER(false))
}

/** SHA-1 of the key's bits (RFC 5280, 4.2.1.2, method 1). */
function keyId(spki: Uint8Array): ArrayBuffer {
  const bits = (asn1js.fromBER(spki).result as asn1js.Sequence).valueBlock.value[1] as asn1js.BitString
  return digest('sha1', new Uint8Array(bits.valueBlock.valueHexView)).slice().buffer as ArrayBuffer
}

function serialNumber(): ArrayBuffer {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x3f) | 0x40 // positive, and no leading zero byte
  return bytes.slice().buffer as ArrayBuffer
}

const time = (value: Date): pkijs.Time => new pkijs.Time({ type: value.getUTCFullYear() < 2050 ? 0 : 1, value })

// digitalSignature and, for EC, keyAgreement; or nonRepudiation alone.
function keyUsage({ use, publicKey }: Pick<CertificateOrder, 'use' | 'publicKey'>): asn1js.BitString {
  if (use === 'signature') return new asn1js.BitString({ valueHex: Uint8Array.of(0x40).buffer, unusedBits: 6 })
  const agrees = decodePublicKey(publicKey).kind === 'ec'
  return new asn1js.BitString({ valueHex: Uint8Array.of(agrees ? 0x88 : 0x80).buffer, unusedBits: agrees ? 3 : 7 })
}

const extension = (extnID: string, value: asn1js.BaseBlock, critical = false) =>
  new pkijs.Extension({ extnID, critical, extnValue: value.toBER(false) })

/** That it is no authority's, and what the key is for. */
const useExtensions = (order: Pick<CertificateOrder, 'use' | 'publicKey'>): pkijs.Extension[] => [
  extension(oids.basicConstraints, new asn1js.Sequence({ value: [] }), true),
  extension(oids.keyUsage, keyUsage(order), true),
  ...(order.use === 'authentication'
    ? [extension(oids.extendedKeyUsage, new pkijs.ExtKeyUsage({ keyPurposes: [oids.clientAuthentication] }).toSchema())]
    : []),
]

function extensions(order: CertificateOrder, issuerKey: Uint8Array): pkijs.Extension[] {
  return [
    extension(
      oids.authorityKeyId,
      new pkijs.AuthorityKeyIdentifier({ keyIdentifier: new asn1js.OctetString({ valueHex: keyId(issuerKey) }) }).toSchema(),
    ),
    extension(oids.subjectKeyId, new asn1js.OctetString({ valueHex: keyId(order.publicKey) })),
    ...useExtensions(order),
  ]
}

/**
 * A TEST authority for holders' certificates whose key (DER PKCS #8) lies in memory. Certificates begin now and end with the card, or with the authority if that is
 * sooner. Throws PkiError, CryptoError or DecodeError for an unusable authority.
 */
export function testHolderAuthority(authority: Authority, now: () => Date = () => new Date()): CertifyHolder {
  const issuer = decodeCertificate(authority.certificate)
  return async (order) => {
    const algorithm = signatureAlgorithm(issuer.spki)
    const notBefore = new Date(Math.floor(now().getTime() / 1000) * 1000)
    const end = new Date(`${order.lastDay}T23:59:59Z`)
    const certificate = new pkijs.Certificate({
      version: 2,
      serialNumber: new asn1js.Integer({ valueHex: serialNumber() }),
      signature: algorithm,
      signatureAlgorithm: algorithm,
      issuer: distinguishedName(issuer.subject.raw),
      subject: distinguishedName(encodeHolderName(order.name)),
      notBefore: time(notBefore),
      notAfter: time(end < issuer.notAfter ? end : issuer.notAfter),
      subjectPublicKeyInfo: new pkijs.PublicKeyInfo({ schema: asn1js.fromBER(order.publicKey).result }),
      extensions: extensions(order, issuer.spki),
    })
    const tbs = new Uint8Array(certificate.encodeTBS().toBER(false))
    const hash =
      ({ [oids.ecdsaSha384]: 'sha384', [oids.ecdsaSha512]: 'sha512' } as const)[algorithm.algorithmId as '1.2.840.10045.4.3.3'] ?? 'sha256'
    const signature = signEcdsa(authority.privateKeyPkcs8, hash, tbs, 'der')
    certificate.signatureValue = new asn1js.BitString({ valueHex: signature.slice().buffer })
    return { certificate: new Uint8Array(certificate.toSchema(true).toBER(false)), chain: [authority.certificate] }
  }
}
