export { type AlgorithmIdentifier, encodeSignatureAlgorithm, type HashName, type SignatureScheme } from './asn1/algorithm.ts'
export { encodeOid } from './asn1/der-encode.ts'
export { type CadesSigning, dataOid, signCades } from './cms/cades.ts'
export type { DataSigning } from './cms/sign-data.ts'
export {
  type DetachedSignedData,
  decodeDetachedSignedData,
  type SignedAttribute,
  type SignedData,
  type SignerId,
  type SignerInfo,
} from './cms/signed-data.ts'
export {
  type CertificateReference,
  decodeSigningCertificate,
  signingCertificateOid,
  signingCertificateV2Oid,
} from './cms/signing-certificate.ts'
export {
  type Chat,
  type CvRole,
  chatRights,
  decodeChat,
  effectiveChat,
  encodeChat,
  makeChat,
  rightsOf,
  type TerminalType,
  terminalTypes,
} from './cvc/chat.ts'
export {
  type CvBody,
  type CvCertificate,
  type CvExtension,
  decodeCvCertificate,
  encodeCvBody,
  encodeCvCertificate,
} from './cvc/cv-certificate.ts'
export {
  type CvDomainParameters,
  type CvEcPublicKey,
  type CvPublicKey,
  type CvRsaPublicKey,
  decodeCvPublicKey,
  encodeCvPublicKey,
} from './cvc/cv-public-key.ts'
export {
  type CvOuterSignature,
  type CvRequest,
  type CvRequestBody,
  cvRequestOuterData,
  decodeCvRequest,
  encodeAuthenticatedCvRequest,
  encodeCvRequest,
  encodeCvRequestBody,
} from './cvc/cv-request.ts'
export { decodeCvcDate, encodeCvcDate } from './cvc/cvc-date.ts'
export { type EfCvca, efCvcaCodec } from './cvc/ef-cvca.ts'
export { decodeKeyReference, encodeKeyReference } from './cvc/key-reference.ts'
export {
  type TerminalAlgorithm,
  type TerminalAlgorithmName,
  type TerminalAlgorithmRow,
  terminalAlgorithm,
  terminalAlgorithms,
} from './cvc/terminal-algorithm.ts'
export {
  type CalendarDate,
  daysInMonth,
  formatCompactDate,
  formatIsoDate,
  isLeapYear,
  parseCompactDate,
  parseIsoDate,
} from './dates/calendar-date.ts'
export {
  daysInJalaliMonth,
  formatJalaliDate,
  isLeapJalaliYear,
  isoToJalali,
  type JalaliDate,
  jalaliToIso,
  jalaliYears,
  parseJalaliDate,
} from './dates/jalali.ts'
export { type ImageFormat, type ImageHeader, maxImageSide, readImageHeader } from './image-header.ts'
export { type BiometricHeader, biometricTypes, sc37 } from './lds/cbeff.ts'
export { type FileValue, fileCodecs } from './lds/codecs.ts'
export { dataGroupOfTag, dataGroups, dataGroupTag } from './lds/data-group-tag.ts'
export { type Dg1, dg1Codec } from './lds/dg1.ts'
export { type Dg2, dg2Codec, dg2FromPortrait, type Face } from './lds/dg2.ts'
export { type Dg3, dg3Codec, type Finger, minutiaeFinger } from './lds/dg3.ts'
export { type Dg7, type DisplayedImage, dg7Codec, displayedImage } from './lds/dg7.ts'
export { type Dg11, dg11Codec, fatherLabel, fatherNameOf, summaryWithFather } from './lds/dg11.ts'
export { type Dg12, dg12Codec } from './lds/dg12.ts'
export { type CborValue, type Dg13, dg13Codec } from './lds/dg13.ts'
export {
  type ActiveAuthenticationInfo,
  activeAuthenticationInfo,
  activeAuthenticationOid,
  type Dg14,
  decodeSecurityInfos,
  dg14Codec,
  ecdsaPlainOids,
  encodeSecurityInfos,
  type OtherSecurityInfo,
  type SecurityInfo,
} from './lds/dg14.ts'
export { type Dg15, dg15Codec, dg15FromPoint, dg15FromRsa } from './lds/dg15.ts'
export { type EfAtrInfo, efAtrInfoCodec } from './lds/ef-atr-info.ts'
export { type EfCom, efComCodec } from './lds/ef-com.ts'
export { type DirectoryEntry, type EfDir, efDirCodec } from './lds/ef-dir.ts'
export { type EfGdo, efGdoCodec } from './lds/ef-gdo.ts'
export { type EfSod, efSodCodec } from './lds/ef-sod.ts'
export { encodeSod, type SodInput } from './lds/encode-sod.ts'
export { decodeFacialRecord, encodeFacialRecord, type FacialImage, type FeaturePoint, facialImage } from './lds/facial-record.ts'
export { type FingerPositionRow, fingerName, fingerOfSubtype, fingerPositions, subtypeOfFinger } from './lds/finger-position.ts'
export {
  type DataGroupHash,
  decodeLdsSecurityObject,
  encodeLdsSecurityObject,
  type LdsSecurityObject,
  type LdsSecurityObjectInput,
  ldsSecurityObjectOid,
} from './lds/lds-security-object.ts'
export type { NationalName } from './lds/listed-file.ts'
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
export { mrzCheckDigit } from './mrz/check-digit.ts'
export { encodeMrz, type MrzContent } from './mrz/encode-mrz.ts'
export { type MrzFieldName, type MrzFieldRow, type MrzFormat, type MrzLayout, mrzLayouts, mrzNameLength } from './mrz/layout.ts'
export { encodeMrzDate, resolveDateOfBirth, resolveDateOfExpiry } from './mrz/mrz-date.ts'
export { holderMrzName, type MrzName, mrzName, type NameParts, truncateName } from './mrz/mrz-name.ts'
export { type MrzCheck, type MrzFields, type MrzProblem, type MrzReading, parseMrz, readMrz } from './mrz/read-mrz.ts'
export { arabicFromMrz, transliterateArabic, transliterateLatin } from './mrz/transliterate.ts'
export { arabicTable, latinTable } from './mrz/transliteration.ts'
export { alpha2ToMrzCountry, icaoCodes, isMrzCountry, mrzCountryToAlpha2, sameCountry } from './national/country.ts'
export {
  intakeNationalCode,
  isNationalCode,
  type NationalCodePolicy,
  nationalCodeCheckDigit,
  parseNationalCode,
  strictNationalCode,
} from './national/national-code.ts'
export { findPinWeaknesses, type PinHolder, type PinWeakness } from './pin/pin-policy.ts'
export {
  type CioDiscretionaryData,
  cioDiscretionaryDataCodec,
  pkcs15Aid,
  pkcs15Entry,
  readDiscretionaryData,
} from './pkcs15/application-entry.ts'
export {
  type AuthenticationObject,
  aodfCodec,
  type BiometricObject,
  type BiometricType,
  type FingerName,
  type PasswordObject,
  type PasswordType,
} from './pkcs15/authentication-directory.ts'
export { buildPkcs15Files, type Pkcs15File, type Pkcs15Files } from './pkcs15/build-files.ts'
export { type CertificateObject, cdfCodec, type DirectoryCertificate } from './pkcs15/certificate-directory.ts'
export { type DataObject, type DirectoryData, dodfCodec } from './pkcs15/data-directory.ts'
export type { AlgorithmOperation, CardFlag, KeyAccessFlag, KeyUsageFlag, ObjectFlag, PasswordFlag } from './pkcs15/flags.ts'
export { type DirectoryKey, type KeyObject, prkdfCodec, pukdfCodec } from './pkcs15/key-directory.ts'
export { keyKinds, keysOfKinds } from './pkcs15/key-kinds.ts'
export { type CommonObject, fillFile, type UnknownObject } from './pkcs15/object.ts'
export { type DirectoryReference, type DirectoryType, odfCodec } from './pkcs15/object-directory.ts'
export { type CardPath, filePath, type ObjectValue } from './pkcs15/object-value.ts'
export {
  type CertificateRow,
  type DataRow,
  holderKeys,
  holderPins,
  type KeyAlgorithmRow,
  type KeyRow,
  type PinRow,
  type Pkcs15Tables,
} from './pkcs15/tables.ts'
export { type AlgorithmInfo, type TokenInfo, tokenInfoCodec } from './pkcs15/token-info.ts'
export { type Certificate, decodeCertificate } from './pki/certificate.ts'
export { type CertificateRevocationList, decodeRevocationList, type RevokedCertificate } from './pki/crl.ts'
export { type DistinguishedName, type NameAttribute, sameName } from './pki/distinguished-name.ts'
export { type CertificateExtension, coversDocumentCode, type KeyUsage, type KnownExtensions, keyUsageNames } from './pki/extensions.ts'
export * from './profile.ts'
export { type EfCardAccess, efCardAccessCodec } from './security-info/ef-card-access.ts'
export {
  type CardSecurityInput,
  type EfCardSecurity,
  efCardSecurityCodec,
  encodeCardSecurity,
  securityObjectOid,
} from './security-info/ef-card-security.ts'
export {
  type SecurityProtocolRow,
  type SecurityProtocolUse,
  securityProtocolOids,
  securityProtocols,
} from './security-info/protocol-oid.ts'
export {
  type ChipAuthenticationDomainParameterInfo,
  type ChipAuthenticationInfo,
  type ChipAuthenticationPublicKeyInfo,
  type EfCvcaReference,
  encodeSecurityInfo,
  type OpenedSecurityInfo,
  openSecurityInfo,
  type PaceDomainParameterInfo,
  type PaceInfo,
  type TerminalAuthenticationInfo,
} from './security-info/security-info.ts'
export { canonicalName, canonicalText, nameMatchKey } from './text/canonical.ts'
export { characterPolicy, policyOf } from './text/character-policy.ts'
export { toLatinDigits, toPersianDigits } from './text/digits.ts'
