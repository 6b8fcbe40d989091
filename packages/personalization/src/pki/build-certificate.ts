import { decodePublicKey, digest, signEcdsa } from '@kart/crypto'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'
import { withExplicitCurve } from './explicit-curve.ts'

/** What one certificate of an eMRTD authority says (Doc 9303-12, 8th ed., 7.1). */
export interface CertificateContent {
  readonly kind: 'csca' | 'document-signer'
  /** 1..20 bytes, positive, without leading zeros. */
  readonly serialNumber: Uint8Array
  readonly issuer: { readonly country: string; readonly organization: string; readonly commonName: string }
  readonly subject: { readonly country: string; readonly organization: string; readonly commonName: string }
  readonly notBefore: Date
  readonly notAfter: Date
  /** Last moment at which the private key may sign. */
  readonly privateKeyNotAfter: Date
  /** Whether the subject's key names its curve or spells it out. */
  readonly curveParameters: 'named' | 'explicit'
  /** SubjectPublicKeyInfo of the subject and of the issuer, the curve by name. */
  readonly subjectKey: Uint8Array
  readonly issuerKey: Uint8Array
  /** ICAO three-letter code as the MRZ has it. */
  readonly mrzCode: string
  readonly contact: string
  readonly crlUri: string
  /** One- or two-letter document codes that a document signer may sign; empty for a CSCA. */
  readonly documentTypes: readonly string[]
}

const oids = {
  country: '2.5.4.6',
  organization: '2.5.4.10',
  commonName: '2.5.4.3',
  locality: '2.5.4.7',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  privateKeyUsagePeriod: '2.5.29.16',
  subjectAltName: '2.5.29.17',
  issuerAltName: '2.5.29.18',
  basicConstraints: '2.5.29.19',
  crlDistributionPoints: '2.5.29.31',
  authorityKeyId: '2.5.29.35',
  documentTypeList: '2.23.136.1.1.6.2',
  ecdsaSha256: '1.2.840.10045.4.3.2',
  ecdsaSha384: '1.2.840.10045.4.3.3',
} as const

function nameOf(...attributes: readonly (readonly [string, asn1js.BaseBlock])[]): pkijs.RelativeDistinguishedNames {
  // One attribute a relative name: pkijs itself would put them all into one, but keeps a name that it read as it was.
  const sets = attributes.map(
    ([oid, value]) => new asn1js.Set({ value: [new asn1js.Sequence({ value: [new asn1js.ObjectIdentifier({ value: oid }), value] })] }),
  )
  return new pkijs.RelativeDistinguishedNames({ schema: asn1js.fromBER(new asn1js.Sequence({ value: sets }).toBER(false)).result })
}

function name(of: CertificateContent['subject']): pkijs.RelativeDistinguishedNames {
  // Doc 9303-12, 8th ed., 7.1.1.1: country upper case; countryName is a PrintableString by RFC 5280.
  return nameOf(
    [oids.country, new asn1js.PrintableString({ value: of.country })],
    [oids.organization, new asn1js.Utf8String({ value: of.organization })],
    [oids.commonName, new asn1js.Utf8String({ value: of.commonName })],
  )
}

function keyId(spki: Uint8Array): ArrayBuffer {
  // RFC 5280, 4.2.1.2, method 1: SHA-1 of the key's bits.
  const key = decodePublicKey(spki)
  return digest('sha1', key.kind === 'ec' ? key.point : spki).slice().buffer as ArrayBuffer
}

function usagePeriod(from: Date, to: Date): asn1js.Sequence {
  const field = (tagNumber: number, time: Date) => {
    const digits = `${time.toISOString().replace(/[-:T]|\.\d+Z/g, '')}Z`
    return new asn1js.Primitive({ idBlock: { tagClass: 3, tagNumber }, valueHex: new TextEncoder().encode(digits).buffer })
  }
  return new asn1js.Sequence({ value: [field(0, from), field(1, to)] })
}

function alternativeNames(content: CertificateContent): asn1js.Sequence {
  // Doc 9303-12, 8th ed., 7.1.1.5: contact information, and a directory name whose locality is the MRZ's code.
  const place = nameOf([oids.locality, new asn1js.PrintableString({ value: content.mrzCode })])
  const names = [new pkijs.GeneralName({ type: 1, value: content.contact }), new pkijs.GeneralName({ type: 4, value: place })]
  return new pkijs.GeneralNames({ names }).toSchema()
}

