import { toHex } from '@kart/codec'
import { type CardMemory, createBlankCard, EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import type { CardProfile } from '@kart/layout/profile'
import { decodeImage, encodeImage } from '../../../emulator/src/memory/card-image.ts'
import type { CardState } from '../../../emulator/src/memory/card-state.ts'
import { hexOf } from './vector-rows.ts'

/** The memory of a card in a given state, made without any protocol: the vectors alone are to judge those. */
export function memoryIn(change: (state: CardState) => CardState, profile: CardProfile, keys = testTransportKeys): CardMemory {
  const memory = inMemory()
  createBlankCard({ memory, profile, transportKeys: keys, iccSerial: new Uint8Array(10) })
  const image = memory.load()
  if (image === undefined) throw new Error('no image')
  memory.store(encodeImage(change(decodeImage(image))))
  return memory
}

/** A card in a given state. */
export function cardIn(
  change: (state: CardState) => CardState,
  profile: CardProfile,
  keys = testTransportKeys,
  random?: (length: number) => Uint8Array,
): EmulatedCard {
  return new EmulatedCard({ memory: memoryIn(change, profile, keys), profile, ...(random ? { random } : {}) })
}

/** The card’s answer in hex. */
export const answer = (card: EmulatedCard, command: unknown): string => toHex(card.process(hexOf(command)))
