export { BacKeys, deriveBacKeys } from './bac/bac-keys.ts'
export { type MrzInformationInput, mrzInformation } from './bac/mrz-information.ts'
export { type BacNonces, bacSessionKeys, mutualAuthenticationData, openMutualAuthentication } from './bac/mutual-authentication.ts'
export { type BacOptions, performBac } from './bac/perform-bac.ts'
export { AuthenticationError, SecureMessagingError } from './channel-error.ts'
export {
  EmrtdSession,
  type Secure3desSession,
  type SessionKeys,
  start3desSession,
  startAesSession,
} from './secure-messaging/emrtd-session.ts'
export { type SecureMessaging, type SecureMessagingLayerOptions, secureMessagingLayer } from './secure-messaging.ts'
