import * as nodeFs from 'node:fs'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toHex } from '@kart/codec'
import { createBlankCard, EmulatedCard, fileMemory, inMemory, type MemoryFileSystem, testTransportKeys } from '@kart/emulator'
import { execute } from '@kart/personalization'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readIssuedCard, unlike } from './testing/read-issued-card.ts'
import { chipSerial, executeOptions, specimenImage } from './testing/specimen.ts'

const image = specimenImage()

/** The program was killed: from here on no call reaches the disk. */
class Killed extends Error {}

interface MortalFileSystem extends MemoryFileSystem {
  /** Calls that would have changed the disk, so far. */
  readonly changes: () => number
  readonly whole: readonly string[]
}

/**
 * The real file system until the n-th call that changes it (from 1); that call does nothing, or for a write half of its work, and every later one fails too.
 * `whole` collects every image that was written from its first to its last byte.
 */
function mortal(n: number): MortalFileSystem {
  let changes = 0
  const whole: string[] = []
  const alive = () => {
    if (changes >= n) throw new Killed('killed')
  }
  const change = <T>(act: () => T, half?: () => void): T => {
    alive()
    if (++changes < n) return act()
    half?.()
    throw new Killed('killed')
  }
  return {
    changes: () => changes,
    whole,
    openSync(path, flags, mode) {
      if (flags !== 'r') return change(() => nodeFs.openSync(path, flags, mode))
      alive()
      return nodeFs.openSync(path, flags, mode)
    },
    writeSync(descriptor, bytes, offset) {
      if (offset === 0) whole.push(toHex(bytes))
      const half = offset + ((bytes.length - offset) >> 1)
      return change(
        () => nodeFs.writeSync(descriptor, bytes, offset),
        () => void nodeFs.writeSync(descriptor, bytes.subarray(offset, half), 0, half - offset),
      )
    },
    fsyncSync: (descriptor) => change(() => nodeFs.fsyncSync(descriptor)),
    // A dead process holds nothing open; only the test's own descriptors would leak.
    closeSync: (descriptor) => nodeFs.closeSync(descriptor),
    readFileSync(path) {
      alive()
      return nodeFs.readFileSync(path)
    },
    renameSync: (from, to) => change(() => nodeFs.renameSync(from, to)),
    unlinkSync: (path) => change(() => nodeFs.unlinkSync(path)),
    readdirSync(path) {
      alive()
      return nodeFs.readdirSync(path)
    },
    realpathSync(path) {
      alive()
      return nodeFs.realpathSync(path)
    },
    statSync(path) {
      alive()
      return nodeFs.statSync(path)
    },
  }
}

describe('a kill during issue with the card in a file', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kart-kill-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** The bytes of a blank card, once: every run starts from the same file. */
  const blankImage = (() => {
    const memory = inMemory()
    createBlankCard({ memory, transportKeys: testTransportKeys, iccSerial: chipSerial })
    return memory.load()!
  })()

  it('C15 B01 at every call that changes the disk: the old image or the new one, never a torn one, and the card can be issued', {
    timeout: 170_000,
  }, async () => {
    let kills = 0
    for (let n = 1; ; n++) {
      const path = join(folder, `card-${n}`)
      nodeFs.writeFileSync(path, blankImage, { mode: 0o600 })
      const fs = mortal(n)
      let finished = false
      try {
        const memory = fileMemory(path, { fs })
        finished = await execute(new EmulatedCard({ memory }).transport(), image, executeOptions).then(
          () => true,
          () => false,
        )
      } catch (error) {
        expect(error, `kill ${n}`).not.toBeInstanceOf(TypeError) // the card could not start at all: killed while it took the lock
      }
      if (finished && fs.changes() < n) break
      kills++

      // Whole images only, and none but the last two that were on their way.
      const held = toHex(readFileSync(path))
      const images = [toHex(blankImage), ...fs.whole.filter((bytes) => bytes.length >= 2 * blankImage.length)]
      expect(images.slice(-2), `kill ${n}`).toContain(held)

      // The next program finds the lock of a dead one.
      rmSync(`${path}.lock`, { force: true })
      const memory = fileMemory(path)
      const card = new EmulatedCard({ memory })
      try {
        // Every tenth kill goes on to the end; every other only has to start.
        if (n % 10 === 0 && !finished) {
          await execute(card.transport(), image, { ...executeOptions, allowUnfinished: true }).catch(async (error: Error) => {
            // Killed behind SET STATUS: secured already.
            expect(error.message).toContain('personalized already')
          })
          expect(unlike(await readIssuedCard(card.transport(), image)), `kill ${n}`).toEqual([])
        }
      } finally {
        memory.close()
      }
      expect(
        nodeFs.readdirSync(folder).filter((name) => name.startsWith(`.card-${n}.`)),
        `kill ${n}: leftovers`,
      ).toEqual([])
      rmSync(path)
    }
    expect(kills).toBeGreaterThan(80)
  })
})
