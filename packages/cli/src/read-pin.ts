import { lstatSync } from 'node:fs'
import { InputError } from '@kart/codec'
import { readInput } from './read-file.ts'

/** The environment variable that a token's PIN is taken from. */
export const pinVariable = 'KART_PKCS11_PIN'

const longestPin = 255

/** The first line of a file that its owner alone may read. */
function pinFromFile(path: string): string {
  if (process.platform !== 'win32' && (lstatSync(path).mode & 0o077) !== 0)
    throw new InputError('--pin-file', 'may be opened by others than its owner: chmod 600 first')
  const bytes = readInput(path)
  const end = bytes.findIndex((byte) => byte === 0x0a || byte === 0x0d)
  const text = Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8')
  bytes.fill(0)
  return text
}

/** Asks at the terminal, on standard error, and shows nothing of what is typed. */
function askForPin(token: string): Promise<string> {
  const { stdin, stderr } = process
  stderr.write(`PIN of token ${token}: `)
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

/**
 * The PIN of a token: from a file, from the environment (and taken out of it), or asked for at the terminal; never from the command line, which other users of
 * the machine can see. Throws InputError.
 */
export async function readPin(token: string, pinFile: string | undefined): Promise<string> {
  const fromEnvironment = process.env[pinVariable]
  delete process.env[pinVariable]
  const pin =
    pinFile !== undefined
      ? pinFromFile(pinFile)
      : (fromEnvironment ?? (process.stdin.isTTY && process.stderr.isTTY ? await askForPin(token) : undefined))
  if (pin === undefined) throw new InputError('PIN', `give the token’s PIN in ${pinVariable}, or in a file with --pin-file`)
  if (pin.length === 0 || pin.length > longestPin) throw new InputError('PIN', 'is empty or too long')
  return pin
}
