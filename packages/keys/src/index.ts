export { cardCheckValues, deriveCardKeys, deriveKey, wipeKeys } from './derive-key.ts'
export {
  channelPurposes,
  type Derivation,
  type DerivationStep,
  type InputPart,
  type KeyPurpose,
  planDerivation,
  purposes,
  type SchemeName,
  schemes,
  stepInput,
} from './diversification.ts'
export { type ExplainedKey, type ExplainedStep, type Explanation, explainDiversification } from './explain-diversification.ts'
export { FileKeyStore, keyFolderNames, readKeyDescription } from './file-key-store.ts'
export { encodeKeyDescription, firstCardSet, type KeyDescription, type KeySet, parseKeyDescription } from './key-description.ts'
export { chooseKeySet, currentCardSet, issuerKeysOf, type KeySourceOptions, keySourceOf, requireInDate } from './key-source.ts'
export { type KeyStore, type MasterAlgorithm, type MasterKey, masterAlgorithms, masterCheckValue } from './key-store.ts'
export { KeyStoreError, type KeyStoreProblem } from './key-store-error.ts'
export { initTestKeys, initTokenKeys, saveKeyDescription, showCheckValue } from './make-keys.ts'
export { generateMasterKey, listTokenKeys, Pkcs11KeyStore, type TokenKeyReport } from './pkcs11/pkcs11-key-store.ts'
export { Pkcs11SigningKey, type SigningKey } from './pkcs11/pkcs11-signer.ts'
export type { Pkcs11Options } from './pkcs11/token.ts'
