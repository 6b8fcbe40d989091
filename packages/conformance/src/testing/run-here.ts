import { PassThrough } from 'node:stream'
import { run } from '@kart/cli'

/** What a command said, and its exit code. */
export interface HereRun {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a command in this process. */
export async function kart(...args: readonly string[]): Promise<HereRun> {
  const said = { stdout: '', stderr: '' }
  const before = { stdout: process.stdout.write, stderr: process.stderr.write }
  for (const name of ['stdout', 'stderr'] as const)
    process[name].write = ((text: unknown) => {
      said[name] += String(text)
      return true
    }) as typeof process.stdout.write
  try {
    return { code: await run(args), out: said.stdout, err: said.stderr }
  } finally {
    process.stdout.write = before.stdout
    process.stderr.write = before.stderr
  }
}

/** Runs a command in this process at a terminal, where a line is typed at each question. */
export async function kartTyping(lines: readonly string[], ...args: readonly string[]): Promise<HereRun> {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => stdin })
  const before = { stdin: Object.getOwnPropertyDescriptor(process, 'stdin')!, isTTY: process.stderr.isTTY }
  const left = [...lines]
  Object.defineProperty(process, 'stdin', { value: stdin, configurable: true })
  process.stderr.isTTY = true
  // A question sets the terminal to raw mode and listens; what is typed comes then.
  stdin.setRawMode = () => {
    if (stdin.listenerCount('data') === 0) setImmediate(() => stdin.write(`${left.shift() ?? '\u0004'}\r`))
    return stdin
  }
  try {
    return await kart(...args)
  } finally {
    Object.defineProperty(process, 'stdin', before.stdin)
    process.stderr.isTTY = before.isTTY
  }
}
