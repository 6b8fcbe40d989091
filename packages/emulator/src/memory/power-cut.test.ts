import { createHash } from 'node:crypto'
import { toHex } from '@kart/codec'
import { nationalId } from '@kart/layout/profile'
import { describe, expect, it } from 'vitest'
import { createBlankCard, testTransportKeys } from '../blank-card.ts'
import { EmulatedCard } from '../emulated-card.ts'
import { CrashFileSystem, PowerCut } from '../testing/crash-file-system.ts'
import { bacKeys, emrtdAid, files, iccSerial, isdAid, Scp03Terminal, selectAid, sendHex } from '../testing/terminal.ts'
import type { CardMemory } from './card-memory.ts'
import { fileMemory } from './memory-file.ts'

const digest = (image: Uint8Array | undefined): string => (image ? createHash('sha256').update(image).digest('hex') : 'none')

/** Keeps what was written last and what was being written. */
function watched(memory: CardMemory): { memory: CardMemory; committed: Uint8Array | undefined; inFlight: Uint8Array | undefined } {
  const watch = {
    committed: undefined as Uint8Array | undefined,
    inFlight: undefined as Uint8Array | undefined,
    memory: {
      load: () => memory.load(),
      store: (image: Uint8Array) => {
        watch.inFlight = image
        memory.store(image)
        watch.committed = image
        watch.inFlight = undefined
      },
      close: () => memory.close?.(),
    },
  }
  return watch
}

/** From nothing to a secured card; stops where a command is not answered with 9000. */
function issue(memory: CardMemory): void {
  const card = createBlankCard({ memory, transportKeys: testTransportKeys, iccSerial })
  sendHex(card, selectAid(isdAid))
  const terminal = new Scp03Terminal(card)
  const steps = [
    () => terminal.open(),
    () => terminal.store(0x2f00, files.dir),
    () => terminal.install(emrtdAid),
    () => terminal.store(nationalId.dgis.bacKeys, bacKeys),
    () => terminal.store(nationalId.dgis.generateAaKey, Uint8Array.of(1), '89'),
    () => terminal.store(0x0101, files.dg1),
    () => terminal.store(0x0101, files.dg15),
    () => terminal.putKey({ ...testTransportKeys, version: 0x01 }).slice(-4),
    () => terminal.putKey({ ...testTransportKeys, version: 0x02 }).slice(-4),
    () => terminal.status('80e40000', Uint8Array.of(0xd2, 1, 1)),
    () => terminal.status('80f0800f'),
  ]
  for (const step of steps) if (step() !== '9000') break
  card.close()
}

describe('C15 C18 a power cut at every file-system call of an issuance', () => {
  const whole = new CrashFileSystem()
  issue(fileMemory('disk/card', { fs: whole }))
  const calls = Array.from({ length: whole.calls }, (_, i) => i + 1)

  it('has many calls to cut at, and ends with the card and nothing else on the disk', () => {
    expect(calls.length).toBeGreaterThan(70)
    expect([...whole.survivors().at(-1)!.keys()]).toEqual(['card'])
  })

  it.each(calls)('C15 C18 call %i leaves the old card or the new one, whole', (cutAt) => {
    const disk = new CrashFileSystem(new Map(), cutAt)
    const watch = watched(fileMemory('disk/card', { fs: disk }))
    try {
      issue(watch.memory)
    } catch (error) {
      // Only making the card may throw: from then on the card answers with status words.
      expect((error as Error).cause).toBeInstanceOf(PowerCut)
    }
    const allowed = [watch.committed, watch.inFlight].map(digest)
    for (const survivor of disk.survivors()) {
      // The program that held the lock died with the power.
      const found = new Map([...survivor].filter(([name]) => name !== 'card.lock'))
      const image = found.get('card')
      expect(allowed).toContain(digest(image))
      const fs = new CrashFileSystem(found)
      const memory = fileMemory('disk/card', { fs })
      if (image === undefined) createBlankCard({ memory, transportKeys: testTransportKeys, iccSerial }).close()
      else new EmulatedCard({ memory }).close()
      // Whatever lay half written beside it is cleaned away.
      expect(fs.readdirSync()).toEqual(['card'])
    }
  })

  it('C15 answers 6581 to a write that fails, ends the session, and goes on from the old card', () => {
    const disk = new CrashFileSystem()
    let fails = false
    const memory = fileMemory('disk/card', {
      fs: Object.assign(Object.create(disk) as CrashFileSystem, {
        openSync: (path: string, flags: string) => disk.openSync(path, flags),
        fsyncSync: (descriptor: number) => disk.fsyncSync(descriptor),
        closeSync: (descriptor: number) => disk.closeSync(descriptor),
        readFileSync: (path: string) => disk.readFileSync(path),
        renameSync: (from: string, to: string) => disk.renameSync(from, to),
        unlinkSync: (path: string) => disk.unlinkSync(path),
        readdirSync: () => disk.readdirSync(),
        realpathSync: (path: string) => disk.realpathSync(path),
        statSync: (path: string) => disk.statSync(path),
        writeSync: (descriptor: number, bytes: Uint8Array, offset: number) => {
          if (fails) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
          return disk.writeSync(descriptor, bytes, offset)
        },
      }),
    })
    const card = createBlankCard({ memory, transportKeys: testTransportKeys, iccSerial })
    sendHex(card, selectAid(isdAid))
    const terminal = new Scp03Terminal(card)
    expect(terminal.open()).toBe('9000')
    const before = toHex(disk.readFileSync('disk/card'))
    fails = true
    expect(terminal.store(0x2f00, files.dir)).toBe('6581')
    expect(toHex(disk.readFileSync('disk/card'))).toBe(before)
    expect(disk.readdirSync().sort()).toEqual(['card', 'card.lock'])
    expect(terminal.store(0x2f00, files.dir)).toBe('6982')
    fails = false
    sendHex(card, selectAid(isdAid))
    const again = new Scp03Terminal(card)
    expect(again.open()).toBe('9000')
    expect(again.store(0x2f00, files.dir)).toBe('9000')
  })
})
