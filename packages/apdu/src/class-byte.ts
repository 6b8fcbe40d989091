import { DecodeError, InputError } from '@kart/codec'

/** What the class byte says about secure messaging (ISO/IEC 7816-4:2020, 5.4.1). */
export type SecureMessagingIndication =
  | 'none'
  /** Secure messaging in a format of the card's own. */
  | 'proprietary'
  /** Secure messaging of ISO/IEC 7816-4, the command header not authenticated (or, on channels 4..19, not told apart). */
  | 'iso'
  /** Secure messaging of ISO/IEC 7816-4, the command header authenticated. */
  | 'iso-header-authenticated'

/** A class byte of the interindustry class (ISO/IEC 7816-4:2020, 5.4.1). */
export interface InterindustryClass {
  readonly kind: 'interindustry'
  /** Logical channel, 0..19. */
  readonly channel: number
  readonly secureMessaging: SecureMessagingIndication
  /** Whether the command is not the last of a chain. */
  readonly chaining: boolean
}

/** A class byte of the proprietary class, 80..FE: its other bits mean what the application says (GlobalPlatform uses 80..8F and C0..EF). */
export interface ProprietaryClass {
  readonly kind: 'proprietary'
  readonly cla: number
}

export type ClassByte = InterindustryClass | ProprietaryClass

const firstIndications = ['none', 'proprietary', 'iso', 'iso-header-authenticated'] as const satisfies readonly SecureMessagingIndication[]

/** Takes a class byte apart (ISO/IEC 7816-4:2020, 5.4.1); throws DecodeError for FF (not a class) and for the reserved values 20..3F. */
export function parseClassByte(cla: number): ClassByte {
  if (!Number.isInteger(cla) || cla < 0 || cla > 0xff) throw new DecodeError('class byte', 'not a byte')
  if (cla === 0xff) throw new DecodeError('class byte', 'FF is not a class (ISO/IEC 7816-3:2006, 9)')
  if (cla & 0x80) return { kind: 'proprietary', cla }
  const chaining = (cla & 0x10) !== 0
  if (cla & 0x40) return { kind: 'interindustry', channel: 4 + (cla & 0x0f), secureMessaging: cla & 0x20 ? 'iso' : 'none', chaining }
  if (cla & 0x20) throw new DecodeError('class byte', '001xxxxx is reserved')
  return { kind: 'interindustry', channel: cla & 0x03, secureMessaging: firstIndications[(cla >> 2) & 0x03]!, chaining }
}

/**
 * Codes an interindustry class byte (ISO/IEC 7816-4:2020, 5.4.1): `channel` 0..19. Channels 4..19 can only say `none` or `iso`.
 * Throws InputError for what has no coding.
 */
export function composeClassByte(value: Omit<InterindustryClass, 'kind'>): number {
  const { channel, secureMessaging, chaining } = value
  if (!Number.isInteger(channel) || channel < 0 || channel > 19) throw new InputError('channel', 'not in 0..19')
  const chain = chaining ? 0x10 : 0
  if (channel < 4) return chain | (firstIndications.indexOf(secureMessaging) << 2) | channel
  if (secureMessaging !== 'none' && secureMessaging !== 'iso')
    throw new InputError('secureMessaging', `cannot be ${secureMessaging} on channels 4..19`)
  return 0x40 | chain | (secureMessaging === 'iso' ? 0x20 : 0) | (channel - 4)
}

/**
 * The class byte with its chaining and secure-messaging bits cleared: what GET RESPONSE carries (ISO/IEC 7816-4:2020, 5.3.4).
 * In the proprietary class the bits of GlobalPlatform Card Specification 2.3.1, 11.1.4 are cleared (80..9F, C0..FE); A0..BF has none and stays.
 */
export function bareClass(cla: number): number {
  if (cla & 0x40) return cla & ~0x30
  return (cla & 0x60) === 0x20 ? cla : cla & ~0x1c
}

/** Whether the class byte says that the command is protected by secure messaging of any kind, GlobalPlatform's included. */
export function saysSecureMessaging(cla: number): boolean {
  if (cla & 0x40) return (cla & 0x20) !== 0
  return (cla & 0x60) !== 0x20 && (cla & 0x0c) !== 0
}
