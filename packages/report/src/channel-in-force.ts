import type { TraceEntry } from '@kart/apdu/host'

/** Secure channels by the protocol that opened them. */
export type ChannelName = 'BAC' | 'PACE' | 'CA' | 'SCP03' | 'SCP02'

/** Follows plain exchanges to know which secure channel each of them went through. */
export class ChannelInForce {
  #chosen: 'PACE' | 'CA' | undefined
  #scp: 'SCP03' | 'SCP02' = 'SCP03'
  #open: ChannelName | undefined

  /** The channel that carried the exchange, when it was protected; takes note of what it opened. */
  of({ command, response }: TraceEntry, isProtected: boolean): ChannelName | undefined {
    const carriedBy = isProtected ? this.#open : undefined
    if (response?.sw === 0x9000 || (response !== undefined && (response.sw & 0xfff0) === 0x63c0)) this.#note(command, response.data)
    return carriedBy
  }

  #note({ cla, ins, p1, p2 }: TraceEntry['command'], answer: Uint8Array): void {
    const isGlobalPlatform = (cla & 0x80) !== 0
    if (ins === 0x22 && p2 === 0xa4) this.#chosen = p1 === 0xc1 ? 'PACE' : p1 === 0x41 ? 'CA' : this.#chosen
    // MSE:Set KAT is all of chip authentication with triple DES (BSI TR-03110-3 v2.21, B.2).
    else if (ins === 0x22 && p2 === 0xa6) this.#open = 'CA'
    else if (ins === 0x86 && (cla & 0x10) === 0) this.#open = this.#chosen ?? this.#open
    // Byte 11 of the answer says which protocol (GlobalPlatform Card Specification 2.3.1, E.5.1; Amendment D v1.2, 7.1.1).
    else if (ins === 0x50 && isGlobalPlatform) this.#scp = answer[11] === 0x02 ? 'SCP02' : 'SCP03'
    else if (ins === 0x82 && isGlobalPlatform) this.#open = this.#scp
    // BAC answers its EXTERNAL AUTHENTICATE; terminal authentication does not, and stays in the channel that there is.
    else if (ins === 0x82 && answer.length > 0) this.#open = 'BAC'
  }
}
