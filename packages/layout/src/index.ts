export * from './profile.ts'
export { type AlgorithmIdentifier, encodeSignatureAlgorithm, type HashName, type SignatureScheme } from './asn1/algorithm.ts'
export { efSodCodec, type EfSod, type SignedAttribute, type SignerId, type SodSigner } from './lds/ef-sod.ts'
export { encodeSod, type SodInput } from './lds/encode-sod.ts'
export {
  type DataGroupHash,
  decodeLdsSecurityObject,
  encodeLdsSecurityObject,
  type LdsSecurityObject,
  type LdsSecurityObjectInput,
  ldsSecurityObjectOid,
} from './lds/lds-security-object.ts'
export { type Certificate, decodeCertificate } from './pki/certificate.ts'
export { type DistinguishedName, type NameAttribute, sameName } from './pki/distinguished-name.ts'
export { type CertificateExtension, type KeyUsage, type KnownExtensions, keyUsageNames } from './pki/extensions.ts'
export { type ImageFormat, type ImageHeader, maxImageSide, readImageHeader } from './image-header.ts'
export { type BiometricHeader, biometricTypes, sc37 } from './lds/cbeff.ts'
export { type Dg2, dg2, dg2FromPortrait, type Face } from './lds/dg2.ts'
export { type Dg3, dg3, type Finger, minutiaeFinger } from './lds/dg3.ts'
export { type Dg7, type DisplayedImage, dg7, displayedImage } from './lds/dg7.ts'
export {
  type ActiveAuthenticationInfo,
  activeAuthenticationInfo,
  activeAuthenticationOid,
  type Dg14,
  decodeSecurityInfos,
  dg14,
  ecdsaPlainOids,
  encodeSecurityInfos,
  type OtherSecurityInfo,
  type SecurityInfo,
} from './lds/dg14.ts'
export { type Dg15, dg15, dg15FromPoint } from './lds/dg15.ts'
export { decodeFacialRecord, encodeFacialRecord, type FacialImage, type FeaturePoint, facialImage } from './lds/facial-record.ts'
export { fingerName, fingerOfSubtype, type FingerPositionRow, fingerPositions, subtypeOfFinger } from './lds/finger-position.ts'
export {
  decodePublicKeyInfo,
  type EcPublicKeyInfo,
  encodeEcPublicKeyInfo,
  type NamedCurve,
  namedCurves,
  type OtherPublicKeyInfo,
  type PublicKeyInfo,
  type RsaPublicKeyInfo,
} from './lds/public-key-info.ts'
