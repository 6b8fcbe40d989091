import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { run } from '../program.ts'
import { specimenFile } from '../specimen.ts'

// A personalization that breaks off where the test says: by a step's name before it began, the last three with the card pulled out after the secrets were kept. The rest is real.
let breakAt: 'open' | 'mf-files' | 'prove' | 'before SET STATUS' | 'at SET STATUS' | undefined
let atProof: (() => void) | undefined
let atStep: ((step: string) => void) | undefined
// What standard output really is, is the shell's matter; whether `standardOutputIsNull` tells it, the built command's tests say.
let nowhere = false
vi.mock('../standard-output.ts', async (original) => ({
  ...(await original<typeof import('../standard-output.ts')>()),
  standardOutputIsNull: () => nowhere,
}))
vi.mock('@kart/personalization', async (original) => {
  const real = await original<typeof import('@kart/personalization')>()
  return {
    ...real,
    execute: async (...args: Parameters<typeof real.execute>) => {
      const [transport, image, options] = args
      if (breakAt === 'before SET STATUS' || breakAt === 'at SET STATUS' || breakAt === 'prove') {
        let step = ''
        let late = false
        const pulled = {
          ...transport,
          async transceive(command: Uint8Array) {
            const last = step === 'secure' && command[1] === 0xf0
            const first = step === 'secure' && breakAt === 'before SET STATUS'
            if (late || first || (step === 'prove' && breakAt === 'prove')) throw new real.PersonalizationError(step, 'the link broke')
            late = last && breakAt === 'at SET STATUS'
            const response = await transport.transceive(command)
            if (late) throw new real.PersonalizationError(step, 'the link broke')
            return response
          },
        }
        return real.execute(pulled, image, {
          ...options,
          onProgress: (progress) => {
            step = progress.step
            options.onProgress?.(progress)
          },
        })
      }
      if (breakAt === undefined)
        return real.execute(transport, image, {
          ...options,
          onProgress: (progress) => {
            if (progress.step === 'prove-signature') atProof?.()
            atStep?.(progress.step)
            options.onProgress?.(progress)
          },
        })
      args[2].onProgress?.({ step: breakAt, done: 0, total: 1, bytes: 0, apdus: 0, ms: 0 })
      throw new real.PersonalizationError(breakAt, 'the link broke')
    },
  }
})

const folder = mkdtempSync(join(tmpdir(), 'kart-issue-'))
const at = (name: string): string => join(folder, name)
const card = at('new.card')

async function kart(...args: string[]): Promise<{ code: number; stderr: string; stdout: string }> {
  let stderr = ''
  let stdout = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    stdout += String(chunk)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    stderr += String(chunk)
    return true
  })
  return { code: await run(args), stderr, stdout }
}

