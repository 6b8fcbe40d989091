import { lstatSync } from 'node:fs'
import { InputError, visibleText } from '@kart/codec'
import { toLatinDigits } from '@kart/layout'
import { InterruptedError } from './interrupt.ts'
import { readInput } from './read-file.ts'

/** The environment variable that a token's PIN is taken from. */
export const pinVariable = 'KART_PKCS11_PIN'

const longestPin = 255

/** The first line of a file that its owner alone may read. */
function pinFromFile(path: string, option: string): string {
  if (process.platform !== 'win32' && (lstatSync(path).mode & 0o077) !== 0)
    throw new InputError(option, 'may be opened by others than its owner: chmod 600 first')
  const bytes = readInput(path)
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw new InputError(option, 'is UTF-16 text: save it as UTF-8')
  const end = bytes.findIndex((byte) => byte === 0x0a || byte === 0x0d)
  const text = Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8')
  bytes.fill(0)
  // A byte order mark is an editor's, and no part of the PIN.
  return text.replace(/^\ufeff/, '')
}

/** Asks at the terminal, on standard error, and shows nothing of what is typed. */
function askFor(what: string): Promise<string> {
  const { stdin, stderr } = process
  // The label of a PIN is the card's own text.
  stderr.write(`${visibleText(what)}: `)
  return new Promise((resolve, reject) => {
    let typed = ''
    const end = (finish: () => void) => {
      stdin.setRawMode(false)
      stdin.pause()
      stdin.off('data', listen)
      stderr.write('\n')
      finish()
    }
    const listen = (chunk: Buffer) => {
      for (const character of chunk.toString('utf8')) {
        if (character === '\r' || character === '\n') return end(() => resolve(typed))
        if (character === '\u0003' || character === '\u0004') {
          const interrupted = character === '\u0003'
          return end(() =>
            reject(
              interrupted ? new InterruptedError('PIN: interrupted; it was not sent to the card') : new InputError('PIN', 'none was given'),
            ),
          )
        }
        typed = character === '\u007f' || character === '\b' ? typed.slice(0, -1) : typed + character
      }
    }
    stdin.setRawMode(true)
    stdin.resume()
    stdin.on('data', listen)
  })
}

/** One secret that a command needs, and where it may come from. */
export interface SecretSource {
  /** For people: `PIN of token cards`. */
  readonly what: string
  /** What is said beside it at a terminal, as `, 3 tries left`; nothing unless told. */
  readonly note?: string
  /** The environment variable that it is taken from, and out of. */
  readonly variable: string
  /** The option that names a file, and the file that it named. */
  readonly option: string
  readonly file: string | undefined
}

/**
 * A secret from a file, from the environment (and taken out of it), or asked for at the terminal; never from the command line, which other users of the machine can
 * see. Throws InputError, and InterruptedError for Ctrl-C at the question.
 */
export async function readSecret(source: SecretSource): Promise<string> {
  return (await readOnce(source)).secret
}

/** As {@link readSecret}; at the terminal it is asked for twice, as nobody sees what is typed. Digits of another script count as the same. Throws as that. */
export async function readNewSecret(source: SecretSource): Promise<string> {
  const { secret, typed } = await readOnce(source)
  if (typed && toLatinDigits(await askFor(`${source.what}, once more`)) !== toLatinDigits(secret))
    throw new InputError(source.what, 'the two that were typed differ; nothing was sent to the card')
  return secret
}

async function readOnce({
  what,
  note = '',
  variable,
  option,
  file,
}: SecretSource): Promise<{ readonly secret: string; readonly typed: boolean }> {
  const fromEnvironment = process.env[variable]
  delete process.env[variable]
  const given = file !== undefined ? pinFromFile(file, option) : fromEnvironment
  const typed = given === undefined && process.stdin.isTTY === true && process.stderr.isTTY === true
  const secret = typed ? await askFor(`${what}${note}`) : given
  if (secret === undefined) throw new InputError('PIN', `give the ${what} in ${variable}, or in a file with ${option}`)
  if (secret.length === 0 || secret.length > longestPin) throw new InputError('PIN', 'is empty or too long')
  return { secret, typed }
}

/** The PIN of a token, as {@link readSecret}. */
export const readPin = (token: string, file: string | undefined): Promise<string> =>
  readSecret({ what: `PIN of token ${token}`, variable: pinVariable, option: '--pin-file', file })
