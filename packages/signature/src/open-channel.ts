import {
  type CardChannel,
  type CardTransport,
  commandChaining,
  getResponse,
  openChannel,
  readFile,
  selectFile,
  selectMf,
  send,
  wrongLength,
} from '@kart/apdu/host'
import { InputError } from '@kart/codec'
import { efCardAccessCodec } from '@kart/layout'
import { canPassword, choosePace, performPace, secureMessagingLayer } from '@kart/secure-channel'

/** A channel to the holder's application, and how to end it. */
export interface HolderChannel {
  readonly channel: CardChannel
  /** Whether everything goes through PACE. */
  readonly secured: boolean
  /** Erases the session keys, where there are some. */
  destroy(): void
}

const cardAccess = 0x011c

/**
 * Opens a channel for the commands of the PKCS#15 application: with the card access number inside PACE, as a card without contacts asks, in clear without it.
 * Data longer than a short command holds goes as a chain. Throws AuthenticationError for a wrong number, InputError for a card without a usable PACE, StatusWordError,
 * DecodeError, TransportError.
 */
export async function openHolderChannel(transport: CardTransport, can?: string): Promise<HolderChannel> {
  const base = openChannel(transport, getResponse(), wrongLength())
  if (can === undefined) return { channel: commandChaining()(base), secured: false, destroy: () => undefined }
  const password = canPassword(can)
  try {
    await send(base, selectMf())
    await send(base, selectFile(cardAccess, { label: 'EF.CardAccess' }))
    const bytes = await readFile(base, { maxLength: 512, name: 'EF.CardAccess' })
    const { selection } = choosePace(efCardAccessCodec.decode(bytes).securityInfos)
    if (selection === undefined) throw new InputError('card', 'offers no variant of PACE that is taken here')
    const { session } = await performPace(base, { selection, password })
    return { channel: commandChaining()(secureMessagingLayer(session)(base)), secured: true, destroy: () => session.destroy() }
  } finally {
    password.destroy()
  }
}
