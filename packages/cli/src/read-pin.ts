import { lstatSync } from 'node:fs'
import { InputError } from '@kart/codec'
import { readInput } from './read-file.ts'

/** The environment variable that a token's PIN is taken from. */
export const pinVariable = 'KART_PKCS11_PIN'

const longestPin = 255

/** The first line of a file that its owner alone may read. */
function pinFromFile(path: string, option: string): string {
  if (process.platform !== 'win32' && (lstatSync(path).mode & 0o077) !== 0)
    throw new InputError(option, 'may be opened by others than its owner: chmod 600 first')
  const bytes = readInput(path)
  const end = bytes.findIndex((byte) => byte === 0x0a || byte === 0x0d)
  const text = Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8')
  bytes.fill(0)
  return text
}

/** Asks at the terminal, on standard error, and shows nothing of what is typed. */
function askFor(what: string): Promise<string> {
  const { stdin, stderr } = process
  stderr.write(`${what}: `)
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
        if (character === '\u0003' || character === '\u0004') return end(() => reject(new InputError('PIN', 'none was given')))
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
  /** The environment variable that it is taken from, and out of. */
  readonly variable: string
  /** The option that names a file, and the file that it named. */
  readonly option: string
  readonly file: string | undefined
}

/**
 * A secret from a file, from the environment (and taken out of it), or asked for at the terminal; never from the command line, which other users of the machine can
 * see. Throws InputError.
 */
export async function readSecret({ what, variable, option, file }: SecretSource): Promise<string> {
  const fromEnvironment = process.env[variable]
  delete process.env[variable]
  const secret =
    file !== undefined
      ? pinFromFile(file, option)
      : (fromEnvironment ?? (process.stdin.isTTY && process.stderr.isTTY ? await askFor(what) : undefined))
  if (secret === undefined) throw new InputError('PIN', `give the ${what} in ${variable}, or in a file with ${option}`)
  if (secret.length === 0 || secret.length > longestPin) throw new InputError('PIN', 'is empty or too long')
  return secret
}

/** The PIN of a token, as {@link readSecret}. Throws InputError. */
export const readPin = (token: string, file: string | undefined): Promise<string> =>
  readSecret({ what: `PIN of token ${token}`, variable: pinVariable, option: '--pin-file', file })
