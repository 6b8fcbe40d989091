import { rmSync } from 'node:fs'
import { InputError, visibleText } from '@kart/codec'
import type { PersonalizationReport, SecretKeeper, TransportPins } from '@kart/personalization'
import type { Output } from './output.ts'
import { standardOutputLost } from './standard-output.ts'
import { writeOnce } from './write-file.ts'

/** Where what is told once goes: into files that are named, else onto standard output. */
export interface SecretTargets {
  readonly canFile?: string
  readonly letter?: string
}

/** A keeper that writes and shows, and what to say after a run that failed. */
export interface SecretsOutput extends SecretKeeper {
  /** Says, after a failure, what the files and what was shown are worth; nothing where nothing was handed over. */
  explainFailure(): void
}

/** A line a PIN: its label, the PIN, its PUK. */
function pinLines(pins: TransportPins): string[] {
  return Object.entries(pins).map(([label, { pin, puk }]) => `${label} ${pin}${puk === undefined ? '' : `, PUK ${puk}`}`)
}

/** A pipe that nobody reads or a full disk is heard of a moment after the write. Throws InputError, and no card is finished that has told nobody its PINs. */
async function provedWritten(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  if (standardOutputLost())
    throw new InputError(
      'standard output',
      'cannot be written, so nobody would know the card’s PINs and numbers: name files for them, --letter and --can-file',
    )
}

/**
 * Files first, as they may fail; then what no file was named for, on standard output: lines for people, or the beginning of the JSON document. `show` runs where nothing
 * else draws on the terminal.
 */
export function secretsOutput(output: Output, targets: SecretTargets, show: (print: () => void) => Promise<void>): SecretsOutput {
  const written: string[] = []
  let shown = false
  let state: 'none' | 'kept' | 'dropped' = 'none'
  const removeAll = () => {
    for (const path of written.splice(0)) rmSync(path, { force: true })
  }
  const write = (path: string | undefined, text: string | undefined) => {
    if (path === undefined || text === undefined) return
    writeOnce(path, text)
    written.push(path)
  }
  const print = (can: string | undefined, pins: TransportPins | undefined) => {
    output.begin({ ...(can === undefined ? {} : { can }), ...(pins === undefined ? {} : { pins }) })
    if (can !== undefined) output.line(`  card access number ${can}: print it on the card, it is not told again`)
    if (pins === undefined) return
    output.line(
      '  PINs for the letter to the holder, who changes each before it is first used ("kart pin change"); they are not told again:',
    )
    for (const line of pinLines(pins)) output.line(`    ${line}`)
  }
  return {
    async keep({ can, pins }: PersonalizationReport['forPrinter']) {
      const { canFile, letter } = targets
      const told = { can: canFile === undefined ? can : undefined, pins: letter === undefined ? pins : undefined }
      try {
        write(canFile, can && `${can}\n`)
        write(letter, pins && `${pinLines(pins).join('\n')}\n`)
        shown = told.can !== undefined || told.pins !== undefined
        if (shown) await show(() => print(told.can, told.pins))
        if (shown) await provedWritten()
      } catch (error) {
        removeAll()
        throw error
      }
      state = 'kept'
    },
    drop() {
      removeAll()
      state = 'dropped'
    },
    explainFailure() {
      if (state === 'dropped') {
        if (shown)
          output.aside('The PINs and numbers told above are void: the card was not finished, and gets others when it is written anew.')
        return
      }
      if (state === 'none') return
      const files = written.map(visibleText)
      const where = [...files, ...(shown ? ['what was told above'] : [])].join(' and ')
      output.aside(
        `Keep ${where}: the card may be finished, and nothing else tells its PINs and numbers. Run the same again with --allow-unfinished, which says which: ` +
          '"personalized already" or "SECURED", and they are this card’s; if not, it gets others.',
      )
    },
  }
}