function keyUsage(content: CertificateContent): asn1js.BitString {
  // digitalSignature is bit 0; keyCertSign and cRLSign are bits 5 and 6.
  const [byte, unused] = content.kind === 'csca' ? [0x06, 1] : [0x80, 7]
  return new asn1js.BitString({ valueHex: Uint8Array.of(byte).buffer, unusedBits: unused })
}

function documentTypes(types: readonly string[]): asn1js.Sequence {
  const set = new asn1js.Set({ value: types.map((type) => new asn1js.PrintableString({ value: type })) })
  return new asn1js.Sequence({ value: [new asn1js.Integer({ value: 0 }), set] })
}

function extensions(content: CertificateContent): pkijs.Extension[] {
  const extension = (extnID: string, value: asn1js.BaseBlock, critical = false) =>
    new pkijs.Extension({ extnID, critical, extnValue: value.toBER(false) })
  const distributionPoint = new pkijs.DistributionPoint({ distributionPoint: [new pkijs.GeneralName({ type: 6, value: content.crlUri })] })
  const names = alternativeNames(content)
  const list = [
    extension(
      oids.authorityKeyId,
      new pkijs.AuthorityKeyIdentifier({ keyIdentifier: new asn1js.OctetString({ valueHex: keyId(content.issuerKey) }) }).toSchema(),
    ),
    extension(oids.subjectKeyId, new asn1js.OctetString({ valueHex: keyId(content.subjectKey) })),
    extension(oids.keyUsage, keyUsage(content), true),
    extension(oids.privateKeyUsagePeriod, usagePeriod(content.notBefore, content.privateKeyNotAfter)),
    extension(oids.subjectAltName, names),
    extension(oids.issuerAltName, names),
    extension(oids.crlDistributionPoints, new pkijs.CRLDistributionPoints({ distributionPoints: [distributionPoint] }).toSchema()),
  ]
  if (content.kind === 'csca')
    list.push(extension(oids.basicConstraints, new pkijs.BasicConstraints({ cA: true, pathLenConstraint: 0 }).toSchema(), true))
  else list.push(extension(oids.documentTypeList, documentTypes(content.documentTypes)))
  return list
}

function time(value: Date): pkijs.Time {
  // RFC 5280, 4.1.2.5: UTCTime through 2049, GeneralizedTime after.
  return new pkijs.Time({ type: value.getUTCFullYear() < 2050 ? 0 : 1, value })
}

/** Builds a certificate and signs it with the issuer's key (DER PKCS#8); the digest goes with the issuer's curve. Returns DER. Throws CryptoError or DecodeError for an unusable key. */
export function buildCertificate(content: CertificateContent, issuerPrivateKeyPkcs8: Uint8Array): Uint8Array {
  const issuerKey = decodePublicKey(content.issuerKey)
  const hash = issuerKey.kind === 'ec' && issuerKey.curve === 'P-384' ? 'sha384' : 'sha256'
  const algorithm = new pkijs.AlgorithmIdentifier({ algorithmId: hash === 'sha384' ? oids.ecdsaSha384 : oids.ecdsaSha256 })
  const certificate = new pkijs.Certificate({
    version: 2,
    serialNumber: new asn1js.Integer({ valueHex: content.serialNumber.slice().buffer }),
    signature: algorithm,
    signatureAlgorithm: algorithm,
    issuer: name(content.issuer),
    subject: name(content.subject),
    notBefore: time(content.notBefore),
    notAfter: time(content.notAfter),
    subjectPublicKeyInfo: new pkijs.PublicKeyInfo({
      schema: content.curveParameters === 'explicit' ? withExplicitCurve(content.subjectKey) : asn1js.fromBER(content.subjectKey).result,
    }),
    extensions: extensions(content),
  })
  const tbs = new Uint8Array(certificate.encodeTBS().toBER(false))
  const signature = signEcdsa(issuerPrivateKeyPkcs8, hash, tbs, 'der')
  certificate.signatureValue = new asn1js.BitString({ valueHex: signature.slice().buffer })
  return new Uint8Array(certificate.toSchema(true).toBER(false))
}