beforeAll(async () => {
  await kart('pki', 'init', at('pki'))
  await kart('pki', 'init', at('us'), '--country', 'US', '--state', 'USA')
})
afterEach(() => {
  vi.restoreAllMocks()
  breakAt = undefined
  atStep = undefined
  rmSync(card, { force: true })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('kart issue', () => {
  it('writes the card access number over nothing that is there: not the card, not the signer’s key', async () => {
    const record = specimenFile('record.json')
    const key = readdirSync(at('pki')).find((name) => name.endsWith('-key.pem'))!
    const before = readFileSync(join(at('pki'), key))
    for (const taken of [card, join(at('pki'), key)]) {
      const made = await kart('issue', record, '--pki', at('pki'), '--card', card, '--can-file', taken)
      expect(made).toMatchObject({ code: 2, stderr: expect.stringContaining('--can-file') })
      expect(existsSync(card)).toBe(false)
    }
    expect(readFileSync(join(at('pki'), key))).toEqual(before)
  })

  it('writes the letter and the card access number into two files, however one is named', async () => {
    const record = specimenFile('record.json')
    const files = ['--can-file', at('told'), '--letter', `${folder}/./told`]
    const made = await kart('issue', record, '--pki', at('pki'), '--card', card, ...files)
    expect(made).toMatchObject({ code: 2, stderr: expect.stringContaining('--letter') })
    expect([existsSync(card), existsSync(at('told'))]).toEqual([false, false])
  })

  it('makes no card for a signer that may not sign it, or a record that no card has room for', async () => {
    const record = specimenFile('record.json')
    expect(await kart('issue', record, '--pki', at('us'), '--card', card)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the document signer'),
    })
    expect(existsSync(card)).toBe(false)
    const beside = (name: string): Buffer => readFileSync(join(dirname(record), name))
    // A comment makes the portrait larger than EF.DG2, and still a portrait.
    const portrait = beside('portrait.jpg')
    const comment = Buffer.alloc(60_000)
    comment.set([0xff, 0xfe, (comment.length - 2) >> 8, (comment.length - 2) & 0xff])
    writeFileSync(at('portrait.jpg'), Buffer.concat([portrait.subarray(0, 2), comment, portrait.subarray(2)]))
    for (const name of ['record.json', 'signature.jpg', 'finger-enrolled.fmr']) writeFileSync(at(name), beside(name))
    const { code, stderr } = await kart('issue', at('record.json'), '--pki', at('pki'), '--card', card)
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^kart: .*(EF\.DG2|portrait)/)])
    expect(existsSync(card)).toBe(false)
  })

  it('takes away the card that it made when nothing was written onto it', async () => {
    breakAt = 'open'
    expect(await kart('issue', specimenFile('record.json'), '--pki', at('pki'), '--card', card)).toMatchObject({ code: 3 })
    expect([existsSync(card), existsSync(`${card}.lock`)]).toEqual([false, false])
  })

  it('leaves a card that is half written, and says so', async () => {
    breakAt = 'mf-files'
    const { code, stderr } = await kart('issue', specimenFile('record.json'), '--pki', at('pki'), '--card', card)
    expect([code, existsSync(card), existsSync(`${card}.lock`)]).toEqual([3, true, false])
    expect(stderr).toContain(`${card} stays`)
    breakAt = undefined
    expect(await kart('issue', specimenFile('record.json'), '--pki', at('pki'), '--card', card, '--allow-unfinished')).toMatchObject({
      code: 0,
    })
  })

  it('never takes away a card that was there before', async () => {
    expect((await kart('issue', specimenFile('record.json'), '--pki', at('pki'), '--card', card)).code).toBe(0)
    const before = readFileSync(card)
    breakAt = 'open'
    expect((await kart('issue', specimenFile('record.json'), '--pki', at('pki'), '--card', card)).code).toBe(3)
    expect(readFileSync(card)).toEqual(before)
  })
})

describe('kart issue that is told to stop', () => {
  const record = specimenFile('record.json')
  const issue = (...more: string[]) => kart('issue', record, '--pki', at('pki'), '--card', card, ...more)
  const stopAt = (step: string, signal: 'SIGINT' | 'SIGTERM') => {
    atStep = (now) => {
      if (now !== step) return
      atStep = undefined
      process.emit(signal)
    }
  }

  it.each(['SIGINT', 'SIGTERM'] as const)('by %s ends between two commands, says what the card is, and leaves no lock', async (signal) => {
    stopAt('signed-files', signal)
    const stopped = await issue()
    expect(stopped).toMatchObject({ code: 130, stderr: expect.stringContaining(`kart: stopped by ${signal}`) })
    expect(stopped.stderr).toMatch(/may be half written.*--allow-unfinished/)
    expect(stopped.stderr + stopped.stdout).not.toMatch(/ {4}at |defect|card access number/)
    expect([existsSync(card), existsSync(`${card}.lock`)]).toEqual([true, false])
    stopAt('fingers', signal)
    const again = await issue('--allow-unfinished')
    expect(again).toMatchObject({ code: 130, stderr: expect.stringMatching(/not finished.*--allow-unfinished/) })
    expect(await issue('--allow-unfinished')).toMatchObject({ code: 0 })
  })

  it('before anything was written leaves nothing', async () => {
    stopAt('open', 'SIGINT')
    const stopped = await issue()
    expect(stopped).toMatchObject({ code: 130, stderr: expect.stringContaining('Nothing was written') })
    expect([existsSync(card), existsSync(`${card}.lock`)]).toEqual([false, false])
  })

  it('when its PINs are told already goes on to the end, and says so', async () => {
    stopAt('secure', 'SIGINT')
    const { code, stderr, stdout } = await issue()
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('too late to stop: the card is finished') })
    expect(stdout).toContain('ISSUED')
  })

  it('stops on a terminal as elsewhere', async () => {
    const was = process.stdout.isTTY
    process.stdout.isTTY = true
    try {
      stopAt('signed-files', 'SIGINT')
      const { code, stderr } = await issue()
      expect(code).toBe(130)
      expect(stderr).not.toMatch(/TypeError| {4}at /)
    } finally {
      process.stdout.isTTY = was
    }
  })
})

