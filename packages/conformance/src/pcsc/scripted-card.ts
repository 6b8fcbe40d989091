import { concatBytes, equalBytes, fromHex } from '@kart/codec'
import type { PluggableCard } from '@kart/emulator'

/** Where the plug's calls go: what the reader did to the card, in order. */
export type CardHappening = 'on' | 'off' | 'reset' | 'apdu'

/** A card of a few fixed answers, to test drivers with: it knows nothing of files or keys. */
export class ScriptedCard implements PluggableCard {
  readonly atr: Uint8Array
  readonly happenings: CardHappening[] = []
  /** The last command as it came. */
  lastCommand: Uint8Array = new Uint8Array()
  /** Set by `00 A4`, lost on reset or power-off: shows whether a disposition did what it says. */
  #selected = false
  /** Called before an answer is made, for what should happen in the middle of a command. */
  onCommand: ((command: Uint8Array) => void) | undefined

  constructor(atr: Uint8Array = fromHex('3B8D80018031FE739621C0554F7345494466')) {
    this.atr = atr
  }

  powerOn(): void {
    this.happenings.push('on')
    this.#selected = false
  }

  powerOff(): void {
    this.happenings.push('off')
    this.#selected = false
  }

  reset(): void {
    this.happenings.push('reset')
    this.#selected = false
  }

  /**
   * `00 A4`: selects. `00 CA`: 9000 when selected, else 6985. `80 10 hh ll`: hhll bytes counting up, then 9000. Anything else: the
   * command itself is kept, 9000.
   */
  process(command: Uint8Array): Uint8Array {
    this.happenings.push('apdu')
    this.lastCommand = command.slice()
    this.onCommand?.(command)
    const starts = (hex: string) => equalBytes(command.subarray(0, 2), fromHex(hex))
    if (starts('00A4')) {
      this.#selected = true
      return fromHex('9000')
    }
    if (starts('00CA')) return fromHex(this.#selected ? '9000' : '6985')
    if (starts('8010')) return concatBytes(countingBytes((command[2] ?? 0) * 256 + (command[3] ?? 0)), fromHex('9000'))
    return fromHex('9000')
  }
}

/** 00, 01, ... FF, 00, ...: so many bytes, of which a missing or doubled one shows. */
export function countingBytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i & 0xff)
}
