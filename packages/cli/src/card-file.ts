import { existsSync } from 'node:fs'
import { type CardMemory, fileCounter, fileMemory } from '@kart/emulator'

/** Where the counter of an emulated card's memory stands, if it has one. */
export const counterFile = (card: string): string => `${card}.counter`

/** The memory of an emulated card in a file; with its counter where `counted`, or where one stands beside the card already. */
export function cardFile(path: string, counted = existsSync(counterFile(path))): CardMemory & { close(): void } {
  return fileMemory(path, counted ? { counter: fileCounter(counterFile(path)) } : {})
}
