export { aesCbcDecrypt, aesCbcEncrypt, aesCmac, aesEcbEncrypt } from './aes.ts'
export { type BackendName, type HashAlgorithm, type RunningDigest, useBackend } from './backend.ts'
export { CryptoError, type CryptoErrorReason } from './crypto-error.ts'
export { type CurveName, curveNames } from './curve.ts'
export { type CurveDomain, curveDomain } from './curve-domain.ts'
export { desEde3CbcDecrypt, desEde3CbcEncrypt, retailMac } from './des.ts'
export { digest, digestLength, startDigest } from './digest.ts'
export { type EcKeyPair, ecdh, generateEcKeyPair, publicKeyOf } from './ec-key.ts'
export { type Iso9796Problem, type Iso9796Recovery, type Iso9796Result, verifyIso9796 } from './iso9796.ts'
export { type AgreementGroup, agreementGroup, type GroupName, groupNames, type RandomSource } from './key-agreement/agreement-group.ts'
export { type AgreementKey, decodeAgreementKey } from './key-agreement/agreement-key.ts'
export {
  decodeDomainParameters,
  lastStandardizedId,
  type StandardizedParameters,
  standardizedGroup,
  standardizedParameters,
} from './key-agreement/domain-parameters.ts'
export { encodeAgreementKey, encodeDomainParameters } from './key-agreement/encode-agreement-key.ts'
export { checkNewKey, type ExpectedKey, type KeyProblem, type KeyProblemCode } from './key-check/check-new-key.ts'
export { hasRocaFingerprint } from './key-check/roca.ts'
export { keyFingerprint, type SeenKeys, seenInMemory } from './key-check/seen-keys.ts'
export { type KbkdfInput, type KeyAlgorithm, kbkdfCmacCounter, kdf9303, keyCheckValue } from './key-derivation.ts'
export { padMethod2, unpadMethod2 } from './padding.ts'
export { decodePssParameters, type PssParameters } from './pss-parameters.ts'
export { decodePublicKey, type EcPublicKey, type KeyPolicy, type PublicKey, type RsaPublicKey } from './public-key.ts'
export { encodePkcs1Block } from './rsa.ts'
export { constantTimeEqual, randomBytes, wipe } from './secret-bytes.ts'
export { type EcdsaEncoding, ecdsaPlainToDer, type SignatureScheme, signEcdsa, verifySignature } from './signature.ts'
