import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { InputError } from '@kart/codec'
import { fileMemory } from '@kart/emulator'

/** Where a demonstration puts its files. */
export interface DemoFiles {
  readonly pki: string
  readonly card: string
  readonly probe: string
  readonly report: string
}

/** Marks a folder as a demonstration's own, so that the next one may clear it. */
const marker = 'kart-demo.txt'
const markerText =
  'Made by "kart demo". The next "kart demo" with this folder replaces the card, the test PKI, the live finger and the report in it.\n'

/** Ends with CardMemoryError when a program holds this card. */
function checkNotInUse(card: string): void {
  const memory = fileMemory(card)
  try {
    memory.load()
  } finally {
    memory.close()
  }
}

/**
 * Makes a demonstration's folder and clears what an earlier demonstration left in it; anything that was not left by one stays, and so does a card in use.
 * Throws InputError when files of the same names are there and no demonstration made them, CardMemoryError when its card is in use.
 */
export function prepareDemoFolder(folder: string): DemoFiles {
  const files = {
    pki: join(folder, 'pki'),
    card: join(folder, 'citizen.card'),
    probe: join(folder, 'live.fmr'),
    report: join(folder, 'report.html'),
  }
  const there = Object.values(files).find((path) => existsSync(path))
  if (there !== undefined && !existsSync(join(folder, marker)))
    throw new InputError('--out', `${there} is there already and was not made by a demo (there is no ${marker}): name another folder`)
  mkdirSync(folder, { recursive: true })
  if (existsSync(files.card)) checkNotInUse(files.card)
  for (const path of Object.values(files)) rmSync(path, { recursive: true, force: true })
  writeFileSync(join(folder, marker), markerText)
  return files
}
