import { rmSync } from 'node:fs'
import { InputError, visibleText } from '@kart/codec'
import type { PersonalizationReport, SecretKeeper, TransportPins } from '@kart/personalization'
import type { Output } from './output.ts'
import { standardOutputLost } from './standard-output.ts'
import { writeNew } from './write-file.ts'

/** Where what is told once goes: into files that are named, else onto standard output. */
export interface SecretTargets {
  readonly canFile?: string
  readonly letter?: string
  readonly soPinFile?: string
}

/** By which a letter and its card are found together: what is printed on the card, and its chip. */
export interface CardIdentity {
  readonly documentNumber: string
  /** Hex. */
  readonly iccSerial: string
}

/** A keeper that writes and shows, and what to say after a run that failed. */
export interface SecretsOutput extends SecretKeeper {
  /** Says, after a failure, what the files and what was shown are worth; nothing where nothing was handed over. */
  explainFailure(): void
  /** Told before {@link SecretKeeper.keep}: which card the files are of. */
  identify(identity: CardIdentity): void
  /** Says, of a card that is finished, which files go with it. */
  explainFiles(): void
  /** The files that were written, by what each holds. */
  readonly files: { readonly can?: string; readonly letter?: string; readonly soPin?: string }
}

const officer = 'SO-PIN'

/** A line a PIN: its label, the PIN, its PUK. */
function pinLines(pins: TransportPins): string[] {
  return Object.entries(pins).map(([label, { pin, puk }]) => `${label} ${pin}${puk === undefined ? '' : `, PUK ${puk}`}`)
}

/** The lines that begin every file: what it is and of which card (docs/card.md, What is told once). */
const headLines = (what: string, { documentNumber, iccSerial }: CardIdentity): string[] => [
  `# ${what}`,
  `# document ${documentNumber}`,
  `# chip ${iccSerial}`,
]

/** Whether the head of a file names this document; undefined where it has no such head. */
export function isOfDocument(text: string, documentNumber: string): boolean | undefined {
  const named = /^# document (\S+)$/m.exec(text)?.[1]
  return named === undefined ? undefined : named === documentNumber
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
  const files: { can?: string; letter?: string; soPin?: string } = {}
  let identity: CardIdentity = { documentNumber: 'unknown', iccSerial: 'unknown' }
  let shown = false
  let state: 'none' | 'kept' | 'dropped' = 'none'
  const removeAll = () => {
    for (const path of written.splice(0)) rmSync(path, { force: true })
    for (const name of ['can', 'letter', 'soPin'] as const) delete files[name]
  }
  const write = (name: keyof typeof files, path: string | undefined, what: string, lines: readonly string[]) => {
    if (path === undefined || lines.length === 0) return
    writeNew(path, `${[...headLines(what, identity), ...lines].join('\n')}\n`)
    written.push(path)
    files[name] = path
  }
  const print = (can: string | undefined, pins: TransportPins | undefined) => {
    output.begin({ ...(can === undefined ? {} : { can }), ...(pins === undefined ? {} : { pins }) })
    if (can !== undefined) output.line(`  card access number ${can}: print it on the card, it is not told again`)
    if (pins === undefined) return
    output.line(
      '  PINs for the letter to the holder, who changes each before it is first used ("kart pin change"); they are not told again:',
    )
    for (const line of pinLines(pins))
      output.line(`    ${line}${line.startsWith(officer) ? ' (for the office only, not for the letter)' : ''}`)
  }
  return {
    async keep({ can, pins }: PersonalizationReport['forPrinter']) {
      const { canFile, letter, soPinFile } = targets
      const entries = Object.entries(pins ?? {})
      const [own, office] = [false, true].map((isOffice) =>
        Object.fromEntries(entries.filter(([label]) => (label === officer) === isOffice)),
      )
      // Without a file of its own the officer's PIN stands wherever the others do.
      const shownPins = { ...(letter === undefined ? own : {}), ...(letter === undefined && soPinFile === undefined ? office : {}) }
      const told = { can: canFile === undefined ? can : undefined, pins: Object.keys(shownPins).length === 0 ? undefined : shownPins }
      const officeLines = pinLines(office ?? {})
      try {
        write('can', canFile, 'card access number, for the printer', can === undefined ? [] : [can])
        const below =
          soPinFile === undefined && officeLines.length > 0
            ? ['', '# for the office only: cut off before this goes to the holder', ...officeLines]
            : []
        write('letter', letter, 'PINs and PUKs, for the letter to the holder', pins === undefined ? [] : [...pinLines(own ?? {}), ...below])
        write('soPin', soPinFile, 'SO-PIN, for the office only', officeLines)
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
    files,
    identify(card) {
      identity = card
    },
    explainFiles() {
      const { can, letter, soPin } = files
      if (can !== undefined) output.line(`  card access number, for the printer: written to ${visibleText(can)}`)
      if (letter !== undefined)
        output.line(
          `  PINs and PUKs, for the letter to the holder: written to ${visibleText(letter)}${soPin === undefined ? '; the SO-PIN at its end is for the office (--so-pin-file)' : ''}`,
        )
      if (soPin !== undefined) output.line(`  SO-PIN, for the office only: written to ${visibleText(soPin)}`)
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
