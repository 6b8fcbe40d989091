import { randomBytes } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { parseAtr } from '@kart/apdu'
import { InputError } from '@kart/codec'
import {
  contactlessView,
  createBlankCard,
  EmulatedCard,
  encodeAts,
  type FaultPlan,
  type PluggableCard,
  type PluggedCard,
  type PluggedCardEvent,
  plugIntoKartReader,
  plugIntoVpcd,
  testTransportKeys,
} from '@kart/emulator'
import { cardFile } from './card-file.ts'

/** pcscd has room for so many readers. */
const mostReaders = 16

/** The virtual readers that cards are put into: vpcd's TCP ports from `port` on, or the sockets of Kart's own driver in a folder. */
export type ReaderDriver =
  | { readonly kind: 'vpcd'; readonly host: string; readonly port: number }
  | { readonly kind: 'kart'; readonly folder: string; readonly first: number }

/** A card file of its own for each reader: the name itself for one, `blank-00.card`, `blank-01.card`, ... for more. Throws InputError. */
export function cardFiles(file: string, readers: number): readonly string[] {
  if (!Number.isInteger(readers) || readers < 1 || readers > mostReaders)
    throw new InputError('--readers', `not a number from 1 to ${mostReaders}`)
  if (readers === 1) return [file]
  const extension = extname(file)
  const stem = join(dirname(file), basename(file, extension))
  return Array.from({ length: readers }, (_, i) => `${stem}-${String(i).padStart(2, '0')}${extension}`)
}

/** A card in a file, made blank where there is none. */
export interface FileCard {
  readonly file: string
  readonly blank: boolean
  readonly card: EmulatedCard
}

export function openFileCard(file: string): FileCard {
  const blank = !existsSync(file)
  const memory = cardFile(file)
  try {
    const card = blank
      ? createBlankCard({ memory, transportKeys: testTransportKeys, iccSerial: new Uint8Array(randomBytes(10)) })
      : new EmulatedCard({ memory })
    return { file, blank, card }
  } catch (error) {
    memory.close()
    throw error
  }
}

/** Lets cards go; blank ones that never reached a reader are of no use to anybody and go with their files. */
export function closeFileCards(cards: readonly FileCard[], pluggedIn: boolean): void {
  for (const { file, blank, card } of cards) {
    if (blank && !pluggedIn) rmSync(file, { force: true })
    card.close()
  }
}

export interface PlugSettings {
  readonly driver: ReaderDriver
  readonly contactless: boolean
  readonly fault: FaultPlan | undefined
  readonly signal: AbortSignal
  onEvent(index: number, event: PluggedCardEvent): void
}

/** The card as it is put in: through contacts, or as a field shows it (its ATS carrying the historical bytes of its ATR). */
function asPut(card: EmulatedCard, contactless: boolean): PluggableCard {
  if (!contactless) return card
  return contactlessView(card, { ats: encodeAts({ historicalBytes: parseAtr(card.atr).historicalBytes.bytes }) })
}

/** Time in which a reader that a card was put into asks for its ATR; pcscd does so several times a second. Milliseconds. */
const askedWithin = 5000

/** Calls `onSilence` unless `heard` or `stop` is called in time: vpcd lets a second program connect, and never asks its card anything. */
export function noticeSilence(onSilence: () => void): { heard(): void; stop(): void } {
  const timer = setTimeout(onSilence, askedWithin)
  timer.unref()
  const stop = (): void => clearTimeout(timer)
  return { heard: stop, stop }
}

/** Where the card of a number goes, for people. */
export function slotName(driver: ReaderDriver, index: number): string {
  if (driver.kind === 'vpcd') return `${driver.host}:${driver.port + index}`
  return join(driver.folder, `reader-${String(driver.first + index).padStart(2, '0')}.sock`)
}

/** Puts every card into its reader, or none of them. Throws VpcdError, VirtualReaderError. */
export async function plugAll(cards: readonly FileCard[], settings: PlugSettings): Promise<readonly PluggedCard[]> {
  const { driver, signal, fault } = settings
  const plugged: PluggedCard[] = []
  try {
    for (const [index, { card }] of cards.entries()) {
      const shared = {
        card: asPut(card, settings.contactless),
        signal,
        onEvent: (event: PluggedCardEvent) => settings.onEvent(index, event),
      }
      plugged.push(
        driver.kind === 'vpcd'
          ? await plugIntoVpcd({ ...shared, host: driver.host, port: driver.port + index })
          : await plugIntoKartReader({ ...shared, socket: slotName(driver, index), ...(fault ? { fault } : {}) }),
      )
    }
    return plugged
  } catch (error) {
    for (const card of plugged) await card.unplug()
    throw error
  }
}
