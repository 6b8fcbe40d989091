import { longestExchange } from './lane.ts'
import type { CallCount } from './winscard.ts'

/** Longest command that goes by this line: it fits any socket buffer, so that it is sent whole and at once. */
export const longestByLine = 4096

/** SCardTransmit among the questions of pcsc-lite's protocol (version 4: rxHEADER, transmit_struct). */
const transmitQuestion = 9
const headerBytes = 8
const structBytes = 32
const questionBytes = headerBytes + structBytes
/** SCARD_PROTOCOL_ANY: no protocol control information is wanted back. */
const anyProtocol = 3
/** SCARD_F_COMM_ERROR, as the library says when the service hangs up. */
const communicationError = 0x80100013
/** SCARD_E_SHARING_VIOLATION: another program is in a transaction. */
const sharingViolation = 0x8010000b
/** How long to wait before asking again (pcsc-lite's PCSCLITE_LOCK_POLL_RATE). */
const retryMs = 100

/** What a line does with the file descriptor of a socket; none of these calls blocks. */
export interface SocketCalls {
  /** Sends so many bytes; gives how many were sent, or -1. */
  send(fd: number, bytes: Uint8Array, count: number): number
  /** Reads what is there; gives 0 when the other side hung up, -1 for an error, `undefined` when there is nothing yet. */
  receive(fd: number, into: Uint8Array): number | undefined
  /** Calls back, outside of any promise, whenever the socket can be read. */
  poll(fd: number, readable: () => void): SocketPoll
}

export interface SocketPoll {
  start(): void
  stop(): void
  ref(): void
  unref(): void
  close(): void
}

/** Tells the return code and, where that is 0, the response; must not throw. */
export type ExchangeDone = (code: number, response: Uint8Array | undefined) => void

export interface LineCommand {
  readonly card: number
  /** 1 for T=0, 2 for T=1, 4 for raw. */
  readonly protocol: number
  /** Bytes of SCARD_IO_REQUEST on this system. */
  readonly pciBytes: number
  readonly command: Uint8Array
}

/** Results are told after the poll phase of the loop: there, unlike in the callback of a poll, promises go on at once. */
const results: (() => void)[] = []
function tell(result: () => void): void {
  if (results.push(result) === 1) setImmediate(tellAll)
}
function tellAll(): void {
  for (const result of results.splice(0)) result()
}

/**
 * Exchanges APDUs over the socket by which the PC/SC library itself speaks to pcsc-lite for one context. The library's SCardTransmit waits on
 * a thread for the answer; this waits in the event loop, so that no exchange, however long, holds a thread of libuv's pool. Used in turn with
 * the library and never beside it: {@link pause} comes before each call of the library on this context.
 */
export class ServiceLine {
  readonly #fd: number
  readonly #calls: CallCount
  readonly #socket: SocketCalls
  readonly #question = new Uint8Array(questionBytes + longestByLine)
  readonly #questionWords = new Uint32Array(this.#question.buffer, 0, questionBytes / 4)
  readonly #answer = new Uint8Array(structBytes + longestExchange)
  readonly #answerWords = new Uint32Array(this.#answer.buffer, 0, structBytes / 4)
  #poll: SocketPoll | undefined
  #polling = false
  #length = 0
  #received = 0
  #again: NodeJS.Timeout | undefined
  /** What to tell the answer that is awaited. */
  #done: ExchangeDone | undefined
  /** From the question until its answer was told. */
  #busy = false
  #abandoned = false
  #usable = true

  constructor(fd: number, calls: CallCount, socket: SocketCalls) {
    this.#fd = fd
    this.#calls = calls
    this.#socket = socket
    this.#questionWords.set([structBytes, transmitQuestion])
  }

  /** Whether a command of this length can be sent now. */
  takes(length: number): boolean {
    return this.#usable && !this.#busy && length <= longestByLine
  }

  /** Sends the command before it returns, and calls back once. */
  exchange({ card, protocol, pciBytes, command }: LineCommand, done: ExchangeDone): void {
    const words = this.#questionWords
    words[2] = card
    words[3] = protocol
    words[4] = pciBytes
    words[5] = command.length
    words[6] = anyProtocol
    words[7] = pciBytes
    words[8] = longestExchange
    words[9] = 0
    this.#question.set(command, questionBytes)
    this.#length = questionBytes + command.length
    this.#received = 0
    this.#done = done
    this.#busy = true
    this.#calls.pending++
    this.#send()
  }

  #send(): void {
    this.#watch()
    if (this.#socket.send(this.#fd, this.#question, this.#length) !== this.#length) this.#fail()
  }

  /** Asks again while another program holds the card, as the library does on its thread: the service has not passed the command on. */
  #sendLater(): void {
    this.#received = 0
    this.#again = setTimeout(() => {
      this.#again = undefined
      this.#send()
    }, retryMs)
  }

  /** Leaves the socket to the library. */
  pause(): void {
    if (!this.#polling) return
    this.#polling = false
    this.#poll?.stop()
  }

  /** Gives up on an answer: the process may end without it, and a command that waits for another program is not sent any more. */
  abandon(): void {
    this.#poll?.unref()
    this.#abandoned = true
    if (this.#again === undefined) return
    clearTimeout(this.#again)
    this.#finish(sharingViolation, undefined)
  }

  /** Ends the line; the socket stays the library's to close. */
  close(): void {
    this.#usable = false
    this.pause()
    this.#poll?.close()
    this.#poll = undefined
  }

  #watch(): void {
    if (this.#abandoned) this.#poll?.ref()
    this.#abandoned = false
    if (this.#polling) return
    this.#polling = true
    if (this.#poll) this.#poll.start()
    else this.#poll = this.#socket.poll(this.#fd, this.#read)
  }

  readonly #read = (): void => {
    // Nothing was asked, or it is to be asked again: the service hung up, which the library will find out by itself.
    if (this.#done === undefined || this.#again !== undefined) this.pause()
    else this.#readAnswer()
  }

  #readAnswer(): void {
    const room = this.#received === 0 ? this.#answer : this.#answer.subarray(this.#received)
    const count = this.#socket.receive(this.#fd, room)
    if (count === undefined) return
    if (count <= 0) {
      this.#fail()
      return
    }
    this.#received += count
    if (this.#received >= structBytes) this.#takeAnswer()
  }

  #takeAnswer(): void {
    const [code, length] = [this.#answerWords[7]!, this.#answerWords[6]!]
    const end = structBytes + length
    if (code === sharingViolation) this.#sendLater()
    else if (code !== 0) this.#finish(code, undefined)
    else if (length > longestExchange) this.#fail()
    else if (this.#received >= end) {
      const response = this.#answer.slice(structBytes, end)
      this.#answer.fill(0, structBytes, end)
      this.#finish(0, response)
    }
  }

  #fail(): void {
    this.close()
    this.#finish(communicationError, undefined)
  }

  #finish(code: number, response: Uint8Array | undefined): void {
    // A PIN or a key may have stood there.
    this.#question.fill(0, questionBytes, this.#length)
    this.#again = undefined
    const done = this.#done
    this.#done = undefined
    tell(() => {
      this.#busy = false
      this.#calls.pending--
      done?.(code, response)
    })
  }
}