describe('kart issue whose standard output leads nowhere', () => {
  it('makes no card unless files are named for all that is told once', async () => {
    const issue = (...more: string[]) => kart('issue', specimenFile('record.json'), '--pki', at('pki'), '--card', card, ...more)
    nowhere = true
    try {
      for (const more of [[], ['--json'], ['--letter', at('letter')], ['--can-file', at('can')]])
        expect(await issue(...more)).toMatchObject({ code: 2 })
      expect((await issue()).stderr).toMatch(/leads nowhere.*--letter and --can-file/)
      expect(existsSync(card)).toBe(false)
      expect(await issue('--letter', at('letter'), '--can-file', at('can'))).toMatchObject({ code: 0 })
    } finally {
      nowhere = false
      for (const name of ['letter', 'can']) rmSync(at(name), { force: true })
    }
  })
})

describe('the memory of holders’ keys', () => {
  const seen = () => join(at('pki'), 'holder-keys.seen')
  const issue = () => kart('issue', specimenFile('record.json'), '--pki', at('pki'), '--card', card)

  it('lies in the PKI’s folder and grows with every card', async () => {
    rmSync(seen(), { force: true })
    expect((await issue()).code).toBe(0)
    const first = readFileSync(seen(), 'utf8')
    expect(first).toMatch(/^([0-9a-f]{64}\n){10}$/)
    rmSync(card)
    expect((await issue()).code).toBe(0)
    const second = readFileSync(seen(), 'utf8')
    expect(second.startsWith(first)).toBe(true)
    expect(second).toHaveLength(2 * first.length)
  })

  it('that cannot be used makes no card', async () => {
    writeFileSync(seen(), 'something else\n')
    expect(await issue()).toMatchObject({ code: 2, stderr: expect.stringContaining('holder-keys.seen') })
    expect(existsSync(card)).toBe(false)
    rmSync(seen())
  })
})

