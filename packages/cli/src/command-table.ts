import type { Command } from 'commander'
import type { Runner } from './runner.ts'

/** What each command does, in one line. */
export const summaries = {
  demo: 'make a card from an enrollment record, then read it, prove it genuine and match its holder’s finger',
  pki: 'test keys and certificates that sign cards',
  cvc: 'test certificates by which terminals may read fingerprints (CVCA, document verifier, terminal)',
  keys: 'master keys of cards: make, list, and explain how a card’s keys follow from them',
  issue: 'personalize a card from an enrollment record',
  verify: 'prove a card genuine and, with --probe, match its holder’s finger',
  sign: 'sign a file with the card (CMS, CAdES-B-B), or with --verify say who signed it',
  pin: 'the holder’s PINs and fingers: tries left, change, unblock',
  read: 'read a card and show what it holds; nothing is checked (see "kart verify")',
  tree: 'draw the file tree with its access rules: of a card, or of the profile when no card is named',
  emulate: 'plug emulated cards into the PC/SC system (virtual readers: vpcd, kart), until Ctrl-C',
  readers: 'list smart-card readers, the cards in them, and their ATRs explained',
  apdu: 'send APDUs to a card: a shell, a script, or the arguments; answers explained',
  trace: 'record what goes between a command and its card, replay it, or show it plain beside protected',
  match: 'compare two fingerprint templates (exit 0: the same finger, 1: no match)',
  gallery: 'galleries of templates to search in: build from a folder, show, or invent one of any size',
  identify: 'search a gallery for the owner of a finger (exit 0: somebody reaches the threshold, 1: nobody)',
  bench: 'measure this machine: kart bench match',
  minutiae: 'show a fingerprint template, or convert it to another format',
} as const satisfies Record<string, string>

export interface CommandRow {
  readonly name: keyof typeof summaries
  /** Its name and arguments. */
  readonly usage: string
  readonly hasOptions: boolean
  /** Loads what the command is made of, which is most of Kart, and gives what adds it to a program. */
  readonly load: () => Promise<(program: Command, run: Runner) => void>
}

/** Every command, in the order of the help. */
export const commandTable: readonly CommandRow[] = [
  { name: 'demo', usage: 'demo', hasOptions: true, load: async () => (await import('./commands/demo.ts')).addDemoCommand },
  { name: 'pki', usage: 'pki', hasOptions: false, load: async () => (await import('./commands/pki.ts')).addPkiCommand },
  { name: 'cvc', usage: 'cvc', hasOptions: false, load: async () => (await import('./commands/cvc.ts')).addCvcCommand },
  { name: 'keys', usage: 'keys', hasOptions: false, load: async () => (await import('./commands/keys.ts')).addKeysCommand },
  { name: 'issue', usage: 'issue <record>', hasOptions: true, load: async () => (await import('./commands/issue.ts')).addIssueCommand },
  { name: 'verify', usage: 'verify', hasOptions: true, load: async () => (await import('./commands/verify.ts')).addVerifyCommand },
  { name: 'sign', usage: 'sign <file>', hasOptions: true, load: async () => (await import('./commands/sign.ts')).addSignCommand },
  { name: 'pin', usage: 'pin', hasOptions: false, load: async () => (await import('./commands/pin.ts')).addPinCommand },
  { name: 'read', usage: 'read', hasOptions: true, load: async () => (await import('./commands/read.ts')).addReadCommand },
  { name: 'tree', usage: 'tree', hasOptions: true, load: async () => (await import('./commands/tree.ts')).addTreeCommand },
  { name: 'emulate', usage: 'emulate', hasOptions: true, load: async () => (await import('./commands/emulate.ts')).addEmulateCommand },
  { name: 'readers', usage: 'readers', hasOptions: true, load: async () => (await import('./commands/readers.ts')).addReadersCommand },
  { name: 'apdu', usage: 'apdu [commands...]', hasOptions: true, load: async () => (await import('./commands/apdu.ts')).addApduCommand },
  { name: 'trace', usage: 'trace', hasOptions: false, load: async () => (await import('./commands/trace.ts')).addTraceCommand },
  {
    name: 'match',
    usage: 'match <probe> <candidate>',
    hasOptions: true,
    load: async () => (await import('./commands/match.ts')).addMatchCommand,
  },
  {
    name: 'gallery',
    usage: 'gallery',
    hasOptions: false,
    load: async () => (await import('./commands/gallery.ts')).addGalleryCommand,
  },
  {
    name: 'identify',
    usage: 'identify <probe...>',
    hasOptions: true,
    load: async () => (await import('./commands/identify.ts')).addIdentifyCommand,
  },
  { name: 'bench', usage: 'bench', hasOptions: false, load: async () => (await import('./commands/bench.ts')).addBenchCommand },
  {
    name: 'minutiae',
    usage: 'minutiae <file>',
    hasOptions: true,
    load: async () => (await import('./commands/minutiae.ts')).addMinutiaeCommand,
  },
]

/** Adds the row of the help that a command has; it is not the command itself, which need not be loaded for that. */
export function addHelpRow(program: Command, row: CommandRow): void {
  const stub = program.command(row.usage).description(summaries[row.name])
  if (row.hasOptions) stub.option('--json')
}

/** The commands that the arguments behind `kart` may be for: the first word, or the one behind `help`. */
export function commandsNamed(args: readonly string[]): readonly string[] {
  const words = args.filter((arg) => !arg.startsWith('-'))
  return words.slice(0, words[0] === 'help' ? 2 : 1)
}
