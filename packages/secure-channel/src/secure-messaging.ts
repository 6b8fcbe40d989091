import type { ChannelLayer, CommandApdu, ResponseApdu } from '@kart/apdu/host'
import { SecureMessagingError } from './channel-error.ts'

/**
 * The terminal's state of one secure-messaging session: pure, no reader in it. Commands and responses alternate; any failure, a call out of turn
 * included, ends the session and erases its keys, after which every call throws SecureMessagingError.
 */
export interface SecureMessaging {
  /** Protects the next command. Throws InputError for a command that cannot be protected, SecureMessagingError when the session is over. */
  protect(command: CommandApdu): CommandApdu
  /** Checks and opens the response to the last protected command. Throws SecureMessagingError, always the same, for anything wrong with it. */
  open(response: ResponseApdu): ResponseApdu
  /** Ends the session and erases its keys. Harmless when called again. */
  destroy(): void
}

/** Options of {@link secureMessagingLayer}. */
export interface SecureMessagingLayerOptions {
  /** Called once, when the session ends by a failure; never with a secret. */
  readonly onEnd?: (reason: unknown) => void
}

const missingObject = 0x6987
const wrongObject = 0x6988

/**
 * Puts a session between the caller and a channel: each command goes out protected, each answer is checked (ISO/IEC 7816-4:2020, 10).
 * The session ends at the first failure: an answer that does not hold, 6987 or 6988, an exchange that was cut off, a command sent before the last answer
 * came. From then on every transmit throws SecureMessagingError and nothing is sent.
 */
export function secureMessagingLayer(session: SecureMessaging, options: SecureMessagingLayerOptions = {}): ChannelLayer {
  let over = false
  const end = (reason: unknown): void => {
    if (over) return
    over = true
    session.destroy()
    options.onEnd?.(reason)
  }
  return (lower) => ({
    async transmit(command) {
      if (over) throw new SecureMessagingError()
      try {
        const opened = session.open(await lower.transmit(session.protect(command)))
        if (opened.sw === missingObject || opened.sw === wrongObject) throw new SecureMessagingError(opened.sw)
        return opened
      } catch (error) {
        end(error)
        throw error
      }
    },
  })
}