describe('what kart issue tells once', () => {
  const record = specimenFile('record.json')
  const issue = (...more: string[]) => kart('issue', record, '--pki', at('pki'), '--card', card, ...more)
  const files = ['--letter', at('letter'), '--can-file', at('can')]
  afterEach(() => {
    for (const name of ['letter', 'can']) rmSync(at(name), { force: true, recursive: true })
  })
  /** The PINs of a letter, by label. */
  const pinsIn = (text: string) =>
    Object.fromEntries([...text.matchAll(/(AuthPIN|SignPIN|SO-PIN) (\d+)/g)].map((found) => [found[1], found[2]]))
  /** Whether the card takes the AuthPIN, by changing it. */
  async function takes(pin: string): Promise<boolean> {
    writeFileSync(at('old'), pin, { mode: 0o600 })
    writeFileSync(at('new'), '850392', { mode: 0o600 })
    const changed = await kart('pin', 'change', 'AuthPIN', '--card', card, '--pin-file', at('old'), '--new-pin-file', at('new'))
    return changed.code === 0 || Promise.reject(new Error(changed.stderr))
  }

  it('is in its files when the last answer is lost, and they are the finished card’s', async () => {
    breakAt = 'at SET STATUS'
    const lost = await issue(...files)
    expect(lost).toMatchObject({ code: 3, stderr: expect.stringContaining(`Keep ${at('can')} and ${at('letter')}`) })
    const letter = readFileSync(at('letter'), 'utf8')
    const can = readFileSync(at('can'), 'utf8')
    breakAt = undefined
    const again = await issue(...files, '--allow-unfinished')
    expect(again).toMatchObject({ code: 3, stderr: expect.stringContaining('personalized already') })
    expect(again.stderr).toContain(`it is finished: deliver it with ${at('can')} and ${at('letter')}`)
    writeFileSync(at('can'), '# document X1\n123456\n')
    const other = await issue(...files, '--allow-unfinished')
    expect(other.stderr).toContain(`deliver it with ${at('letter')}, `)
    expect(other.stderr).toContain(`${at('can')} was written for another document`)
    writeFileSync(at('can'), '123456\n')
    expect((await issue(...files, '--allow-unfinished')).stderr).toContain('keep it')
    expect(await issue(...files)).toMatchObject({ code: 2, stderr: expect.stringMatching(/can exists already.*--allow-unfinished/) })
    expect(readFileSync(at('letter'), 'utf8')).toBe(letter)
    expect(lost.stderr).toContain(at('can'))
    expect(can).toMatch(/^# card access number, .*\n# document S12345678\n# chip [0-9a-f]{20}\n\d{6}\n$/)
    expect(await takes(pinsIn(letter).AuthPIN!)).toBe(true)
  })

  it('begins each file with document and chip, keeps the SO-PIN out of the holder’s part, and says where it went', async () => {
    const { code, stdout } = await issue(...files, '--so-pin-file', at('office'))
    expect(code).toBe(0)
    for (const name of ['letter', 'can', 'office']) expect(stdout).toContain(`written to ${at(name)}`)
    const [letter, office] = ['letter', 'office'].map((name) => readFileSync(at(name), 'utf8'))
    const head = '\\n# document S12345678\\n# chip [0-9a-f]{20}\\n'
    expect(letter).toMatch(new RegExp(`^# PINs.*${head}AuthPIN \\d{6}, PUK \\d{8}\\nSignPIN \\d{6}, PUK \\d{8}\\n$`))
    expect(office).toMatch(new RegExp(`^# SO-PIN.*${head}SO-PIN \\d{8}\\n$`))
    rmSync(card)
    for (const name of ['letter', 'can', 'office']) rmSync(at(name))
    const document = JSON.parse((await issue('--json', ...files)).stdout)
    expect(document.secretFiles).toEqual({ can: at('can'), letter: at('letter') })
    expect(readFileSync(at('letter'), 'utf8')).toMatch(/SignPIN.*\n\n# for the office only.*\nSO-PIN \d{8}\n$/)
  })

  it('is kept also when the last proof fails', async () => {
    breakAt = 'prove'
    expect((await issue(...files)).code).toBe(3)
    expect([existsSync(at('letter')), existsSync(at('can'))]).toEqual([true, true])
  })

  it('leaves no file when the card is certainly not finished, so that the same run can be made again', async () => {
    breakAt = 'before SET STATUS'
    expect(await issue(...files)).toMatchObject({ code: 3, stderr: expect.not.stringContaining('Keep') })
    expect([existsSync(at('letter')), existsSync(at('can'))]).toEqual([false, false])
    breakAt = undefined
    expect((await issue(...files, '--allow-unfinished')).code).toBe(0)
    expect(await takes(pinsIn(readFileSync(at('letter'), 'utf8')).AuthPIN!)).toBe(true)
  })

  it('takes a new file for a card that a file of another run does not belong to, and leaves that', async () => {
    breakAt = 'mf-files'
    await issue(...files)
    breakAt = undefined
    writeFileSync(at('letter'), 'of another card')
    const refused = await issue(...files, '--allow-unfinished')
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('name a new file') })
    expect(readFileSync(at('letter'), 'utf8')).toBe('of another card')
  })

  it('finishes no card when a file cannot be written', async () => {
    atProof = () => mkdirSync(at('letter'), { recursive: true })
    expect(await issue(...files)).toMatchObject({ code: 2, stderr: expect.stringContaining(`${card} stays`) })
    expect(existsSync(at('can'))).toBe(false)
    atProof = undefined
    rmSync(at('letter'), { recursive: true })
    expect((await issue(...files, '--allow-unfinished')).code).toBe(0)
  })

  it('is shown before the card is finished where no file is named, and void when it was not', async () => {
    breakAt = 'at SET STATUS'
    const lost = await issue()
    expect(lost.stderr).toContain('Keep what was told above')
    breakAt = undefined
    expect(await takes(pinsIn(lost.stdout).AuthPIN!)).toBe(true)
    rmSync(card)
    breakAt = 'before SET STATUS'
    expect((await issue()).stderr).toContain('void')
  })

  it('begins the JSON document, which an error ends', async () => {
    breakAt = 'at SET STATUS'
    const lost = await issue('--json')
    const document = JSON.parse(lost.stdout)
    expect(document).toMatchObject({ can: expect.stringMatching(/^\d{6}$/), error: { code: 'personalization' } })
    breakAt = undefined
    expect(await takes(document.pins.AuthPIN.pin)).toBe(true)
    rmSync(card)
    const whole = JSON.parse((await issue('--json')).stdout)
    expect(Object.keys(whole).slice(0, 3)).toEqual(['can', 'pins', 'card'])
    expect(whole).toMatchObject({ lifeCycle: 'SECURED', pins: { SignPIN: { puk: expect.any(String) } } })
    rmSync(card)
    expect(JSON.parse((await issue('--json', ...files)).stdout)).not.toHaveProperty('pins')
  })
})

describe('kart emulate', () => {
  it('leaves no blank card behind when there is no vpcd', async () => {
    const { code } = await kart('emulate', '--card', card, '--port', '1')
    expect([code, existsSync(card), existsSync(`${card}.lock`)]).toEqual([3, false, false])
  })
})
