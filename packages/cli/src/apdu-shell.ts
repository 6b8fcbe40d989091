import { type CardTransport, carriesSecret, explainAtr } from '@kart/apdu'
import { CardError, DecodeError, fromHex, InputError, toHex, visibleText } from '@kart/codec'
import { type ExplainedExchange, explainExchange } from '@kart/report'

/** What one line of the shell asks for. */
export type ShellLine =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'apdu'; readonly command: Uint8Array; readonly expected: string | undefined }
  | { readonly kind: 'atr' | 'reset' | 'history' | 'help' | 'quit' }

const words = ['atr', 'reset', 'history', 'help', 'quit'] as const

/** What `help` prints. */
export const shellHelp = [
  '00A4040007A0000002471001     a command APDU in hexadecimal, spaces as you like',
  '00A4000C023F00 = 9000        the same, and the status word it must get (X stands for any digit: 61XX)',
  'atr                          the answer to reset, explained',
  'reset                        reset the card',
  'history                      the commands so far; PINs and keys are not shown',
  'quit                         let the card go',
] as const

/** Reads a line; `#` begins a comment. Throws InputError that never repeats the line, which may hold a PIN. */
export function parseShellLine(text: string): ShellLine {
  const line = text.replace(/#.*$/, '').trim()
  if (line === '') return { kind: 'nothing' }
  const word = words.find((one) => one === line.toLowerCase())
  if (word !== undefined) return { kind: word }
  const [left = '', right, ...more] = line.split('=')
  const hex = left.replace(/[\s:]/g, '')
  const expected = right?.trim().toUpperCase()
  if (!/^([0-9a-fA-F]{2})*$/.test(hex) || hex.length < 8)
    throw new InputError('APDU', 'not at least four bytes in hexadecimal, and not one of: atr, reset, history, help, quit')
  if (more.length > 0 || (expected !== undefined && !/^[0-9A-FX]{4}$/.test(expected)))
    throw new InputError('APDU', 'behind = stands no status word: four hexadecimal digits, X for any')
  return { kind: 'apdu', command: fromHex(hex), expected }
}

/** An exchange of the shell. */
export interface ShellExchange extends ExplainedExchange {
  readonly response: string
  /** Whether the status word was the one that the line asked for; undefined where it asked for none. */
  readonly asExpected: boolean | undefined
  readonly milliseconds: number
}

export interface ShellCard {
  readonly transport: CardTransport
  reset?(): Promise<void>
}

/** Carries out lines on a card and keeps what was done. */
export class ApduShell {
  readonly exchanges: ShellExchange[] = []
  readonly #card: ShellCard
  readonly #print: (text: string) => void

  constructor(card: ShellCard, print: (text: string) => void) {
    this.#card = card
    this.#print = print
  }

  /** Whether every exchange that said what to expect got it. */
  get asExpected(): boolean {
    return this.exchanges.every(({ asExpected }) => asExpected !== false)
  }

  /** Carries out a line: `quit` where it asked for the end. Throws InputError, and what the card's transport throws. */
  async execute(text: string): Promise<'go on' | 'quit'> {
    const line = parseShellLine(text)
    if (line.kind === 'quit') return 'quit'
    if (line.kind === 'apdu') await this.#send(line.command, line.expected)
    else if (line.kind === 'help') for (const help of shellHelp) this.#print(help)
    else if (line.kind === 'atr') this.#printAtr()
    else if (line.kind === 'history')
      for (const [i, { command, sw }] of this.exchanges.entries()) this.#print(`${i + 1}  ${command}  ${sw ?? '-'}`)
    else if (line.kind === 'reset') {
      if (!this.#card.reset) throw new InputError('reset', 'this card cannot be reset')
      await this.#card.reset()
      this.#print('The card was reset.')
    }
    return 'go on'
  }

  #printAtr(): void {
    const { atr } = this.#card.transport
    this.#print(toHex(atr).toUpperCase())
    try {
      for (const line of explainAtr(atr)) this.#print(`  ${visibleText(line)}`)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#print(`  not a valid ATR: ${error.message}`)
    }
  }

  async #send(command: Uint8Array, expected: string | undefined): Promise<void> {
    const started = performance.now()
    const response = await this.#card.transport.transceive(command)
    const milliseconds = Math.round((performance.now() - started) * 10) / 10
    const explained = explainExchange(command, response)
    const pattern = expected === undefined ? undefined : new RegExp(`^${expected.replaceAll('X', '.')}$`)
    const asExpected = pattern?.test(explained.sw ?? '')
    this.exchanges.push({ ...explained, response: toHex(response), asExpected, milliseconds })
    this.#print(`> ${explained.command}   ${explained.name}`)
    for (const line of explained.data) this.#print(`  ${line}`)
    const wanted = asExpected === false ? `   expected ${expected}` : ''
    this.#print(`< ${explained.sw ?? '-'} ${explained.meaning}   ${milliseconds} ms${wanted}`)
  }
}

/** Whether a line may be kept in the history of the keyboard: not one with a PIN or a key in it, nor one that cannot be read. */
export function mayKeepLine(text: string): boolean {
  try {
    const line = parseShellLine(text)
    return line.kind !== 'apdu' || !carriesSecret(line.command)
  } catch (error) {
    if (error instanceof CardError) return false
    throw error
  }
}
