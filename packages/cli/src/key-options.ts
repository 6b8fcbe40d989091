import { InputError } from '@kart/codec'
import { FileKeyStore, type KeyDescription, type KeyStore, Pkcs11KeyStore, readKeyDescription } from '@kart/keys'
import type { Command } from 'commander'
import { readPin } from './read-pin.ts'

/** Options that name a token. */
export interface TokenOptions {
  /** Path of the PKCS#11 module. */
  readonly pkcs11?: string
  /** Label of the token. */
  readonly token?: string
  readonly pinFile?: string
}

/** Options that name where master keys are. */
export interface KeyOptions extends TokenOptions {
  /** Folder with the key description, and the keys themselves unless a token has them. */
  readonly keys?: string
}

/** Adds the options that name a token. */
export function addTokenOptions(command: Command): Command {
  return command
    .option('--pkcs11 <module>', 'the master keys are on a token: its PKCS#11 module, a shared library')
    .option('--token <label>', 'label of that token')
    .option('--pin-file <file>', 'the token’s PIN, in a file; else KART_PKCS11_PIN, else it is asked for')
}

/** The token that the options name, with its PIN; undefined when they name none. Throws InputError. */
export async function tokenOf(options: TokenOptions): Promise<{ module: string; token: string; pin: string } | undefined> {
  const { pkcs11, token, pinFile } = options
  if (pkcs11 === undefined && token === undefined && pinFile === undefined) return undefined
  if (pkcs11 === undefined || token === undefined)
    throw new InputError('--pkcs11', 'name the module and the token: --pkcs11 MODULE --token LABEL')
  return { module: pkcs11, token, pin: await readPin(token, pinFile) }
}

/** Master keys that are open for use. */
export interface OpenKeys {
  readonly description: KeyDescription
  readonly store: KeyStore
}

/** Opens the keys of a folder, or those that its description says are on the token. Throws InputError, KeyStoreError. */
export async function openKeys(folder: string, options: TokenOptions): Promise<OpenKeys> {
  const description = await readKeyDescription(folder)
  const token = await tokenOf(options)
  return {
    description,
    store: token === undefined ? await FileKeyStore.open(folder, description) : await Pkcs11KeyStore.open(token, description),
  }
}
