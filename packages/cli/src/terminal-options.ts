import { existsSync } from 'node:fs'
import { InputError } from '@kart/codec'
import { loadCvc, signerOf, terminalIn } from '@kart/personalization'
import type { AccessPolicy, TerminalCredentials } from '@kart/verification'
import type { Command } from 'commander'

export interface TerminalOptions {
  readonly cvc?: string
  readonly terminal?: string
  readonly allowBac?: boolean
}

/** Adds the options that say how far a terminal may go: its certificates, and whether the older access protocol is allowed. */
export function withTerminalOptions(command: Command): Command {
  return command
    .option('--cvc <dir>', 'authenticate this terminal to the card: its CV certificates and key (made by "kart cvc init")')
    .option('--terminal <name>', 'the terminal in that folder; the newest unless told')
    .option('--allow-bac', 'open a card that offers no PACE with the older protocol BAC; the report says so')
}

/** What lies in a folder of CV certificates that the user named by `option`. Throws InputError where there is none, and PkiError. */
export async function cvcFolder(folder: string, option: string): ReturnType<typeof loadCvc> {
  if (!existsSync(folder))
    throw new InputError(
      option,
      `there is no folder ${folder}: make one with "kart cvc init DIR"; "kart pki init DIR" makes one in DIR/cvc`,
    )
  return loadCvc(folder)
}

/** The terminal's certificates and key; undefined where no folder is named. Throws InputError and PkiError. */
export async function terminalOf(options: TerminalOptions): Promise<TerminalCredentials | undefined> {
  if (options.cvc === undefined) return undefined
  const folder = await cvcFolder(options.cvc, '--cvc')
  const holder = terminalIn(folder, options.terminal)
  return { certificates: folder.certificates, certificate: holder.certificate, signer: signerOf(holder) }
}

/** Which protocols may open the card. */
export const accessPolicyOf = ({ allowBac }: TerminalOptions): AccessPolicy => (allowBac === true ? 'bac-without-pace' : 'pace-only')
