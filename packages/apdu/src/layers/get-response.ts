import { joinBytes, LimitError } from '@kart/codec'
import type { ResponseApdu } from '../apdu.ts'
import type { ChannelLayer } from '../channel.ts'
import { bareClass } from '../class-byte.ts'

/** Rounds that any response may take, and the bytes that a round must bring on average beyond them (house rule): answers of a byte or none end soon. */
const freeRounds = 8
const bytesARound = 16

/** Bounds of {@link getResponse}. */
export interface GetResponseLimits {
  /** Most GET RESPONSE commands for one command; 512 unless told: twice what 65536 bytes take at 256 a round. Beyond eight of them, each must bring 16 bytes on average. */
  readonly rounds?: number
  /** Most response bytes in all; 65536 unless told, which is what one response APDU can hold. */
  readonly bytes?: number
}

/**
 * Fetches what a card holds back behind 61xx with GET RESPONSE and hands it on as one response (ISO/IEC 7816-4:2020, 5.3.4 and 11.8).
 * The class byte is the command's without its chaining and secure-messaging bits. A 6Cxx to GET RESPONSE is obeyed within the same bound.
 * Throws LimitError when the card does not come to an end.
 */
export function getResponse(limits: GetResponseLimits = {}): ChannelLayer {
  const maxRounds = limits.rounds ?? 512
  const maxBytes = limits.bytes ?? 65536
  return (lower) => ({
    async transmit(command): Promise<ResponseApdu> {
      let response = await lower.transmit(command)
      if (response.sw >> 8 !== 0x61) return response
      const parts = [response.data]
      let total = response.data.length
      const cla = bareClass(command.cla)
      for (let round = 0; response.sw >> 8 === 0x61 || (round > 0 && response.sw >> 8 === 0x6c); round++) {
        const allowed = Math.min(maxRounds, freeRounds + Math.floor(total / bytesARound))
        if (round >= allowed) throw new LimitError('GET RESPONSE rounds', allowed)
        response = await lower.transmit({ cla, ins: 0xc0, p1: 0, p2: 0, data: new Uint8Array(0), ne: response.sw & 0xff || 256 })
        parts.push(response.data)
        total += response.data.length
        if (total > maxBytes) throw new LimitError('response bytes behind 61xx', maxBytes)
      }
      return { data: joinBytes(parts), sw: response.sw }
    },
  })
}
