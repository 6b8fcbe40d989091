import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { PkiError } from '../pki/pki-error.ts'
import { claimOf, seenInFile } from './seen-keys-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'kart-seen-'))
const path = join(folder, 'seen')
const lock = `${path}.lock`
const key = (number: number): string => number.toString(16).padStart(64, '0')
afterEach(() => {
  for (const file of [path, lock]) rmSync(file, { force: true })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('seenInFile', () => {
  it('remembers once, also for another process', async () => {
    expect(await seenInFile(path).has(key(1))).toBe(false)
    expect(await seenInFile(path).remember(key(1))).toBe(true)
    expect(await seenInFile(path).remember(key(1))).toBe(false)
    expect(await seenInFile(path).has(key(1))).toBe(true)
    expect(readFileSync(path, 'utf8')).toBe(`${key(1)}\n`)
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(existsSync(lock)).toBe(false)
  })

  it('sees what another added meanwhile, and lets one alone be the first', async () => {
    const [one, two] = [seenInFile(path), seenInFile(path)]
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all([one.remember(key(round)), two.remember(key(round))])
      expect(answers.sort()).toEqual([false, true])
    }
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(21)
  })

  it('survives a power cut at any byte of a write: what was remembered before stays, the torn line never was', async () => {
    for (let cut = 0; cut <= 65; cut++) {
      rmSync(path, { force: true })
      await seenInFile(path).remember(key(1))
      await seenInFile(path).remember(key(2))
      truncateSync(path, 65 + cut)
      const after = seenInFile(path)
      expect(await after.has(key(1)), `${cut}`).toBe(true)
      expect(await after.remember(key(3)), `${cut}`).toBe(true)
      // All digits without the line's end: it may have been told to be new, so it is not new again.
      expect(await seenInFile(path).remember(key(2)), `${cut}`).toBe(cut < 64)
      expect(readFileSync(path, 'utf8')).toMatch(/^([0-9a-f]{64}\n){3}$/)
    }
  })

  it('reads anew a file that was put in its place or cut', async () => {
    const seen = seenInFile(path)
    await seen.remember(key(1))
    rmSync(path)
    writeFileSync(path, `${key(8)}\n${key(9)}\n`)
    expect(await seen.has(key(9))).toBe(true)
    truncateSync(path, 65)
    expect(await seen.remember(key(7))).toBe(true)
    expect(readFileSync(path, 'utf8')).toBe(`${key(8)}\n${key(7)}\n`)
  })

  it('refuses a file that is something else, and leaves it', async () => {
    for (const text of ['a letter to the holder\n', `${key(1)}\n\n`, `${key(1)}\r\n`, `${key(1)}\nX`, key(1).concat('0')]) {
      writeFileSync(path, text)
      await expect(seenInFile(path).remember(key(2)), text).rejects.toThrow(PkiError)
      expect(readFileSync(path, 'utf8')).toBe(text)
    }
    await expect(seenInFile(join(folder, 'nosuch', 'seen')).remember(key(1))).rejects.toThrow(/is missing/)
  })

  it('refuses a damaged file each time, not only at the first: a key behind the damage would count as new', async () => {
    for (const damage of ['?'.repeat(64), `${key(9)}\r`, '']) {
      writeFileSync(path, `${key(1)}\n${damage}\n${key(2)}\n`)
      const before = readFileSync(path, 'utf8')
      const seen = seenInFile(path)
      for (let time = 0; time < 2; time++) {
        await expect(seen.has(key(2))).rejects.toThrow(PkiError)
        await expect(seen.remember(key(2))).rejects.toThrow(PkiError)
      }
      expect(readFileSync(path, 'utf8')).toBe(before)
    }
  })

  it('waits for a program that holds the lock, and takes that of a dead one', async () => {
    writeFileSync(lock, '2147483646 left behind')
    expect(await seenInFile(path).remember(key(1))).toBe(true)
    writeFileSync(lock, `${process.ppid} at work`)
    let free = false
    const waiting = seenInFile(path).remember(key(2))
    setTimeout(() => {
      free = true
      appendFileSync(path, `${key(2)}\n`)
      rmSync(lock)
    }, 60)
    expect(await waiting).toBe(false)
    expect(free).toBe(true)
  })

  it('takes the lock of a dead program from nobody who took it in between', async () => {
    writeFileSync(lock, '2147483646 left behind')
    const kill = process.kill
    let free = false
    // Between the look at the dead program and the taking: another program takes the lock over, and works.
    const between = vi.spyOn(process, 'kill').mockImplementation((pid, signal) => {
      if (pid === 2147483646 && !existsSync(`${lock}.other`)) {
        writeFileSync(`${lock}.other`, '')
        rmSync(lock)
        writeFileSync(lock, `${process.ppid} at work`, { flag: 'wx' })
        setTimeout(() => {
          free = true
          appendFileSync(path, `${key(2)}\n`)
          rmSync(lock)
        }, 60)
      }
      return kill.call(process, pid, signal)
    })
    try {
      expect(await seenInFile(path).remember(key(2))).toBe(false)
      expect(free).toBe(true)
    } finally {
      between.mockRestore()
      rmSync(`${lock}.other`)
    }
  })

  it('takes over from a program that died while it took over, and leaves nothing behind', async () => {
    const dead = '2147483646 left behind'
    writeFileSync(lock, dead)
    // What programs leave that die with the right to take a lock away.
    writeFileSync(claimOf(lock, dead), '2147483645 died too')
    writeFileSync(claimOf(claimOf(lock, dead), '2147483645 died too'), '2147483644 and this one')
    expect(await seenInFile(path).remember(key(2))).toBe(true)
    expect(readdirSync(folder)).toEqual(['seen'])
  })
})
