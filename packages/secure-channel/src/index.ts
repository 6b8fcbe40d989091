export { BacKeys, deriveBacKeys } from './bac/bac-keys.ts'
export { type MrzInformationInput, mrzInformation } from './bac/mrz-information.ts'
export { type BacNonces, bacSessionKeys, mutualAuthenticationData, openMutualAuthentication } from './bac/mutual-authentication.ts'
export { type BacOptions, performBac } from './bac/perform-bac.ts'
export { AuthenticationError, SecureMessagingError } from './channel-error.ts'
export { type Scp03Keys, type Scp03SessionKeys, scp03SessionKeys } from './scp03/derivation.ts'
export { type OpenedScp03, openScp03, type Scp03KeySource, type Scp03Options } from './scp03/open-scp03.ts'
export { type Scp03SecurityLevel, Scp03Session, type Scp03SessionStart, scp03SecurityLevels } from './scp03/scp03-session.ts'
export {
  EmrtdSession,
  type Secure3desSession,
  type SessionKeys,
  start3desSession,
  startAesSession,
} from './secure-messaging/emrtd-session.ts'
export { type SecureMessaging, type SecureMessagingLayerOptions, secureMessagingLayer } from './secure-messaging.ts'
