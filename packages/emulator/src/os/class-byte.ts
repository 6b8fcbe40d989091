import { refuse, SW } from './status.ts'

/** What the class byte says: command set, secure channel, chaining. */
export interface CommandClass {
  /** 00 interindustry, 80 GlobalPlatform. */
  readonly base: 0x00 | 0x80
  readonly secure: 'none' | 'messaging' | 'scp03'
  readonly chained: boolean
}

/**
 * Reads the class byte (ISO/IEC 7816-4:2020, 5.4.1; GlobalPlatform Card Specification 2.3.1, 11.1.4).
 * Refuses 6881 for a logical channel other than the basic one, 6884 for chaining under SCP03, 6E00 for anything else it does not know.
 */
export function readClass(cla: number): CommandClass {
  if (cla >= 0x40 && cla <= 0x7f) refuse(SW.noLogicalChannels)
  if (cla >= 0xc0 && cla !== 0xff) refuse(SW.noLogicalChannels)
  const base = cla & 0x80 ? 0x80 : 0x00
  if (cla === 0xff || (cla & 0x60) !== 0) refuse(SW.noClass)
  if ((cla & 0x03) !== 0) refuse(SW.noLogicalChannels)
  const indication = cla & 0x0c
  const chained = (cla & 0x10) !== 0
  if (base === 0x80 && indication > 0x04) refuse(SW.noClass)
  // SM without authentication of the header is not offered.
  if (indication === 0x08) refuse(SW.noSecureMessaging)
  const secure = indication === 0x0c ? 'messaging' : indication === 0x04 ? 'scp03' : 'none'
  if (chained && (secure === 'scp03' || base === 0x80)) refuse(SW.noChaining)
  return { base, secure, chained }
}
